using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using ControlPlane.Actors.Queues;
using ControlPlane.Benchmarks.Measuring;
using ControlPlane.Domain.Instances;

namespace ControlPlane.Benchmarks.Queues;

/// <summary>Ten thousand queues on one node: time to wake, memory, processor at rest, decisions a second.</summary>
internal static class ScaleBenchmark
{
    public const string NodeVerb = "scale-node";
    private const int Rounds = 6;

    public static async Task<int> RunAsync(TextWriter output, Sizes sizes)
    {
        var report = new Report(output, Title("scale", sizes));
        for (var run = 0; run < (sizes.Runs ?? 1); run++)
        {
            var folder = Directory.CreateTempSubdirectory("controlplane-bench-");
            try
            {
                await Child.RunAsync(report, TimeSpan.FromMinutes(10), [NodeVerb, folder.FullName, .. Arguments(sizes)]);
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
    public static async Task<int> NodeAsync(string folder, Sizes sizes)
    {
        using var decisions = new DecisionCount();
        var world = new BenchWorld();
        var node = await QueueNode.StartAsync(folder, world);
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
    private static async Task ObserveAsync(QueueNode node, BenchWorld world, DecisionCount decisions, Sizes sizes, int tasksEach)
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

    private static async Task RestAsync(string what, double seconds)
    {
        if (seconds <= 0)
            return;

        // What was just done is still being written and repeated for a few seconds.
        await Task.Delay(TimeSpan.FromSeconds(Math.Min(10, seconds)));
        using var self = Process.GetCurrentProcess();
        var (used, began) = (self.TotalProcessorTime, Stopwatch.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        self.Refresh();
        Child.Tell($"processor at rest {what}", "% of one core", 100 * (self.TotalProcessorTime - used) / Stopwatch.GetElapsedTime(began));
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

    /// <summary>Commands decided by all entities of this process, by the product's own metric.</summary>
    private sealed class DecisionCount : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _count;

        public DecisionCount()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "controlplane.shell.decisions")
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref _count, value));
            _listener.Start();
        }

        public long Count => Interlocked.Read(ref _count);

        public void Dispose() => _listener.Dispose();
    }
}
