using System.Collections.Immutable;
using System.Diagnostics;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Domain.Budgets;

/// <summary>The fold of a ledger's events.</summary>
internal static class LedgerFold
{
    /// <summary>Spent windows are kept so long that a change of the window's length can count them anew.</summary>
    private static readonly TimeSpan WindowMemory = TimeSpan.FromDays(40);

    public static LedgerState Apply(LedgerState state, LedgerEvent @event) => @event switch
    {
        LedgerEvent.Configured e => Configure(state, e),
        LedgerEvent.LeaseGranted e => Grant(state, e),
        LedgerEvent.LeaseRenewed e => Renew(state, e),
        LedgerEvent.LeaseSettled e => Settle(state, e),
        LedgerEvent.RequestQueued e => Enqueue(state, e),
        LedgerEvent.RequestWithdrawn e => Remember(Dequeue(state, e.Lease), e.Lease, e.At),
        LedgerEvent.RenewalDenied e => state with { Stalled = state.Stalled.SetItem(e.Lease, new StalledRenewal(e.Wish, e.Denial)) },
        LedgerEvent.AlertReached e => Alert(state, e),
        LedgerEvent.RevisionSeen e => state with { Revision = e.Revision },
        _ => throw new UnreachableException($"No fold for {@event.GetType().Name}."),
    };

    private static LedgerState Alert(LedgerState state, LedgerEvent.AlertReached e) =>

        // A retired budget is gone with its last settlement, and that may be the one that reached the threshold.
        state.Budgets.TryGetValue(e.Budget, out var account)
            ? state with { Budgets = state.Budgets.SetItem(e.Budget, account with { AlertedWindow = e.Window, AlertedPercent = e.Percent }) }
            : state;

    private static LedgerState Grant(LedgerState state, LedgerEvent.LeaseGranted e)
    {
        var lease = new Lease(e.Request, e.At, e.Until, Money.Zero, e.At, e.Request.WorstRate);
        state = Dequeue(state, e.Request.Lease);
        var budgets = Holds.Fold(state.Budgets, e.Postings);
        return state with
        {
            Budgets = Holds.Count(budgets, state.Chain(e.Request.Budget), +1, e.Request.Gpus),
            Leases = state.Leases.SetItem(lease.Id, lease),
        };
    }

    private static LedgerState Renew(LedgerState state, LedgerEvent.LeaseRenewed e)
    {
        var lease = state.Leases[e.Lease];
        var posted = e.Posted > Money.Zero;
        return state with
        {
            Budgets = Holds.Fold(state.Budgets, e.Postings),
            Leases = state.Leases.SetItem(e.Lease, lease with
            {
                HeldFrom = e.HeldFrom,
                Until = e.Until,
                Posted = lease.Posted + e.Posted,
                LastFrom = posted ? e.PostedFrom : lease.LastFrom,
                LastRate = posted ? e.Rate : lease.LastRate,
            }),
            Stalled = state.Stalled.Remove(e.Lease),
        };
    }

    private static LedgerState Settle(LedgerState state, LedgerEvent.LeaseSettled e)
    {
        var lease = state.Leases[e.Lease];
        var budgets = Holds.Count(Holds.Fold(state.Budgets, e.Postings), state.Chain(lease.Terms.Budget), -1, -lease.Terms.Gpus);
        state = Remember(state with { Budgets = budgets, Leases = state.Leases.Remove(e.Lease), Stalled = state.Stalled.Remove(e.Lease) }, e.Lease, e.At);
        return Forget(state, lease.Terms.Budget, e.At);
    }

    private static LedgerState Enqueue(LedgerState state, LedgerEvent.RequestQueued e)
    {
        state = Dequeue(state, e.Request.Lease);
        var waiter = new Waiter(e.Request, e.Ticket, e.Denial);
        var place = state.Waiting.FindIndex(w => w.Request.Priority < waiter.Request.Priority
            || (w.Request.Priority == waiter.Request.Priority && w.Ticket > waiter.Ticket));
        return state with
        {
            Waiting = place < 0 ? state.Waiting.Add(waiter) : state.Waiting.Insert(place, waiter),
            NextTicket = Math.Max(state.NextTicket, e.Ticket + 1),
        };
    }

    private static LedgerState Dequeue(LedgerState state, InstanceId lease)
    {
        var place = state.Waiting.FindIndex(w => w.Request.Lease == lease);
        return place < 0 ? state : state with { Waiting = state.Waiting.RemoveAt(place) };
    }

    private static LedgerState Remember(LedgerState state, InstanceId lease, DateTimeOffset at)
    {
        var closed = state.Closed.Add(lease);
        while (closed.Count > 0 && at - closed[0].CreatedAt > LedgerState.Memory)
            closed = closed.Remove(closed[0]);
        return state with { Closed = closed };
    }

    /// <summary>Drops what no longer matters: windows long past, and retired budgets without leases.</summary>
    private static LedgerState Forget(LedgerState state, BudgetName leaf, DateTimeOffset at)
    {
        foreach (var account in state.Chain(leaf).ToArray())
        {
            if (account.Retired && account.Instances == 0)
            {
                state = state with { Budgets = state.Budgets.Remove(account.Spec.Name) };
                continue;
            }

            var kept = account;
            while (kept.Spec.Window != BudgetWindow.Total && kept.Windows.Count > 1
                && kept.Windows.First() is { Value.Held.Micros: 0 } oldest && at - oldest.Key > WindowMemory)
            {
                kept = kept with { Windows = kept.Windows.Remove(oldest.Key), Archived = kept.Archived + oldest.Value.Spent };
            }

            if (!ReferenceEquals(kept, account))
                state = state with { Budgets = state.Budgets.SetItem(account.Spec.Name, kept) };
        }

        return state;
    }

    private static LedgerState Configure(LedgerState state, LedgerEvent.Configured e)
    {
        var declared = e.Tree.ToImmutableSortedDictionary(b => b.Name, b => b);
        var budgets = ImmutableSortedDictionary.CreateBuilder<BudgetName, BudgetAccount>();
        foreach (var spec in e.Tree)
            budgets[spec.Name] = state.Budgets.TryGetValue(spec.Name, out var before) ? Recount(before, spec, e.At) : new BudgetAccount { Spec = spec };

        // A budget that is no longer declared keeps its last limits until its last lease is settled.
        foreach (var before in state.Budgets.Values.Where(b => !declared.ContainsKey(b.Spec.Name) && b.Instances > 0))
            budgets[before.Spec.Name] = before with { Retired = true };

        return Rehold(state with { Budgets = budgets.ToImmutable(), Revision = e.Revision });
    }

    /// <summary>
    /// Counts what was spent into the windows of the new spec. Where an old window is longer than a new one it cannot be told when in it the money
    /// was spent: all of the current one then counts as spent in the current window, so that a limit is never exceeded by a change of its window.
    /// </summary>
    private static BudgetAccount Recount(BudgetAccount before, BudgetSpec spec, DateTimeOffset at)
    {
        if (before.Spec.Window == spec.Window && before.Spec.TimeZone == spec.TimeZone)
            return before with { Spec = spec, Retired = false };

        var after = new BudgetAccount { Spec = spec, Archived = spec.Window == BudgetWindow.Total ? Money.Zero : before.Archived, Instances = before.Instances, Gpus = before.Gpus };
        var windows = ImmutableSortedDictionary.CreateBuilder<DateTimeOffset, Balance>();
        if (spec.Window == BudgetWindow.Total && before.Archived > Money.Zero)
            windows[BudgetCalendar.Always] = new Balance(Money.Zero, before.Archived);
        foreach (var (start, balance) in before.Windows)
        {
            var current = start <= at && at < before.EndOf(start);
            var window = after.WindowOf(current ? at : start);
            windows[window] = new Balance(Money.Zero, windows.GetValueOrDefault(window, Balance.Zero).Spent + balance.Spent);
        }

        return after with { Windows = windows.ToImmutable() };
    }

    /// <summary>Computes holds and counts anew from the open leases: the tree may have another shape now.</summary>
    private static LedgerState Rehold(LedgerState state)
    {
        var budgets = state.Budgets.ToImmutableSortedDictionary(b => b.Key, b => b.Value with
        {
            Instances = 0,
            Gpus = 0,
            Windows = b.Value.Windows.ToImmutableSortedDictionary(w => w.Key, w => w.Value with { Held = Money.Zero }),
        });
        state = state with { Budgets = budgets };
        foreach (var lease in state.Leases.Values.OrderBy(l => l.Id))
        {
            var chain = state.Chain(lease.Terms.Budget).ToArray();
            var change = new Holds.Change();
            change.Hold(chain, lease.HeldFrom, lease.Until, lease.Terms.WorstRate, +1);
            state = state with { Budgets = Holds.Count(Holds.Fold(state.Budgets, change.PostTo(state)), chain, +1, lease.Terms.Gpus) };
        }

        return state;
    }
}
