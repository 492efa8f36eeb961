using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace ControlPlane.ClusterTests;

/// <summary>Calls whichever node answers: what does not answer within some seconds, or is not ready, is passed over for the next.</summary>
internal sealed class Caller(IReadOnlyList<Uri> nodes, int first) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2), PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5) })
    {
        Timeout = TimeSpan.FromSeconds(6),
    };

    private volatile int _at = first;

    /// <summary>Calls that no node has answered.</summary>
    public int Failures => _failures;

    private int _failures;

    /// <returns>The answer of the first node that has one; null if none has.</returns>
    public async Task<JsonObject?> TryAsync(string path, object body, CancellationToken cancel)
    {
        for (var tries = 0; tries < nodes.Count; tries++)
        {
            try
            {
                using var answer = await _http.PostAsJsonAsync(new Uri(nodes[_at % nodes.Count], path), body, cancel);
                if ((int)answer.StatusCode < 500)
                    return await answer.Content.ReadFromJsonAsync<JsonObject>(cancel);
            }
            catch (Exception fault) when (fault is HttpRequestException or System.Text.Json.JsonException || (fault is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                Interlocked.Increment(ref _failures);
            }

            Interlocked.Increment(ref _at);
        }

        return null;
    }

    /// <summary>Repeats the call until a node answers.</summary>
    public async Task<JsonObject> InsistAsync(string path, object body, CancellationToken cancel)
    {
        while (true)
        {
            if (await TryAsync(path, body, cancel) is { } answer)
                return answer;
            await Task.Delay(250, cancel);
        }
    }

    public void Dispose() => _http.Dispose();
}
