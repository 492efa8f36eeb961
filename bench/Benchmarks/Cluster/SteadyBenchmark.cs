using System.Diagnostics;
using System.Globalization;
using ControlPlane.Benchmarks.Measuring;
using ControlPlane.Clustering;
using Npgsql;

namespace ControlPlane.Benchmarks.Cluster;

/// <summary>
/// Three nodes at rest, and with a task that comes or goes in each queue each ten seconds: what each costs. The queues are paused, so that a change makes a decision
/// but no machine; the tasks come and go in the embedded queue's table, so that no request of a client counts.
/// </summary>
internal static class SteadyBenchmark
{
    /// <summary>A hundredth of the tasks changes at a time, ten times a second: each task each ten seconds.</summary>
    private const string Flip = "UPDATE embedded_task SET state = CASE state WHEN 'queued' THEN 'created' ELSE 'queued' END WHERE seq % 100 = $1";

    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(15);

    public static async Task<int> RunAsync(TextWriter output, Sizes sizes)
    {
        await using var cluster = await BenchCluster.StartAsync(sizes, instances: false);
        await using var database = NpgsqlDataSource.Create(cluster.ConnectionString);
        var report = new Report(output, string.Create(CultureInfo.InvariantCulture, $"steady ({sizes.Queues:N0} queues, 3 nodes)"));
        var server = await ServerProcesses.OfAsync(database);
        var time = TimeSpan.FromSeconds(Math.Max(1, sizes.Rest));
        for (var run = 0; run < (sizes.Runs ?? 1); run++)
        {
            await Task.Delay(Calm);
            await MeasureAsync(cluster, database, server, "at rest", time, report);
        }

        await cluster.SubmitAsync(Enumerable.Range(0, sizes.Queues));
        using var end = new CancellationTokenSource();
        var changing = ChangeAsync(database, end.Token);
        for (var run = 0; run < (sizes.Runs ?? 1); run++)
        {
            await Task.Delay(Calm, CancellationToken.None);
            await MeasureAsync(cluster, database, server, "each queue changes each 10 s", time, report);
        }

        await end.CancelAsync();
        await changing;
        report.WriteTable();
        return 0;
    }

    private static async Task MeasureAsync(BenchCluster cluster, NpgsqlDataSource database, ServerProcesses server, string when, TimeSpan time, Report report)
    {
        var view = await cluster.Nodes[0].ClusterAsync();
        var nodes = view.Members.Select(m => (Name: Describe(m, view), Node: cluster.NodeOf(m.Address, view))).OrderBy(n => n.Name, StringComparer.Ordinal).ToList();
        var (began, events, serverUsed) = (Stopwatch.GetTimestamp(), await HeadAsync(database), server.Processor);
        TimeSpan[] used = [.. nodes.Select(n => n.Node.Processor)];
        await Task.Delay(time);
        var took = Stopwatch.GetElapsedTime(began);
        for (var i = 0; i < nodes.Count; i++)
        {
            report.Add($"{when}: {nodes[i].Name}: processor", "% of one core", 100 * (nodes[i].Node.Processor - used[i]) / took);
            report.Add($"{when}: {nodes[i].Name}: resident set", "MB", nodes[i].Node.ResidentMegabytes);
        }

        report.Add($"{when}: PostgreSQL: processor", "% of one core", 100 * (server.Processor - serverUsed) / took);
        report.Add($"{when}: events recorded", "/s", (await HeadAsync(database) - events) / took.TotalSeconds);
        var after = (await cluster.Nodes[0].ClusterAsync()).ReadModel;
        report.Add($"{when}: the read model is behind by", "events", after.Head - after.Offset);
    }

    private static string Describe(MemberView member, ClusterView view)
    {
        List<string> has = [];
        if (member.Address == view.Catalog)
            has.Add("the catalog");
        foreach (var (region, name) in new[] { ("watchers", "the source"), ("gateways", "the platform"), ("ledgers", "the ledger") })
        {
            if (member.Shards.Any(s => s.Region == region && s.Entities > 0))
                has.Add(name);
        }

        return has.Count == 0 ? "node with queues only" : $"node with {string.Join(", ", has)}";
    }

    private static async Task ChangeAsync(NpgsqlDataSource database, CancellationToken cancel)
    {
        using var beat = new PeriodicTimer(Beat);
        for (var slice = 0; !cancel.IsCancellationRequested && await beat.WaitForNextTickAsync(CancellationToken.None); slice = (slice + 1) % 100)
        {
            await using var flip = database.CreateCommand(Flip);
            flip.Parameters.Add(new NpgsqlParameter { Value = slice });
            await flip.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    private static async Task<long> HeadAsync(NpgsqlDataSource database)
    {
        await using var head = database.CreateCommand("SELECT max(ordering) FROM journal");
        return (long)(await head.ExecuteScalarAsync())!;
    }
}
