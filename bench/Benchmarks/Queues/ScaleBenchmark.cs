using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using ControlPlane.Actors.Queues;
using ControlPlane.Benchmarks.Measuring;
using ControlPlane.Domain.Instances;
using ControlPlane.Tests.PostgreSql;

namespace ControlPlane.Benchmarks.Queues;

/// <summary>Ten thousand queues on one node: time to wake, memory, processor at rest, decisions a second.</summary>
internal static class ScaleBenchmark
{
    public const string NodeVerb = "scale-node";
    private const int Rounds = 6;

    /// <summary>Changes of one look whose time is taken.</summary>
    private const int Samples = 100;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(TextWriter output, Sizes sizes)
    {
        var report = new Report(output, Title(sizes.Postgres ? "scale on PostgreSQL" : "scale", sizes));
        using var server = sizes.Postgres ? new PostgresServer(durable: true) : null;
        for (var run = 0; run < (sizes.Runs ?? 1); run++)
        {
            var folder = Directory.CreateTempSubdirectory("controlplane-bench-");
            try
            {
                await Child.RunAsync(report, TimeSpan.FromMinutes(10), [NodeVerb, server?.NewDatabase() ?? folder.FullName, .. Arguments(sizes)]);
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        }

        report.WriteTable();
        return 0;
    }

    public static string Title(string name, Sizes sizes) => string.Create(CultureInfo.InvariantCulture, $"{name} ({sizes.Queues:N0} queues, {sizes.Queues * sizes.PerQueue:N0} instances)");

    public static IEnumerable<string> Arguments(Sizes sizes) => string.Create(
        CultureInfo.InvariantCulture, $"--queues {sizes.Queues} --per-queue {sizes.PerQueue} --rest {sizes.Rest}").Split(' ');

    /// <summary>In the child.</summary>
    public static async Task<int> NodeAsync(string place, Sizes sizes)
    {
        using var decisions = new MetricCount("controlplane.shell.decisions");
        using var events = new MetricCount("controlplane.projection.events");
        var world = new BenchWorld();
        var node = await QueueNode.StartAsync(place, world);
        var empty = Heap();

        var began = Stopwatch.GetTimestamp();
        await node.ApplyAsync(QueueNode.Declare(sizes.Queues, sizes.PerQueue));
        Child.Tell("configuration applied after", "s", Stopwatch.GetElapsedTime(began).TotalSeconds);
        await node.AwakeAsync(sizes.Queues);
        Child.Tell("all entities awake after", "s", Stopwatch.GetElapsedTime(began).TotalSeconds);
        Child.Tell("processor time until then, start of the process included", "s", Child.ProcessorSeconds);
        await node.ProjectedAsync();
        await RestAsync("without instances", sizes.Rest);
        var idle = Heap();
        Child.Tell("heap of a queue", "bytes", (double)(idle - empty) / sizes.Queues);
        Child.Tell("resident set without instances", "MB", Resident());

        if (sizes.PerQueue > 0)
        {
            await LaunchAsync(node, world, sizes);
            await node.ProjectedAsync();
            await RestAsync("with instances", sizes.Rest);
            Child.Tell("heap of an instance", "bytes", (double)(Heap() - idle) / (sizes.Queues * sizes.PerQueue));
            Child.Tell("resident set with instances", "MB", Resident());
        }

        for (var round = 0; round < Rounds; round++)
            await ObserveAsync(node, world, decisions, sizes, sizes.PerQueue + (round % 2 == 0 ? 3 : 0));
        await ChangeAsync(node, world, events, sizes);
        return await Child.EndAsync();
    }

    /// <summary>
    /// Gives every queue as many tasks as it may have instances, and waits until all of them are seen busy. A tenth of the queues at a time, and the next when
    /// these have their machines: a day's load, not a load of all queues in one second.
    /// </summary>
    public static async Task LaunchAsync(QueueNode node, BenchWorld world, Sizes sizes)
    {
        var began = Stopwatch.GetTimestamp();
        for (var tenth = 1; tenth <= 10; tenth++)
        {
            var queues = sizes.Queues * tenth / 10;
            world.SetTasks(queues, sizes.PerQueue);
            while (world.Machines < queues * sizes.PerQueue)
                await Task.Delay(50);
        }

        Child.Tell("instances launched, a tenth at a time", "/s", sizes.Queues * sizes.PerQueue / Stopwatch.GetElapsedTime(began).TotalSeconds);
        while (await node.CountAsync(sizes.Queues, view => IsBusy(view, sizes)) < sizes.Queues)
            await Task.Delay(500);
        Child.Tell("all instances busy after", "s", Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    public static bool IsBusy(ScalerView view, Sizes sizes) => view.Instances.Count(i => i.Phase == Phase.Busy) == sizes.PerQueue;

    /// <summary>Every queue is seen with more tasks than it may have instances for, or no longer: each scaler evaluates its policy and records why it holds back.</summary>
    private static async Task ObserveAsync(QueueNode node, BenchWorld world, MetricCount decisions, Sizes sizes, int tasksEach)
    {
        var looked = new TaskCompletionSource<(long Decisions, long At)>(TaskCreationOptions.RunContinuationsAsynchronously);
        world.SetTasks(sizes.Queues, tasksEach, () => looked.TrySetResult((decisions.Count, Stopwatch.GetTimestamp())));
        var (before, began) = await looked.Task;
        while (decisions.Count - before < sizes.Queues)
            await Task.Delay(2);
        Child.Tell("recorded decisions when every queue changes", "/s", sizes.Queues / Stopwatch.GetElapsedTime(began).TotalSeconds);
        var pending = tasksEach - sizes.PerQueue;
        while (await node.CountAsync(sizes.Queues, view => view.Situation.Pending == pending) < sizes.Queues)
            await Task.Delay(200);
        await node.ProjectedAsync();
    }

    /// <summary>
    /// Every queue changes each ten seconds: a task more waits than there are machines for, and then no longer. The time of some changes is taken from the look that
    /// shows them until the scaler has them in the journal and answers so.
    /// </summary>
    private static async Task ChangeAsync(QueueNode node, BenchWorld world, MetricCount events, Sizes sizes)
    {
        if (sizes.Rest <= 0)
            return;
        var samples = new ConcurrentBag<Task<double>>();
        world.Change(sizes.Queues, Period, changed =>
        {
            var began = Stopwatch.GetTimestamp();
            var some = changed.Count == 0 ? [] : Random.Shared.GetItems(changed.ToArray(), Math.Min(Samples, changed.Count));
            foreach (var (queue, pending) in some)
                samples.Add(Task.Run(() => node.SeenAsync(queue, pending, began)));
        });
        await Task.Delay(Period);
        samples.Clear();
        var before = events.Count;
        await ProcessorAsync("when every queue changes each 10 s", Math.Max(sizes.Rest, Period.TotalSeconds));
        Child.Tell("events shown by the read model when every queue changes each 10 s", "/s", (events.Count - before) / Math.Max(sizes.Rest, Period.TotalSeconds));
        Child.Tell("then the read model is behind by", "events", await node.BehindAsync());
        double[] milliseconds = [.. (await Task.WhenAll(samples)).Order()];
        Child.Tell("from a look to the recorded decision, p50", "ms", milliseconds[milliseconds.Length / 2]);
        Child.Tell("from a look to the recorded decision, p99", "ms", milliseconds[(int)(0.99 * (milliseconds.Length - 1))]);
        Child.Tell("resident set when every queue changes each 10 s", "MB", Resident());
    }

    private static async Task RestAsync(string what, double seconds)
    {
        if (seconds <= 0)
            return;

        // What was just done is still being written and repeated for a few seconds.
        await Task.Delay(TimeSpan.FromSeconds(Math.Min(10, seconds)));
        await ProcessorAsync($"at rest {what}", seconds);
    }

    private static async Task ProcessorAsync(string what, double seconds)
    {
        using var self = Process.GetCurrentProcess();
        var (used, began) = (self.TotalProcessorTime, Stopwatch.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        self.Refresh();
        Child.Tell($"processor {what}", "% of one core", 100 * (self.TotalProcessorTime - used) / Stopwatch.GetElapsedTime(began));
    }

    private static long Heap()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private static double Resident()
    {
        using var self = Process.GetCurrentProcess();
        return self.WorkingSet64 / 1e6;
    }
}
