using System.Diagnostics;

namespace ControlPlane.ClusterTests;

/// <summary>Asks some nodes for one queue after another while something happens to another node: no request may fail, and none may take long.</summary>
internal sealed class Watch : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly CancellationTokenSource _end = new();
    private readonly Task[] _askers;
    private readonly Lock _lock = new();
    private readonly List<string> _failed = [];
    private TimeSpan _slowest;
    private int _asked;

    public Watch(IEnumerable<Uri> nodes) => _askers = [.. nodes.Select((n, i) => AskAsync(n, i, _end.Token))];

    /// <returns>How many requests there were, and the slowest.</returns>
    public async Task<string> EndAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_askers);
        Assert.True(_failed.Count == 0, $"{_failed.Count} of {_asked} requests failed: {string.Join("; ", _failed.Take(5))}");
        return $"{_asked} requests to the others, none failed, the slowest took {_slowest.TotalSeconds:0.00} s";
    }

    public void Dispose()
    {
        _http.Dispose();
        _end.Dispose();
    }

    private async Task AskAsync(Uri node, int first, CancellationToken cancel)
    {
        for (var i = first; !cancel.IsCancellationRequested; i += 7)
        {
            var watch = Stopwatch.StartNew();
            string? fault = null;
            try
            {
                using var answer = await _http.GetAsync(new Uri(node, $"api/v1/queues/{Document.Queues[i % Document.Queues.Count]}"), CancellationToken.None);
                fault = answer.IsSuccessStatusCode ? null : $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(CancellationToken.None)}";
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                fault = e.Message;
            }

            lock (_lock)
            {
                _asked++;
                _slowest = watch.Elapsed > _slowest ? watch.Elapsed : _slowest;
                if (fault is not null)
                    _failed.Add(fault);
            }

            await Task.Delay(100, CancellationToken.None);
        }
    }
}
