using System.Diagnostics;
using System.Globalization;
using ControlPlane.Benchmarks.Measuring;
using ControlPlane.Clustering;

namespace ControlPlane.Benchmarks.Cluster;

/// <summary>From SIGKILL of one of three nodes until every queue's scaler has answered again over the API of the others.</summary>
internal static class FailoverBenchmark
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly (string Name, Func<ClusterView, string> Choose)[] Victims =
    [
        ("the node with the most queues", view => Fullest(view.Members).Address),
        ("the oldest node, which has the catalog", view => view.Catalog ?? throw new InvalidOperationException("No node has the catalog.")),
        ("a third node", view => view.Members.OrderBy(m => Scalers(m)).First(m => m.Address != view.Catalog).Address),
    ];

    public static async Task<int> RunAsync(TextWriter output, Sizes sizes)
    {
        await using var cluster = await BenchCluster.StartAsync(sizes, instances: true);
        var report = new Report(output, string.Create(CultureInfo.InvariantCulture, $"failover ({sizes.Queues:N0} queues, {cluster.Instances:N0} instances, 3 nodes)"));
        for (var run = 0; run < (sizes.Runs ?? 1); run++)
        {
            foreach (var (name, choose) in Victims)
            {
                var view = await cluster.Nodes[0].ClusterAsync();
                var victim = cluster.NodeOf(choose(view), view);
                await KillAsync(cluster, victim, name, report, sizes);
                victim.Start();
                await cluster.SettledAsync();
            }
        }

        report.WriteTable();
        return 0;
    }

    private static async Task KillAsync(BenchCluster cluster, ClusterNode victim, string name, Report report, Sizes sizes)
    {
        ClusterNode[] others = [.. cluster.Nodes.Where(n => n != victim)];
        var probe = new QueueProbe(others, cluster, sizes.Queues, sizes.PerQueue);

        // Connections and code of the API are warm, as they are on a node that works.
        await probe.AskAsync(Stopwatch.GetTimestamp(), Patience);
        victim.Kill();
        var killed = Stopwatch.GetTimestamp();
        var (all, silent) = await probe.AskAsync(killed, Patience);
        await victim.EndedAsync();
        report.Add($"{name}: queues that were silent at the first question", "", silent.Count);
        report.Add($"{name}: all queues have answered, p50", "s", all[all.Count / 2]);
        report.Add($"{name}: all queues have answered, p99", "s", all[(int)(0.99 * (all.Count - 1))]);
        report.Add($"{name}: all queues have answered, p100", "s", all[^1]);
        if (silent.Count > 0)
            report.Add($"{name}: the silent ones have answered, p50", "s", silent[silent.Count / 2]);
    }

    private static MemberView Fullest(IEnumerable<MemberView> members) => members.MaxBy(Scalers)!;

    private static int Scalers(MemberView member) => member.Shards.Where(s => s.Region == "scalers").Sum(s => s.Entities);
}
