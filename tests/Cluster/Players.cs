using System.Collections.Concurrent;
using ControlPlane.Emulators.Ec2;
using ControlPlane.Simulation.Ec2;

namespace ControlPlane.ClusterTests;

/// <summary>Plays the workers of all machines of the emulator, each over the embedded queue's API: register, pull, work for a moment, report.</summary>
internal sealed class Players : IAsyncDisposable
{
    private readonly Ec2Emulator _emulator;
    private readonly Caller _caller;
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<string, Task> _playing = new();
    private readonly Task _watching;
    private readonly int _seed;

    public Players(Ec2Emulator emulator, IReadOnlyList<Uri> nodes, int seed)
    {
        (_emulator, _seed) = (emulator, seed);
        _caller = new Caller(nodes, 0);
        _watching = WatchAsync(_end.Token);
    }

    /// <summary>Completions by task: each is to be reported by the one worker whose attempt counts.</summary>
    public ConcurrentDictionary<string, int> Completed { get; } = new();

    /// <summary>Tasks whose machine was ended while its worker worked on them.</summary>
    public ConcurrentBag<string> Interrupted { get; } = [];

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _watching;
        await Task.WhenAll(_playing.Values);
        _caller.Dispose();
        _end.Dispose();
    }

    private async Task WatchAsync(CancellationToken cancel)
    {
        Dictionary<string, CancellationTokenSource> running = [];
        try
        {
            while (true)
            {
                var alive = (await _emulator.InstancesAsync()).Where(i => i is { HasBooted: true, State: "running" }).ToDictionary(i => i.Id);
                foreach (var gone in running.Keys.Where(id => !alive.ContainsKey(id)).ToList())
                {
                    await running[gone].CancelAsync();
                    running.Remove(gone);
                }

                foreach (var machine in alive.Values.Where(m => !running.ContainsKey(m.Id)))
                {
                    var life = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                    running[machine.Id] = life;
                    _playing[machine.Id] = PlayAsync(machine, life.Token);
                }

                await Task.Delay(500, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The test is over.
        }
    }

    /// <summary>A machine that is ended takes its worker with it, whatever that does: nothing more is heard of it.</summary>
    private async Task PlayAsync(Ec2LogEntry machine, CancellationToken cancel)
    {
        var random = new Random(_seed ^ machine.Id.GetHashCode(StringComparison.Ordinal));
        var (queueName, pool) = (machine.Tags["controlplane:queue"], machine.Tags["controlplane:pool"]);
        var worker = $"{machine.Tags["controlplane:cluster"]}:{pool}:{machine.Type}:{machine.Id}";
        try
        {
            var found = await _caller.InsistAsync("queues.get_all", new { name = new[] { $"^{queueName}$" } }, cancel);
            var queue = found["data"]!["queues"]![0]!["id"]!.GetValue<string>();
            await _caller.InsistAsync("workers.register", new { worker, queues = new[] { queue }, timeout = 600 }, cancel);
            for (var round = 0; ; round++)
            {
                var pause = 1.5 + random.NextDouble();
                var next = await _caller.TryAsync("queues.get_next_task", new { queue, worker }, cancel);
                if (next?["data"]?["entry"]?["task"]?.GetValue<string>() is { } task)
                {
                    await WorkAsync(worker, queue, task, random, cancel);
                    pause = 0.1;
                }
                else if (round % 4 == 0)
                {
                    await _caller.TryAsync("workers.status_report", new { worker, timestamp = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), queues = new[] { queue } }, cancel);
                }

                await Task.Delay(TimeSpan.FromSeconds(pause), cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The machine has ended.
        }
    }

    private async Task WorkAsync(string worker, string queue, string task, Random random, CancellationToken cancel)
    {
        var read = await _caller.InsistAsync("tasks.get_by_id", new { task }, cancel);
        var text = read["data"]?["task"]?["configuration"]?["controlplane"]?["value"]?.GetValue<string>();
        var attempt = text is null ? 1 : System.Text.Json.Nodes.JsonNode.Parse(text)!["attempt"]!.GetValue<int>();
        var started = await _caller.InsistAsync("tasks.started", new { task, worker, attempt }, cancel);
        if (started["meta"]?["result_code"]?.GetValue<int>() != 200)
            return;
        try
        {
            await RunAsync(worker, queue, task, attempt, random, cancel);
        }
        catch (OperationCanceledException) when (!_end.IsCancellationRequested)
        {
            Interrupted.Add($"task {task} on worker {worker}");
            throw;
        }
    }

    private async Task RunAsync(string worker, string queue, string task, int attempt, Random random, CancellationToken cancel)
    {
        await _caller.TryAsync("workers.status_report", new { worker, timestamp = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), queues = new[] { queue }, task }, cancel);
        await Task.Delay(TimeSpan.FromSeconds(0.2 + random.NextDouble()), cancel);
        var ended = await _caller.InsistAsync(
            "tasks.completed", new { task, worker, attempt, exit_code = 0, status_reason = "exited", status_message = "", force = true }, cancel);
        if (ended["meta"]?["result_code"]?.GetValue<int>() == 200)
            Completed.AddOrUpdate(task, 1, (_, n) => n + 1);
    }
}
