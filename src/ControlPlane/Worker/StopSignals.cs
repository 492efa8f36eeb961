namespace ControlPlane.Worker;

/// <summary>The two ways to stop a worker: take no more tasks, and end the running ones too.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _drain = new();
    private readonly CancellationTokenSource _end = new();

    /// <summary>No new task; running ones go on to their end.</summary>
    public CancellationToken Draining => _drain.Token;

    /// <summary>Running tasks end now. Implies <see cref="Draining"/>.</summary>
    public CancellationToken Ending => _end.Token;

    public void Drain() => _drain.Cancel();

    public void EndNow()
    {
        _drain.Cancel();
        _end.Cancel();
    }

    public void Dispose()
    {
        _drain.Dispose();
        _end.Dispose();
    }
}
