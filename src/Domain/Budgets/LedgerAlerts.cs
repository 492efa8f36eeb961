using ControlPlane.Domain.Pricing;

namespace ControlPlane.Domain.Budgets;

/// <summary>Thresholds: which percentages of a limit an event makes the spending reach, each once a window.</summary>
internal static class LedgerAlerts
{
    public static IEnumerable<LedgerEvent> After(LedgerState state, LedgerEvent posting, DateTimeOffset now)
    {
        var postings = posting switch
        {
            LedgerEvent.LeaseRenewed e => e.Postings,
            LedgerEvent.LeaseSettled e => e.Postings,
            _ => [],
        };
        foreach (var p in postings.Where(p => p.Spent > Money.Zero))
        {
            var account = state.Budgets[p.Budget];
            if (account.Spec.Limit is not { Micros: > 0 } limit)
                continue;
            var already = account.AlertedWindow == p.Window ? account.AlertedPercent : 0;
            var reached = account.Spec.AlertAt.LastOrDefault(percent => (Int128)p.SpentAfter.Micros * 100 >= (Int128)limit.Micros * percent);
            if (reached > already && p.Window >= account.AlertedWindow)
                yield return new LedgerEvent.AlertReached(p.Budget, p.Window, reached, now);
        }
    }
}
