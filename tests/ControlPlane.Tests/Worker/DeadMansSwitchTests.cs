using ControlPlane.Worker;
using Microsoft.Extensions.Time.Testing;

namespace ControlPlane.Host.Tests.Worker;

/// <summary>What a worker does when its server is gone for good. On a clock of our own: no test waits for a timeout.</summary>
public sealed class DeadMansSwitchTests : IDisposable
{
    private static readonly TimeSpan _orphanTimeout = TimeSpan.FromMinutes(10);
    private readonly FakeTimeProvider _time = new();
    private readonly ScriptedServer _server = new();
    private readonly ConsoleDouble _console = new();
    private readonly string _state = Directory.CreateTempSubdirectory("controlplane-orphan-").FullName;
    private readonly HttpClient _http;
    private readonly WorkerAgent _agent;

    public DeadMansSwitchTests()
    {
        _http = new HttpClient(_server) { Timeout = Timeout.InfiniteTimeSpan };
        _agent = new WorkerAgent(_http, _time, _console);
    }

    public void Dispose()
    {
        _agent.Dispose();
        _http.Dispose();
        _console.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    [Fact]
    public async Task AnIdleWorker_EndsAfterTheTimeoutAndNotBefore()
    {
        var running = RunAsync();
        await AdvanceUntilAsync(() => _server.Calls("workers.status_report").Count > 0);
        _server.Gone = true;
        var gone = _time.GetUtcNow();

        await AdvanceUntilAsync(() => running.IsCompleted);

        Assert.Equal(WorkerAgent.OrphanedExitCode, await running);
        Assert.InRange(_time.GetUtcNow() - gone, _orphanTimeout - TimeSpan.FromSeconds(10), _orphanTimeout + TimeSpan.FromSeconds(30));
        Assert.Contains("ends itself", _console.ToString());
    }

    [Fact]
    public async Task AWorkerThatNeverReachedItsServer_EndsToo()
    {
        _server.Gone = true;
        var running = RunAsync();

        await AdvanceUntilAsync(() => running.IsCompleted);

        Assert.Equal(WorkerAgent.OrphanedExitCode, await running);
    }

    [Fact]
    public async Task AServerThatAnswersNowAndThen_KeepsTheWorkerAlive()
    {
        var running = RunAsync();
        await AdvanceUntilAsync(() => _server.Calls("workers.status_report").Count > 0);
        for (var i = 0; i < 3; i++)
        {
            _server.Gone = true;
            var gone = _time.GetUtcNow();
            await AdvanceUntilAsync(() => _time.GetUtcNow() - gone > _orphanTimeout * 0.8);
            _server.Gone = false;
            var reports = _server.Calls("workers.status_report").Count;
            await AdvanceUntilAsync(() => _server.Calls("workers.status_report").Count > reports);
        }

        Assert.False(running.IsCompleted);
        _agent.RequestStop();
        await AdvanceUntilAsync(() => running.IsCompleted);
        Assert.Equal(0, await running);
    }

    [Fact]
    public async Task AWorkerWithATask_FinishesItAndTriesToReportForTwiceTheTimeout()
    {
        var gate = Path.Combine(_state, "gate");
        _server.Enqueue("t1", new { shell = $"while ! [ -e {gate} ]; do sleep 0.02; done", attempt = 1, maxAttempts = 1 });
        var running = RunAsync();
        await AdvanceUntilAsync(() => _server.Calls("tasks.ping").Count > 0);
        _server.Gone = true;
        var gone = _time.GetUtcNow();
        await AdvanceUntilAsync(() => _time.GetUtcNow() - gone > _orphanTimeout * 3);
        Assert.False(running.IsCompleted);

        await File.WriteAllTextAsync(gate, "");
        await AdvanceUntilAsync(() => _console.ToString().Contains("exit code 0", StringComparison.Ordinal), TimeSpan.FromMilliseconds(50));
        var ended = _time.GetUtcNow();
        await AdvanceUntilAsync(() => running.IsCompleted);

        Assert.Equal(WorkerAgent.OrphanedExitCode, await running);
        Assert.InRange(_time.GetUtcNow() - ended, 1.9 * _orphanTimeout, 2.2 * _orphanTimeout);
        Assert.Contains("result not accepted", _console.ToString());
    }

    private Task<int> RunAsync() => _agent.RunAsync(
        new WorkerOptions { Server = new Uri("http://server.test/"), Queue = "training", State = _state, OrphanTimeout = _orphanTimeout }, CancellationToken.None);

    /// <summary>Lets virtual time pass, with a breath of real time after each step for what it set going.</summary>
    private async Task AdvanceUntilAsync(Func<bool> reached, TimeSpan? step = null)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var breath = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (!reached())
        {
            if (deadline.IsCancellationRequested)
                throw new TimeoutException($"Not reached. The worker's console:\n{_console}");
            _time.Advance(step ?? TimeSpan.FromSeconds(3));
            await breath.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}
