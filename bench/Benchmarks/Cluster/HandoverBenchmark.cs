using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using ControlPlane.Benchmarks.Measuring;
using ControlPlane.Benchmarks.Queues;

namespace ControlPlane.Benchmarks.Cluster;

/// <summary>
/// One of three nodes is told to stop while requests come at an even pace, spread over the nodes that say that they are ready, as a load balancer does: how long the
/// slowest waited, how many failed, and when the process had ended. Nothing is asked twice.
/// </summary>
internal static class HandoverBenchmark
{
    /// <summary>Requests a second.</summary>
    private const int Rate = 100;

    private static readonly TimeSpan Before = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan After = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(10);

    public static async Task<int> RunAsync(TextWriter output, Sizes sizes)
    {
        await using var cluster = await BenchCluster.StartAsync(sizes, instances: true);
        var report = new Report(output, string.Create(CultureInfo.InvariantCulture, $"handover ({sizes.Queues:N0} queues, {cluster.Instances:N0} instances, 3 nodes)"));
        for (var run = 0; run < (sizes.Runs ?? 3); run++)
        {
            var node = cluster.Nodes[run % cluster.Nodes.Count];
            await StopAsync(cluster, node, report, sizes);
            node.Start();
            await cluster.SettledAsync();
        }

        report.WriteTable();
        return 0;
    }

    private static async Task StopAsync(BenchCluster cluster, ClusterNode node, Report report, Sizes sizes)
    {
        using var end = new CancellationTokenSource();
        var load = new Load(cluster, sizes.Queues);
        var running = load.RunAsync(Rate, end.Token);
        await Task.Delay(Warm, CancellationToken.None);
        var warm = Stopwatch.GetTimestamp();
        await Task.Delay(Before, CancellationToken.None);

        var stopped = Stopwatch.GetTimestamp();
        node.Stop();
        await node.EndedAsync();
        var ended = Stopwatch.GetElapsedTime(stopped);
        await Task.Delay(After, CancellationToken.None);
        await end.CancelAsync();
        await running;

        report.Add("from SIGTERM to the end of the process", "s", ended.TotalSeconds);
        Asked[] asked = [.. load.Asked.Where(a => a.At >= stopped).OrderBy(a => a.Seconds)];
        report.Add("requests since SIGTERM", "", asked.Length);
        report.Add("of these failed", "", asked.Count(a => a.Fault is not null));
        report.Add("a request waited, p50", "s", asked[asked.Length / 2].Seconds);
        report.Add("a request waited, p99", "s", asked[(int)(0.99 * (asked.Length - 1))].Seconds);
        report.Add("a request waited, longest", "s", asked[^1].Seconds);
        report.Add("before SIGTERM: a request waited, longest", "s", load.Asked.Where(a => a.At < stopped && a.At > warm).Max(a => a.Seconds));
        foreach (var fault in asked.Where(a => a.Fault is not null).GroupBy(a => a.Fault).Take(5))
            await Console.Error.WriteLineAsync($"{fault.Count()} times: {fault.Key}");
    }

    private sealed record Asked(long At, double Seconds, string? Fault);

    private sealed class Load(BenchCluster cluster, int queues)
    {
        private readonly bool[] _ready = [.. cluster.Nodes.Select(_ => true)];
        private int _turn;

        public ConcurrentBag<Asked> Asked { get; } = [];

        public async Task RunAsync(int perSecond, CancellationToken cancel)
        {
            var looks = cluster.Nodes.Select((node, i) => LookAsync(node, i, cancel)).ToList();
            var open = new List<Task>();
            var began = Stopwatch.GetTimestamp();
            var sent = 0;
            using var beat = new PeriodicTimer(Beat);
            while (!cancel.IsCancellationRequested && await beat.WaitForNextTickAsync(CancellationToken.None))
            {
                for (var due = (int)(Stopwatch.GetElapsedTime(began).TotalSeconds * perSecond); sent < due; sent++)
                    open.Add(AskAsync(sent % queues));
                open.RemoveAll(t => t.IsCompletedSuccessfully);
            }

            await Task.WhenAll(open);
            await Task.WhenAll(looks);
        }

        private async Task LookAsync(ClusterNode node, int place, CancellationToken cancel)
        {
            while (!cancel.IsCancellationRequested)
            {
                using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
                Volatile.Write(ref _ready[place], await node.IsReadyAsync(limit.Token));
                await Task.Delay(Look, CancellationToken.None);
            }
        }

        private async Task AskAsync(int queue)
        {
            ClusterNode[] ready = [.. cluster.Nodes.Where((_, i) => Volatile.Read(ref _ready[i]))];
            var at = Stopwatch.GetTimestamp();
            string? fault = "no node was ready";
            if (ready.Length > 0)
            {
                try
                {
                    using var answer = await ready[_turn++ % ready.Length].Api.GetAsync(new Uri($"api/v1/queues/{BenchWorld.NameOf(queue).Value}", UriKind.Relative));
                    fault = answer.IsSuccessStatusCode ? null : $"{(int)answer.StatusCode} {(await answer.Content.ReadAsStringAsync()).Split("\"traceId\"")[0]}";
                }
                catch (Exception failed) when (failed is HttpRequestException or OperationCanceledException)
                {
                    fault = failed.Message;
                }
            }

            Asked.Add(new Asked(at, Stopwatch.GetElapsedTime(at).TotalSeconds, fault));
        }
    }
}
