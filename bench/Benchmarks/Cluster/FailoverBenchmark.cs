using System.Globalization;
using ControlPlane.Benchmarks.Measuring;
using ControlPlane.Clustering;

namespace ControlPlane.Benchmarks.Cluster;

/// <summary>From SIGKILL of one of three nodes until every queue's scaler has answered again to another.</summary>
internal static class FailoverBenchmark
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

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
                await KillAsync(cluster, victim, name, report);
                victim.Start();
                await cluster.SettledAsync();
            }
        }

        report.WriteTable();
        return 0;
    }

    private static async Task KillAsync(BenchCluster cluster, ClusterNode victim, string name, Report report)
    {
        var asked = cluster.Nodes.First(n => n != victim);

        // Connections and code are warm, as they are on a node that works.
        var before = await asked.AnswersAsync(Patience);
        victim.Kill();
        var after = await asked.AnswersAsync(Patience);
        await victim.EndedAsync();
        report.Add("nothing is wrong: all queues have answered, p100", "s", before.SlowestSeconds!.Value);
        report.Add($"{name}: all queues have answered, p50", "s", after.MedianSeconds!.Value);
        report.Add($"{name}: all queues have answered, p99", "s", after.P99Seconds!.Value);
        report.Add($"{name}: all queues have answered, p100", "s", after.SlowestSeconds!.Value);
    }

    private static MemberView Fullest(IEnumerable<MemberView> members) => members.MaxBy(Scalers)!;

    private static int Scalers(MemberView member) => member.Shards.Where(s => s.Region == "scalers").Sum(s => s.Entities);
}
