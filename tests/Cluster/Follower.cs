using System.Collections.Concurrent;
using System.Globalization;

namespace ControlPlane.ClusterTests;

/// <summary>
/// Listens to the stream of events. When it breaks, or is silent for longer than its heartbeat allows, goes on at the next of its nodes behind the last event that it has received.
/// </summary>
internal sealed class Follower : IAsyncDisposable
{
    /// <summary>A stream without events says every 15 seconds that it is alive.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(25);

    private readonly HttpClient _http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2) }) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly CancellationTokenSource _end = new();
    private readonly IReadOnlyList<Uri> _nodes;
    private readonly string _query;
    private readonly Task _work;
    private long _last;

    /// <param name="nodes">Tried in turn.</param>
    /// <param name="query">What to listen to, such as <c>kinds=decision</c>.</param>
    /// <param name="after">The event behind which to begin.</param>
    public Follower(IReadOnlyList<Uri> nodes, string query, long after)
    {
        (_nodes, _query, _last) = (nodes, query, after);
        _work = FollowAsync(_end.Token);
    }

    /// <summary>The events in the order in which they came: their ids and their data.</summary>
    public ConcurrentQueue<(long Id, string Data)> Events { get; } = new();

    /// <summary>How often a stream has ended, whyever.</summary>
    public int Breaks { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _work;
        _http.Dispose();
        _end.Dispose();
    }

    private async Task FollowAsync(CancellationToken cancel)
    {
        await Task.Yield();
        for (var at = 0; !cancel.IsCancellationRequested; at++)
        {
            try
            {
                await ListenAsync(_nodes[at % _nodes.Count], cancel);
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException)
            {
                // The node is gone, or stands still.
            }

            if (cancel.IsCancellationRequested)
                return;
            Breaks++;
            await Task.Delay(200, CancellationToken.None);
        }
    }

    private async Task ListenAsync(Uri node, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Silence);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(node, $"api/v1/events?{_query}"));
        request.Headers.Add("Last-Event-ID", _last.ToString(CultureInfo.InvariantCulture));
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
        answer.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(patience.Token));
        var id = 0L;
        while (await reader.ReadLineAsync(patience.Token) is { } line)
        {
            patience.CancelAfter(Silence);
            if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                id = long.Parse(line[4..], CultureInfo.InvariantCulture);
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                Events.Enqueue((id, line[6..]));
                _last = id;
            }
        }
    }
}
