using ControlPlane.Actors.Storage;
using ControlPlane.Benchmarks.Measuring;
using ControlPlane.Tests.PostgreSql;

namespace ControlPlane.Benchmarks.Budgets;

/// <summary>
/// Grants of leases a second on PostgreSQL: our ledger, through its actor and the journal, beside a ledger of rows that every grant updates, in turn on one server
/// that waits for its disk.
/// </summary>
internal static class GrantsBenchmark
{
    private static readonly int[] Connections = [1, 4, 16, 64];

    public static async Task<int> RunAsync(TextWriter output, Sizes sizes)
    {
        var report = new Report(output, "grants on PostgreSQL");
        var time = TimeSpan.FromSeconds(sizes.Seconds);
        using var server = new PostgresServer(durable: true);
        await using var node = await LedgerNode.StartAsync(new StorageOptions { ConnectionString = server.NewDatabase() });
        await using var sql = await SqlLedger.StartAsync(server.NewDatabase());
        await node.RunAsync(512, false, time);
        await sql.RunAsync(SqlWay.Function, 4, time);
        for (var run = 0; run < (sizes.Runs ?? 3); run++)
        {
            var best = 0.0;
            foreach (var way in Enum.GetValues<SqlWay>())
            {
                foreach (var connections in Connections)
                {
                    var figures = await sql.RunAsync(way, connections, time);
                    Add(report, $"rows in SQL, {(way == SqlWay.Function ? "a function" : "statements")}, {connections} connections", figures);
                    best = Math.Max(best, figures.GrantsPerSecond);
                }
            }

            foreach (var outstanding in new[] { 16, 64, 512 })
            {
                var figures = await node.RunAsync(outstanding, false, time);
                Add(report, $"ours, {outstanding} outstanding", figures);
                report.Add($"ours, {outstanding} outstanding", "times the best of SQL", figures.GrantsPerSecond / best);
            }
        }

        report.WriteTable();
        return 0;
    }

    private static void Add(Report report, string what, LedgerFigures figures)
    {
        report.Add(what, "grants/s", figures.GrantsPerSecond);
        report.Add(what, "ms to a grant (p50)", figures.MedianMilliseconds);
        report.Add(what, "ms to a grant (p99)", figures.P99Milliseconds);
    }
}
