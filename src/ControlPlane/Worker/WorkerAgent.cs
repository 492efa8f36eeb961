using ControlPlane.Providers.Local;

namespace ControlPlane.Worker;

/// <summary>
/// The agent of one machine: a worker for each slot, all of which end together. Loses no result while its server is away, and ends itself when nobody
/// has been there for too long, so that a machine never outlives its control plane.
/// </summary>
/// <param name="http">Without a timeout of its own: each request has one by <paramref name="time"/>.</param>
/// <param name="time">The clock of every pause and timeout.</param>
/// <param name="output">Where the console goes.</param>
/// <param name="claim">The instance that this process is; null if it was started by hand.</param>
public sealed class WorkerAgent(HttpClient http, TimeProvider time, TextWriter output, InstanceClaim? claim = null) : IDisposable
{
    /// <summary>The exit code of a worker that found its server gone for too long.</summary>
    public const int OrphanedExitCode = 3;

    private readonly StopSignals _signals = new();
    private int _stops;

    /// <summary>
    /// What a SIGTERM does. The first: take no more tasks, end after the running ones. The second, or the first one if the instance's end was asked for:
    /// end the tasks too, now.
    /// </summary>
    public void RequestStop()
    {
        if (Interlocked.Increment(ref _stops) > 1 || claim is { TerminationRequested: true })
            _signals.EndNow();
        else
            _signals.Drain();
    }

    /// <summary>Works until it is stopped or orphaned. Cancelling ends the tasks too.</summary>
    /// <returns>0, or <see cref="OrphanedExitCode"/>.</returns>
    public async Task<int> RunAsync(WorkerOptions options, CancellationToken cancel)
    {
        await using var cancellation = cancel.Register(_signals.EndNow);
        var console = new WorkerConsole(output, time, claim, options.ConsoleBytes);
        var pacing = new Pacing(time, options);
        console.Say($"worker process {Environment.ProcessId} for queue {options.Queue} at {options.Server}");
        if (options.BootDelay > TimeSpan.Zero)
        {
            console.Say($"booting for {options.BootDelay.TotalSeconds:0.#} s");
            await pacing.WaitExactlyAsync(options.BootDelay, _signals.Draining);
        }

        var workRoot = options.State is { } state ? Directory.CreateDirectory(Path.Combine(state, "work")) : Directory.CreateTempSubdirectory("controlplane-worker-");
        var server = new ServerClient(http, options, time, pacing, console);
        var slots = Enumerable.Range(0, options.Slots)
            .Select(i => new WorkerSlot(server, options, time, pacing, console, _signals, i, workRoot.FullName))
            .ToList();
        using var over = new CancellationTokenSource();
        var watch = WatchServerAsync(server, slots, options, pacing, console, over.Token);
        var announcement = AnnounceAsync(slots, over.Token);
        await Task.WhenAll(slots.Select(s => s.RunAsync()));
        await over.CancelAsync();
        await announcement;
        var orphaned = await watch;
        workRoot.Delete(recursive: true);
        console.Say(orphaned ? "exit: orphaned" : "exit");
        return orphaned ? OrphanedExitCode : 0;
    }

    public void Dispose() => _signals.Dispose();

    private async Task AnnounceAsync(List<WorkerSlot> slots, CancellationToken over)
    {
        var all = Task.WhenAll(slots.Select(s => s.Registered));
        try
        {
            await all.WaitAsync(over);
            claim?.MarkRunning();
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // It ended before it could register.
        }
    }

    /// <summary>The dead man's switch. True if it was this that ended the worker.</summary>
    private async Task<bool> WatchServerAsync(
        ServerClient server, List<WorkerSlot> slots, WorkerOptions options, Pacing pacing, WorkerConsole console, CancellationToken over)
    {
        var pace = options.OrphanTimeout / 10 < TimeSpan.FromSeconds(1) ? options.OrphanTimeout / 10 : TimeSpan.FromSeconds(1);
        while (!over.IsCancellationRequested)
        {
            await pacing.WaitAsync(pace, over);
            if (server.Silence < options.OrphanTimeout || slots.Any(s => s.Busy) || over.IsCancellationRequested)
                continue;
            console.Say($"the server has not answered for {server.Silence.TotalSeconds:0} s, and no task runs: this worker ends itself");
            _signals.Drain();
            return true;
        }

        return false;
    }
}
