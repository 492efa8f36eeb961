using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Pricing;
using CsCheck;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Budgets;

/// <summary>Promise P1 under any order of requests, renewals and settlements, as long as every machine ends when its prepaid time does.</summary>
public sealed class LedgerProperties
{
    private static readonly Gen<BudgetSpec[]> Trees =
        from org in OneOf(BudgetWindow.Hour, BudgetWindow.Day, BudgetWindow.Total)
        from team in OneOf(BudgetWindow.Hour, BudgetWindow.Week, BudgetWindow.Total)
        from zone in OneOf("UTC", "Asia/Kathmandu", "Australia/Lord_Howe")
        from limit in Gen.Int[1, 40]
        from most in Gen.Int[1, 5]
        select new[]
        {
            Spec("org", limit / 10m, org) with { TimeZone = zone },
            Spec("team", limit / 15m, team, "org") with { AlertAt = [50, 90] },
            Spec("lab", null, team, "org") with { MaxInstances = most, MaxGpus = 4 },
        };

    private static readonly Gen<(int Kind, int N, int Minutes, int Rate)[]> Histories =
        Gen.Select(Gen.Int[0, 9], Gen.Int[1, 12], Gen.Int[0, 50], Gen.Int[0, 10]).Array[1, 80];

    [Fact]
    public void AnyHistory_NobodyOutlivesItsLease_NeverExceedsALimitAndBalancesAdd() => Gen.Select(Trees, Histories).Sample((tree, history) =>
    {
        var ledger = LedgerSubject.With(tree);
        Dictionary<(BudgetName, DateTimeOffset), Balance> balances = [];
        void Check(Decision<LedgerEvent, LedgerEffect> decision)
        {
            Add(balances, decision.Events);
            AssertSound(ledger.State, balances);
        }

        foreach (var (kind, n, minutes, rate) in history)
        {
            var request = Request(n, n % 3 == 0 ? "lab" : "team", minutes: 1 + (minutes / 2), priority: n % 3, gpus: n % 4, rate: 1);
            var price = HourlyRate.FromDollars(rate / 10m);
            switch (kind)
            {
                case <= 3:
                    Check(ledger.Reserve(request));
                    break;
                case <= 5 when ledger.State.Leases.TryGetValue(Id(n), out var lease):
                    Check(ledger.Renew(n, rate == 0 ? null : lease.HeldFrom, price));
                    break;
                case 6:
                    var held = ledger.State.Leases.GetValueOrDefault(Id(n));
                    Check(rate == 0 || held is null ? ledger.Settle(n) : ledger.Settle(n, held.HeldFrom, Earlier(ledger.Now, held.Until), price));
                    break;
                default:
                    EndThoseWhoseTimeIsOver(ledger, ledger.Now.AddMinutes(minutes), Check);
                    break;
            }
        }

        for (var rounds = 0; ledger.State.Leases.Count > 0 || ledger.Machine.Deadline is not null; rounds++)
        {
            Assert.True(rounds < 500, "somebody waits although everything else was settled");
            EndThoseWhoseTimeIsOver(ledger, ledger.Now.AddHours(12), Check);
        }

        // Whoever is left waits for a budget without an end that is used up.
        Assert.All(ledger.State.Waiting, w => Assert.True(
            w.Denial.Kind is LimitKind.Money or LimitKind.Line && ledger.State.Budgets[w.Denial.Budget].Spec.Window == BudgetWindow.Total, w.Denial.Sentence));
        Assert.All(ledger.State.Budgets.Values, b => Assert.Equal((0, 0), (b.Instances, b.Gpus)));
    }, iter: 400);

    /// <summary>Time passes; each lease whose time ends before is settled at its end, each window's begin is served.</summary>
    private static void EndThoseWhoseTimeIsOver(LedgerSubject ledger, DateTimeOffset to, Action<Decision<LedgerEvent, LedgerEffect>> check)
    {
        while (true)
        {
            var ending = ledger.State.Leases.Values.Where(l => l.Until <= to).OrderBy(l => l.Until).ThenBy(l => l.Id).FirstOrDefault();
            var deadline = ledger.Machine.Deadline;
            if (deadline <= to && (ending is null || deadline <= ending.Until))
            {
                ledger.Machine.At(deadline.Value);
                check(ledger.Tick());
                Assert.True(!(ledger.Machine.Deadline <= deadline), "hot loop");
            }
            else if (ending is not null)
            {
                ledger.Machine.At(ending.Until > ledger.Now ? ending.Until : ledger.Now);
                check(ledger.Machine.Send(new LedgerCommand.Settle(ending.Id, Queue, ending.HeldFrom, ending.Until, Dollar)));
            }
            else
            {
                break;
            }
        }

        ledger.Machine.At(to);
    }

    private static void Add(Dictionary<(BudgetName, DateTimeOffset), Balance> balances, IEnumerable<LedgerEvent> events)
    {
        foreach (var p in events.SelectMany(Postings))
        {
            var before = balances.GetValueOrDefault((p.Budget, p.Window), Balance.Zero);
            var after = new Balance(before.Held + p.Held, before.Spent + p.Spent);
            Assert.Equal(new Balance(p.HeldAfter, p.SpentAfter), after);
            balances[(p.Budget, p.Window)] = after;
        }
    }

    private static IReadOnlyList<Posting> Postings(LedgerEvent @event) => @event switch
    {
        LedgerEvent.LeaseGranted e => e.Postings,
        LedgerEvent.LeaseRenewed e => e.Postings,
        LedgerEvent.LeaseSettled e => e.Postings,
        _ => [],
    };

    private static void AssertSound(LedgerState state, Dictionary<(BudgetName, DateTimeOffset), Balance> balances)
    {
        Dictionary<(BudgetName, DateTimeOffset), Money> holds = [];
        foreach (var lease in state.Leases.Values)
        {
            foreach (var account in state.Chain(lease.Terms.Budget))
            {
                for (var from = lease.HeldFrom; from < lease.Until;)
                {
                    var window = account.WindowOf(from);
                    var part = Earlier(account.EndOf(window), lease.Until);
                    holds[(account.Spec.Name, window)] = holds.GetValueOrDefault((account.Spec.Name, window)) + lease.Terms.WorstRate.Over(part - from);
                    from = part;
                }
            }

            Assert.Null(state.WaiterOf(lease.Id));
            Assert.DoesNotContain(lease.Id, state.Closed);
        }

        Assert.All(state.Waiting, w => Assert.DoesNotContain(w.Request.Lease, state.Closed));
        Assert.All(state.Stalled.Keys, id => Assert.Contains(id, state.Leases.Keys));
        foreach (var account in state.Budgets.Values)
        {
            Assert.Equal(state.Leases.Values.Count(l => state.Chain(l.Terms.Budget).Any(c => c.Spec.Name == account.Spec.Name)), account.Instances);
            Assert.True(account.Spec.MaxInstances is not { } most || account.Instances <= most);
            Assert.True(account.Spec.MaxGpus is not { } gpus || account.Gpus <= gpus);
            foreach (var (window, balance) in account.Windows)
            {
                Assert.Equal(holds.GetValueOrDefault((account.Spec.Name, window)), balance.Held);
                Assert.Equal(balances[(account.Spec.Name, window)], balance);
                Assert.True(account.Spec.Limit is not { } limit || balance.Committed <= limit, $"{account.Spec.Name} has {balance} of {account.Spec.Limit} in {window:O}");
            }
        }
    }

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
