using System.Diagnostics;
using System.Globalization;
using ControlPlane.Benchmarks.Measuring;
using ControlPlane.Benchmarks.Queues;
using ControlPlane.ClearMlDouble;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Secrets;
using ControlPlane.Providers.ClearMl;
using Microsoft.Extensions.Logging.Abstractions;

namespace ControlPlane.Benchmarks.ClearMl;

/// <summary>
/// A ClearML server with ten thousand queues, as a double in another process: what a look costs, and how long it takes from a task that is enqueued there to the call
/// that launches its machine.
/// </summary>
internal static class ClearMlBenchmark
{
    public const string NodeVerb = "clearml-node";

    private const int Looks = 10;
    private const int Steady = 300;
    private const int SteadyGapMilliseconds = 20;
    private const int SmallBurst = 1_000;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);

    public static async Task<int> RunAsync(TextWriter output, Sizes sizes)
    {
        foreach (var busy in new[] { 0, 1 })
        {
            var title = string.Create(CultureInfo.InvariantCulture, $"clearml ({sizes.Queues:N0} queues, {(busy == 0 ? $"{sizes.Workers:N0} idle workers elsewhere" : "a busy worker on each")})");
            var report = new Report(output, title);
            for (var run = 0; run < (sizes.Runs ?? 1); run++)
            {
                var folder = Directory.CreateTempSubdirectory("controlplane-bench-");
                try
                {
                    string[] arguments = [NodeVerb, folder.FullName, "--queues", $"{sizes.Queues}", "--workers", $"{sizes.Workers}", "--per-queue", $"{busy}"];
                    await Child.RunAsync(report, TimeSpan.FromMinutes(10), arguments);
                }
                finally
                {
                    folder.Delete(recursive: true);
                }
            }

            report.WriteTable();
        }

        return 0;
    }

    /// <summary>In the child. <see cref="Sizes.PerQueue"/> 1: a busy worker on each queue.</summary>
    public static async Task<int> NodeAsync(string folder, Sizes sizes)
    {
        using var server = await DoubleProcess.StartAsync(sizes.Queues, sizes.Workers);
        if (sizes.PerQueue > 0)
            await server.BusyAsync();
        var spec = new SourceSpec("source", "clearml", Pace)
        {
            ClearMl = new ClearMlSpec(server.Url, new SecretReference("env:ACCESS"), new SecretReference("env:SECRET")) { Timeout = TimeSpan.FromSeconds(30) },
        };
        await LookAsync(server, spec.ClearMl, sizes.Queues);

        var world = new BenchWorld();
        var node = await QueueNode.StartAsync(folder, world, new ClearMlConnector(new DoubleSecrets(), TimeProvider.System, NullLogger<ClearMlConnector>.Instance));
        await node.ApplyAsync(QueueNode.Declare(sizes.Queues, 1) with { Sources = [spec] });
        await node.AwakeAsync(sizes.Queues);
        await node.ProjectedAsync();
        await Task.Delay(TimeSpan.FromSeconds(10));

        var steady = Math.Min(Steady, sizes.Queues / 4);
        var small = Math.Min(SmallBurst, sizes.Queues / 4);
        await LaunchAsync(server, world, "one task every 20 ms", 0, steady, SteadyGapMilliseconds);
        await LaunchAsync(server, world, $"{small:N0} tasks at once", steady, small, 0);
        await node.ProjectedAsync();
        await LaunchAsync(server, world, "a task for every other queue at once", steady + small, sizes.Queues - steady - small, 0);
        using var self = Process.GetCurrentProcess();
        Child.Tell("resident set of the node after all", "MB", self.WorkingSet64 / 1e6);
        return await Child.EndAsync();
    }

    /// <summary>The source alone.</summary>
    private static async Task LookAsync(DoubleProcess server, ClearMlSpec spec, int queues)
    {
        QueueName[] names = [.. Enumerable.Range(0, queues).Select(BenchWorld.NameOf)];
        using var source = new ClearMlSource("bench", spec, new DoubleSecrets(), TimeProvider.System);
        for (var warm = 0; warm < 3; warm++)
        {
            if ((await source.ObserveAsync(names, CancellationToken.None)).Count != queues)
                throw new InvalidOperationException("A look did not show all queues.");
        }

        var (requests, processor, began) = (await server.RequestsAsync(), Child.ProcessorSeconds, Stopwatch.GetTimestamp());
        for (var look = 0; look < Looks; look++)
            await source.ObserveAsync(names, CancellationToken.None);
        Child.Tell("a look: processor time of ours", "s", (Child.ProcessorSeconds - processor) / Looks);
        Child.Tell("a look: duration, the double's work included", "s", Stopwatch.GetElapsedTime(began).TotalSeconds / Looks);
        Child.Tell("a look: requests", "", (double)(await server.RequestsAsync() - requests) / Looks);
        using var self = Process.GetCurrentProcess();
        Child.Tell("resident set of a process that only looks", "MB", self.WorkingSet64 / 1e6);
    }

    private static async Task LaunchAsync(DoubleProcess server, BenchWorld world, string what, int from, int count, int gap)
    {
        var enqueued = await server.EnqueueAsync(from, count, gap);
        while (enqueued.Keys.Any(q => !world.LaunchedAt.ContainsKey(q)))
            await Task.Delay(20);
        Tell($"{what}: enqueued to decided", enqueued.Select(e => world.LaunchedAt[e.Key].Decided - e.Value));
        Tell($"{what}: enqueued to the platform's call", enqueued.Select(e => world.LaunchedAt[e.Key].Asked - e.Value));
    }

    private static void Tell(string what, IEnumerable<TimeSpan> times)
    {
        double[] seconds = [.. times.Select(t => t.TotalSeconds).Order()];
        Child.Tell($"{what}, p50", "s", seconds[seconds.Length / 2]);
        Child.Tell($"{what}, p99", "s", seconds[seconds.Length * 99 / 100]);
    }

    private sealed class DoubleSecrets : ISecretReader
    {
        public string Read(SecretReference reference) => reference.Variable == "ACCESS" ? ClearMlServer.AccessKey : ClearMlServer.SecretKey;
    }
}
