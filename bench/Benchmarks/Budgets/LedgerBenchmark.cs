using System.Diagnostics;
using ControlPlane.Actors.Storage;
using ControlPlane.Benchmarks.Measuring;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Deciding;

namespace ControlPlane.Benchmarks.Budgets;

/// <summary>Leases of one ledger a second: through its actor to the disk, and the bare rules.</summary>
internal static class LedgerBenchmark
{
    public static async Task<int> RunAsync(TextWriter output, Sizes sizes)
    {
        var report = new Report(output, "ledger");
        var time = TimeSpan.FromSeconds(sizes.Seconds);
        var folder = Directory.CreateTempSubdirectory("controlplane-bench-");
        try
        {
            await using var node = await LedgerNode.StartAsync(new StorageOptions { Path = folder.FullName });
            await node.RunAsync(512, true, time);
            for (var run = 0; run < (sizes.Runs ?? 5); run++)
            {
                foreach (var settle in new[] { false, true })
                {
                    foreach (var outstanding in new[] { 16, 64, 512 })
                    {
                        var what = $"{(settle ? "reserve and settle" : "reserve")}, {outstanding} outstanding";
                        var figures = await node.RunAsync(outstanding, settle, time);
                        report.Add(what, "grants/s", figures.GrantsPerSecond);
                        report.Add(what, "ms to a grant (p50)", figures.MedianMilliseconds);
                        report.Add(what, "ms to a grant (p99)", figures.P99Milliseconds);
                    }
                }

                foreach (var leases in new[] { 0, 20_000 })
                    report.Add($"rules alone, {leases:N0} leases held", "decisions/s", Rules(leases, time));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        report.WriteTable();
        return 0;
    }

    /// <summary>Decides and folds reserve and settle in turn, without actor, serializer or disk.</summary>
    private static double Rules(int leases, TimeSpan time)
    {
        var now = DateTimeOffset.UtcNow;
        var state = LedgerDecider.Initial;
        ulong seed = 1;
        var tree = LedgerNode.Tree("root");
        Decide(new LedgerCommand.Configure(tree, 1));
        for (var i = 0; i < leases; i++)
            Decide(new LedgerCommand.Reserve(LedgerNode.Request(tree[^1].Name, now)));

        var count = 0;
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < time)
        {
            var request = LedgerNode.Request(tree[^1].Name, now);
            Decide(new LedgerCommand.Reserve(request));
            Decide(new LedgerCommand.Settle(request.Lease, LedgerNode.Queue, now, now + TimeSpan.FromMinutes(1), LedgerNode.Rate));
            count += 2;
        }

        var perSecond = count / Stopwatch.GetElapsedTime(began).TotalSeconds;
        return state.Leases.Count == leases ? perSecond : throw new InvalidOperationException($"{state.Leases.Count} leases are left of {leases}.");

        void Decide(LedgerCommand command)
        {
            foreach (var e in LedgerDecider.Decide(state, command, new Moment(now, seed++)).Events)
                state = LedgerDecider.Apply(state, e);
        }
    }
}
