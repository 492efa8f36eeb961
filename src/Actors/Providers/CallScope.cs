using System.Diagnostics.Metrics;

namespace ControlPlane.Actors.Providers;

/// <summary>Calls of one entity to the outside world: each with a time limit and a metric, and all cancelled when the entity stops.</summary>
internal sealed class CallScope(string kind, string name, TimeSpan timeout, TimeProvider time) : IDisposable
{
    private static readonly Meter Meter = new("ControlPlane");
    private static readonly Histogram<double> Seconds = Meter.CreateHistogram<double>("controlplane.call", "s", "Calls to compute platforms and sources, by target, call and result");

    private readonly CancellationTokenSource _stopping = new();

    /// <exception cref="TimeoutException">There was no answer in time: the result is not known.</exception>
    public async Task<T> RunAsync<T>(string call, Func<CancellationToken, Task<T>> body)
    {
        // An SDK may work for a while before it first awaits; the entity must not.
        await Task.Yield();
        var started = time.GetTimestamp();
        var result = "failed";
        try
        {
            using var limit = new CancellationTokenSource(timeout, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stopping.Token);
            var answer = await body(both.Token).WaitAsync(both.Token).ConfigureAwait(false);
            result = "answered";
            return answer;
        }
        catch (OperationCanceledException)
        {
            result = "timed out";
            throw new TimeoutException($"The {kind} {name} did not answer a {call} within {timeout.TotalSeconds:0.#} s.");
        }
        finally
        {
            Seconds.Record(time.GetElapsedTime(started).TotalSeconds, new(kind, name), new("call", call), new("result", result));
        }
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }
}
