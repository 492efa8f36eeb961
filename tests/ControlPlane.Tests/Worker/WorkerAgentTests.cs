using ControlPlane.Providers.Local;
using ControlPlane.Worker;

namespace ControlPlane.Host.Tests.Worker;

/// <summary>The agent in this process, with real tasks, against a scripted server.</summary>
public sealed class WorkerAgentTests : IDisposable
{
    private const string Name = "cp:small:process:01KTEST0000000000000000001";
    private readonly ScriptedServer _server = new();
    private readonly ConsoleDouble _console = new();
    private readonly string _state = Directory.CreateTempSubdirectory("controlplane-agent-").FullName;
    private readonly HttpClient _http;
    private readonly WorkerAgent _agent;

    public WorkerAgentTests()
    {
        _http = new HttpClient(_server) { Timeout = Timeout.InfiniteTimeSpan };
        _agent = new WorkerAgent(_http, TimeProvider.System, _console);
    }

    public void Dispose()
    {
        _agent.Dispose();
        _http.Dispose();
        _console.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    [Fact]
    public async Task ATask_RunsWithItsEnvironment_AndItsLogAndResultArriveOnce()
    {
        _server.Enqueue("t1", new
        {
            command = new[] { "/bin/sh", "-c", "for i in 1 2 3; do echo line $i; done; echo $COLOUR $CONTROLPLANE_TASK $CONTROLPLANE_ATTEMPT $CONTROLPLANE_INSTANCE; pwd" },
            environment = new { COLOUR = "red" },
            attempt = 2,
            maxAttempts = 3,
        });

        var running = RunAsync();
        await _server.SeeAsync(() => _server.Calls("tasks.completed").Count == 1, "the result");
        Assert.Equal(0, await StopAsync(running));

        var log = _server.Log("t1");
        Assert.Equal([1, 2, 3, 4, 5], log.Select(l => l.Sequence));
        Assert.Equal(
            ["line 1", "line 2", "line 3", "red t1 2 01KTEST0000000000000000001", Path.Combine(_state, "work", "t1-2")], log.Select(l => l.Message));
        var result = Assert.Single(_server.Calls("tasks.completed"));
        Assert.Equal((Name, 2, 0), (result.GetProperty("worker").GetString(), result.GetProperty("attempt").GetInt32(), result.GetProperty("exit_code").GetInt32()));
        Assert.Equal("q-1", _server.Calls("workers.register")[0].GetProperty("queues")[0].GetString());
        Assert.Equal(2, Assert.Single(_server.Calls("tasks.started")).GetProperty("attempt").GetInt32());
        Assert.Equal(Name, Assert.Single(_server.Calls("workers.unregister")).GetProperty("worker").GetString());
        Assert.Empty(_server.Calls("tasks.failed"));
        Assert.False(Directory.Exists(Path.Combine(_state, "work")));
    }

    [Fact]
    public async Task ATaskThatFails_IsReportedWithItsExitCode()
    {
        _server.Enqueue("t1", new { shell = "echo out; echo err >&2; exit 7", attempt = 1, maxAttempts = 1 });

        var running = RunAsync();
        await _server.SeeAsync(() => _server.Calls("tasks.failed").Count == 1, "the result");
        await StopAsync(running);

        Assert.Equal(7, Assert.Single(_server.Calls("tasks.failed")).GetProperty("exit_code").GetInt32());
        Assert.Equal(["err", "out"], _server.Log("t1").Select(l => l.Message).Order());
    }

    [Theory]
    [InlineData("""{"command":["/no/such/program"],"attempt":1,"maxAttempts":1}""", "/no/such/program")]
    [InlineData("""{"attempt":1,"maxAttempts":1}""", "'command' or 'shell'")]
    public async Task ATaskThatCannotRun_FailsAndSaysWhy(string spec, string expected)
    {
        _server.Enqueue("t1", System.Text.Json.JsonDocument.Parse(spec).RootElement);

        var running = RunAsync();
        await _server.SeeAsync(() => _server.Calls("tasks.failed").Count == 1, "the result");
        await StopAsync(running);

        Assert.Contains(_server.Log("t1"), l => l.Message.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public async Task ACancelledTask_IsKilledEvenIfItResists_AndNothingIsReported()
    {
        _server.Enqueue("t1", new { shell = "trap '' TERM; setsid sleep 1000 & echo ready; while :; do sleep 0.1; done", attempt = 1, maxAttempts = 1 });
        _server.Override = (call, _) => call == "tasks.ping" && _server.Log("t1").Count > 0 ? ScriptedServer.Ok("""{"cancelled":true}""") : null;

        var running = RunAsync();
        await _server.SeeAsync(() => _server.Log("t1").Any(l => l.Message.Contains("cancelled", StringComparison.Ordinal)), "the note in the log");
        await StopAsync(running);

        Assert.Empty(_server.Calls("tasks.failed"));
        Assert.Empty(_server.Calls("tasks.completed"));
        Assert.Empty(Processes("t1"));
    }

    [Fact]
    public async Task ATaskThatIsNotOursAnyMore_IsEnded_AndNothingIsReported()
    {
        _server.Enqueue("t1", new { shell = "sleep 1000", attempt = 1, maxAttempts = 2 });
        _server.Override = (call, _) => call == "tasks.ping" ? ScriptedServer.Refuse(110) : null;

        var running = RunAsync();
        await _server.SeeAsync(() => Console().Contains("no longer counts", StringComparison.Ordinal), "the console's word");
        await StopAsync(running);

        Assert.Empty(_server.Calls("tasks.failed"));
        Assert.Empty(Processes("t1"));
    }

    [Fact]
    public async Task ATaskThatLeavesAChildBehind_IsDoneAndTheChildIsEnded()
    {
        _server.Enqueue("t1", new { shell = "setsid sleep 1000 & echo done", attempt = 1, maxAttempts = 1 });

        var running = RunAsync();
        await _server.SeeAsync(() => _server.Calls("tasks.completed").Count == 1, "the result");

        Assert.Empty(Processes("t1"));
        await StopAsync(running);
    }

    [Fact]
    public async Task AStop_LetsTheRunningTaskFinish_AndTakesNoOther()
    {
        var gate = Path.Combine(_state, "gate");
        _server.Enqueue("t1", new { shell = $"echo ready; while ! [ -e {gate} ]; do sleep 0.02; done", attempt = 1, maxAttempts = 1 });
        _server.Enqueue("t2", new { shell = "true", attempt = 1, maxAttempts = 1 });

        var running = RunAsync();
        await _server.SeeAsync(() => _server.Log("t1").Count == 1, "the task's word");
        _agent.RequestStop();
        await File.WriteAllTextAsync(gate, "");

        Assert.Equal(0, await running);
        Assert.Equal("t1", Assert.Single(_server.Calls("tasks.completed")).GetProperty("task").GetString());
        Assert.Single(_server.Calls("queues.get_next_task"));
        Assert.Single(_server.Calls("workers.unregister"));
    }

    [Fact]
    public async Task ASecondStop_EndsTheTaskWithoutAResult()
    {
        _server.Enqueue("t1", new { shell = "trap '' TERM; echo ready; while :; do sleep 0.1; done", attempt = 1, maxAttempts = 2 });

        var running = RunAsync();
        await _server.SeeAsync(() => _server.Log("t1").Count == 1, "the task's word");
        _agent.RequestStop();
        _agent.RequestStop();

        Assert.Equal(0, await running);
        Assert.Empty(_server.Calls("tasks.completed"));
        Assert.Empty(_server.Calls("tasks.failed"));
        Assert.Single(_server.Calls("workers.unregister"));
        Assert.Empty(Processes("t1"));
    }

    [Fact]
    public async Task ADrainedWorker_TakesNoTaskButGoesOnReporting()
    {
        _server.Draining = true;
        // The first question may come before the first report was answered.
        _server.Override = (call, _) => call == "queues.get_next_task" && _server.Calls("workers.status_report").Count == 0 ? ScriptedServer.Ok("{}") : null;
        var running = RunAsync();
        await _server.SeeAsync(() => Console().Contains("takes no more tasks", StringComparison.Ordinal), "the drain");
        await _server.SeeAsync(() => _server.Calls("workers.status_report").Count > 3, "reports");
        _server.Enqueue("t1", new { shell = "true", attempt = 1, maxAttempts = 1 });
        var reports = _server.Calls("workers.status_report").Count;
        await _server.SeeAsync(() => _server.Calls("workers.status_report").Count > reports + 3, "reports of an idle worker");
        Assert.Empty(_server.Calls("tasks.started"));
        Assert.False(running.IsCompleted);

        _server.Draining = false;
        await _server.SeeAsync(() => _server.Calls("tasks.completed").Count == 1, "the task, once it may work again");
        await StopAsync(running);
    }

    [Fact]
    public async Task LogLines_AreSentAgainUntilTheyAreTaken_WithTheSameNumbers()
    {
        var failures = 3;
        _server.Override = (call, _) => call == "events.add_batch" && failures-- > 0 ? (503, "") : null;
        _server.Enqueue("t1", new { shell = "for i in $(seq 1000); do echo $i; done", attempt = 1, maxAttempts = 1 });

        var running = RunAsync();
        await _server.SeeAsync(() => _server.Calls("tasks.completed").Count == 1, "the result");
        await StopAsync(running);

        var log = _server.Log("t1");
        Assert.True(log.Count > 1000, "the refused batches came again");
        Assert.Equal(Enumerable.Range(1, 1000).Select(i => ((long)i, $"{i}")), log.Distinct().OrderBy(l => l.Sequence));
        Assert.Equal(log.Skip(log.Count - 1000).Select(l => l.Sequence), Enumerable.Range(1, 1000).Select(i => (long)i));
    }

    [Fact]
    public async Task AResult_IsRepeatedUntilTheServerAnswers()
    {
        var failures = 3;
        _server.Override = (call, _) => call == "tasks.completed" && failures-- > 0 ? (500, "") : null;
        _server.Enqueue("t1", new { shell = "true", attempt = 1, maxAttempts = 1 });

        var running = RunAsync();
        await _server.SeeAsync(() => Console().Contains("result accepted", StringComparison.Ordinal), "acceptance");
        await StopAsync(running);

        Assert.Equal(4, _server.Calls("tasks.completed").Count);
    }

    [Fact]
    public async Task AResultThatIsRefused_IsNotRepeated()
    {
        _server.Override = (call, _) => call == "tasks.completed" ? ScriptedServer.Refuse(110) : null;
        _server.Enqueue("t1", new { shell = "true", attempt = 1, maxAttempts = 1 });

        var running = RunAsync();
        await _server.SeeAsync(() => Console().Contains("result not accepted", StringComparison.Ordinal), "the refusal");
        await StopAsync(running);

        Assert.Single(_server.Calls("tasks.completed"));
    }

    [Fact]
    public async Task AServerThatGoesDuringATask_LetsItFinishAndGetsItsResultLater()
    {
        var gate = Path.Combine(_state, "gate");
        _server.Enqueue("t1", new { shell = $"echo one; while ! [ -e {gate} ]; do sleep 0.02; done; echo two", attempt = 1, maxAttempts = 1 });

        var running = RunAsync();
        await _server.SeeAsync(() => _server.Log("t1").Count == 1, "the task's word");
        _server.Gone = true;
        await _server.SeeAsync(() => Console().Contains("out of reach", StringComparison.Ordinal), "the silence");
        await File.WriteAllTextAsync(gate, "");
        await _server.SeeAsync(() => Console().Contains("exit code 0", StringComparison.Ordinal), "the task's end");
        _server.Gone = false;
        await _server.SeeAsync(() => _server.Calls("tasks.completed").Count == 1, "the result");
        await StopAsync(running);

        Assert.Equal([(1, "one"), (2, "two")], _server.Log("t1"));
        Assert.Contains("is back", Console());
    }

    [Fact]
    public async Task SeveralSlots_AreWorkersOfTheirOwnAndRunAtOnce()
    {
        var (a, b) = (Path.Combine(_state, "a"), Path.Combine(_state, "b"));
        _server.Enqueue("t1", new { shell = $"touch {a}; while ! [ -e {b} ]; do sleep 0.02; done", attempt = 1, maxAttempts = 1 });
        _server.Enqueue("t2", new { shell = $"touch {b}; while ! [ -e {a} ]; do sleep 0.02; done", attempt = 1, maxAttempts = 1 });

        var running = RunAsync(Options() with { Slots = 2 });
        await _server.SeeAsync(() => _server.Calls("tasks.completed").Count == 2, "both results");
        await StopAsync(running);

        Assert.Equal([$"{Name}:0", $"{Name}:1"], _server.Calls("workers.unregister").Select(c => c.GetProperty("worker").GetString()).Order());
    }

    private WorkerOptions Options() => new()
    {
        Server = new Uri("http://server.test/"),
        Queue = "training",
        Instance = "01KTEST0000000000000000001",
        Pool = "small",
        Type = "process",
        NamePrefix = "cp",
        State = _state,
        PollInterval = TimeSpan.FromMilliseconds(20),
        ReportInterval = TimeSpan.FromMilliseconds(30),
        PingInterval = TimeSpan.FromMilliseconds(30),
        LogInterval = TimeSpan.FromMilliseconds(20),
        RetryMinimum = TimeSpan.FromMilliseconds(20),
        RetryMaximum = TimeSpan.FromMilliseconds(50),
        CancelGrace = TimeSpan.FromMilliseconds(300),
        StopGrace = TimeSpan.FromMilliseconds(300),
    };

    private Task<int> RunAsync(WorkerOptions? options = null) => _agent.RunAsync(options ?? Options(), CancellationToken.None);

    private async Task<int> StopAsync(Task<int> running)
    {
        _agent.RequestStop();
        return await running.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private string Console() => _console.ToString();

    private static List<ProcessEntry> Processes(string task) =>
        [.. ProcessTable.Families("CONTROLPLANE_RUN").Where(f => f.Key.EndsWith($"/{task}/1", StringComparison.Ordinal)).SelectMany(f => f)];
}
