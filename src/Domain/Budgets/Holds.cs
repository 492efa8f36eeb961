using System.Collections.Immutable;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Domain.Budgets;

/// <summary>Arithmetic of money over time: how an amount falls into the windows of a chain of budgets.</summary>
internal static class Holds
{
    /// <summary>A change of what is held and spent, by budget and window.</summary>
    internal sealed class Change
    {
        private readonly Dictionary<(BudgetName Budget, DateTimeOffset Window), (Money Held, Money Spent)> lines = [];

        public void Hold(IEnumerable<BudgetAccount> chain, DateTimeOffset from, DateTimeOffset until, HourlyRate rate, int sign) =>
            Add(chain, from, until, rate, (amount, line) => (line.Held + (sign > 0 ? amount : -amount), line.Spent));

        public void Spend(IEnumerable<BudgetAccount> chain, DateTimeOffset from, DateTimeOffset until, HourlyRate rate, int sign) =>
            Add(chain, from, until, rate, (amount, line) => (line.Held, line.Spent + (sign > 0 ? amount : -amount)));

        public IEnumerable<(BudgetName Budget, DateTimeOffset Window, Money Held, Money Spent)> Lines =>
            lines.Select(l => (l.Key.Budget, l.Key.Window, l.Value.Held, l.Value.Spent)).Where(l => l.Held != Money.Zero || l.Spent != Money.Zero);

        /// <summary>The lines with the balances that follow from them.</summary>
        public IReadOnlyList<Posting> PostTo(LedgerState state) =>
            [.. Lines.Select(l =>
            {
                var before = state.Budgets[l.Budget].At(l.Window);
                return new Posting(l.Budget, l.Window, l.Held, l.Spent, before.Held + l.Held, before.Spent + l.Spent);
            })];

        private void Add(
            IEnumerable<BudgetAccount> chain, DateTimeOffset from, DateTimeOffset until, HourlyRate rate, Func<Money, (Money Held, Money Spent), (Money, Money)> add)
        {
            foreach (var account in chain)
            {
                foreach (var (window, amount) in Split(account, from, until, rate))
                {
                    var key = (account.Spec.Name, window);
                    lines[key] = add(amount, lines.GetValueOrDefault(key));
                }
            }
        }
    }

    /// <summary>The price of [from, until), cut at the budget's windows; each part is rounded up.</summary>
    public static IEnumerable<(DateTimeOffset Window, Money Amount)> Split(BudgetAccount account, DateTimeOffset from, DateTimeOffset until, HourlyRate rate)
    {
        while (from < until)
        {
            var window = account.WindowOf(from);
            var end = account.EndOf(window);
            var part = end < until ? end : until;
            yield return (window, rate.Over(part - from));
            from = part;
        }
    }

    /// <summary>The first limit of the chain that the change would break, if any.</summary>
    public static Denial? FirstBroken(LedgerState state, Change change, DateTimeOffset now)
    {
        foreach (var (budget, window, held, spent) in change.Lines)
        {
            var account = state.Budgets[budget];
            var added = held + spent;
            var committed = account.At(window).Committed;
            if (account.Spec.Limit is { } limit && added > Money.Zero && committed + added > limit)
            {
                // A window that is over is not helped by time.
                var end = account.EndOf(window);
                DateTimeOffset? helps = account.Spec.Window == BudgetWindow.Total || end <= now ? null : end;
                return new Denial(budget, LimitKind.Money, limit.Micros, committed.Micros, added.Micros, helps);
            }
        }

        return null;
    }

    /// <summary>The first count of the chain that one more instance would break, if any.</summary>
    public static Denial? FirstFull(IEnumerable<BudgetAccount> chain, int gpus)
    {
        foreach (var account in chain)
        {
            if (account.Spec.MaxInstances is { } most && account.Instances + 1 > most)
                return new Denial(account.Spec.Name, LimitKind.Instances, most, account.Instances, 1, null);
            if (gpus > 0 && account.Spec.MaxGpus is { } mostGpus && account.Gpus + gpus > mostGpus)
                return new Denial(account.Spec.Name, LimitKind.Gpus, mostGpus, account.Gpus, gpus, null);
        }

        return null;
    }

    /// <summary>Adds the postings' changes to the balances.</summary>
    public static ImmutableSortedDictionary<BudgetName, BudgetAccount> Fold(
        ImmutableSortedDictionary<BudgetName, BudgetAccount> budgets, IReadOnlyList<Posting> postings)
    {
        foreach (var p in postings)
        {
            var account = budgets[p.Budget];
            var balance = account.At(p.Window);
            budgets = budgets.SetItem(
                p.Budget, account with { Windows = account.Windows.SetItem(p.Window, new Balance(balance.Held + p.Held, balance.Spent + p.Spent)) });
        }

        return budgets;
    }

    /// <summary>Adds instances and GPUs (or takes them away) along the chain.</summary>
    public static ImmutableSortedDictionary<BudgetName, BudgetAccount> Count(
        ImmutableSortedDictionary<BudgetName, BudgetAccount> budgets, IEnumerable<BudgetAccount> chain, int instances, int gpus)
    {
        foreach (var name in chain.Select(c => c.Spec.Name).ToArray())
        {
            var account = budgets[name];
            budgets = budgets.SetItem(name, account with { Instances = account.Instances + instances, Gpus = account.Gpus + gpus });
        }

        return budgets;
    }
}
