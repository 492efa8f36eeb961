using System.Diagnostics;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Pricing;
using LedgerDecision = ControlPlane.Domain.Deciding.Decision<ControlPlane.Domain.Budgets.LedgerEvent, ControlPlane.Domain.Budgets.LedgerEffect>;

namespace ControlPlane.Domain.Budgets;

/// <summary>The rules of the ledger of one budget tree. Promise P1 is kept here: a lease is granted only if it fits into its budget and all its ancestors.</summary>
public sealed class LedgerDecider : IDecider<LedgerState, LedgerCommand, LedgerEvent, LedgerEffect>
{
    public static LedgerState Initial => LedgerState.Initial;

    public static LedgerDecision Decide(LedgerState state, LedgerCommand command, Moment moment) => command switch
    {
        LedgerCommand.Reserve c => Reserve(state, c.Request, moment.Now),
        LedgerCommand.Renew c => Renew(state, c, moment.Now),
        LedgerCommand.Settle c => Settle(state, c, moment.Now),
        LedgerCommand.Configure c => Configure(state, c, moment.Now),
        LedgerCommand.Retire c => Retire(state, c, moment.Now),
        LedgerCommand.Tick => LedgerQueue.Serve(state, [], [], moment.Now),
        _ => throw new UnreachableException($"No rule for {command.GetType().Name}."),
    };

    public static LedgerState Apply(LedgerState state, LedgerEvent @event) => LedgerFold.Apply(state, @event);

    /// <summary>A ledger owes nothing on its own: whoever misses an answer asks again.</summary>
    public static IReadOnlyList<LedgerEffect> Resume(LedgerState state, DateTimeOffset now) => [];

    /// <summary>The next end of a window, while somebody waits for money.</summary>
    public static DateTimeOffset? Deadline(LedgerState state)
    {
        DateTimeOffset? earliest = null;
        foreach (var denial in state.Waiting.Select(w => w.Denial).Concat(state.Stalled.Values.Select(s => s.Denial)))
        {
            if (denial.WindowEnds is { } end && (earliest is null || end < earliest))
                earliest = end;
        }

        return earliest;
    }

    private static LedgerDecision Reserve(LedgerState state, LeaseRequest request, DateTimeOffset now)
    {
        if (state.Leases.TryGetValue(request.Lease, out var lease))
            return LedgerDecision.Do(Tell(request, new LeaseAnswer.Granted(lease.Until)));
        if (state.WaiterOf(request.Lease) is { } waiter)
            return LedgerDecision.Do(Tell(request, new LeaseAnswer.Waiting(waiter.Denial)));
        if (state.Closed.Contains(request.Lease) || now - request.Lease.CreatedAt > LedgerState.Memory)
            return LedgerDecision.Do(Tell(request, new LeaseAnswer.Impossible("the account of this instance is closed")));

        // Before the tree is declared for the first time nothing can be said: the instance asks again.
        if (state.Budgets.IsEmpty && state.Revision == 0)
            return LedgerDecision.Nothing;

        var verdict = LedgerQueue.Judge(state, request, now);
        return verdict switch
        {
            { Impossible: { } reason } => LedgerDecision.Do(Tell(request, new LeaseAnswer.Impossible(reason))),
            { Denial: { } denial } => new(
                [new LedgerEvent.RequestQueued(request, state.NextTicket, denial, now)],
                [Tell(request, new LeaseAnswer.Waiting(denial))]),
            { Granted: { } granted } => new([granted], [Tell(request, new LeaseAnswer.Granted(granted.Until))]),
            _ => throw new UnreachableException(),
        };
    }

    private static LedgerDecision Renew(LedgerState state, LedgerCommand.Renew command, DateTimeOffset now)
    {
        if (!state.Leases.TryGetValue(command.Lease, out var lease))
            return LedgerDecision.Do(Tell(command, new LeaseAnswer.Impossible("the ledger has no lease for this instance")));
        if (lease.Until > command.KnownUntil || now + lease.Terms.Length <= lease.Until)
            return LedgerDecision.Do(Tell(command, new LeaseAnswer.Granted(lease.Until)));

        var wish = new RenewalWish(command.KnownUntil, command.StartedAt, command.Rate, command.PostUntil);
        var (renewed, denial) = LedgerQueue.TryRenew(state, lease, wish, command.NotBefore, now);
        if (renewed is not null)
        {
            LedgerEvent[] events = [renewed, .. LedgerAlerts.After(state, renewed, now)];
            LedgerEffect[] granted = [Tell(command, new LeaseAnswer.Granted(renewed.Until))];

            // What was held at the worst price and cost less comes free, in the windows that have it.
            return renewed.Postings.Any(p => p.Held + p.Spent < Money.Zero) ? LedgerQueue.Serve(state, events, granted, now) : new(events, granted);
        }

        var answer = Tell(command, new LeaseAnswer.Denied(denial!, WhenDryOf(state, denial!), lease.Until));
        return state.Stalled.TryGetValue(lease.Id, out var stalled) && stalled.Wish.KnownUntil == command.KnownUntil
            ? LedgerDecision.Do(answer)
            : new([new LedgerEvent.RenewalDenied(lease.Id, wish, denial!, now)], [answer]);
    }

    private static LedgerDecision Settle(LedgerState state, LedgerCommand.Settle command, DateTimeOffset now)
    {
        var closed = Tell(command, new LeaseAnswer.Settled());
        if (state.WaiterOf(command.Lease) is not null)
            return LedgerQueue.Serve(state, [new LedgerEvent.RequestWithdrawn(command.Lease, now)], [closed], now);
        if (!state.Leases.TryGetValue(command.Lease, out var lease))
        {
            // Never asked for, or a repeat. A request that is still on its way must find the account closed.
            return state.Closed.Contains(command.Lease) || now - command.Lease.CreatedAt > LedgerState.Memory
                ? LedgerDecision.Do(closed)
                : new([new LedgerEvent.RequestWithdrawn(command.Lease, now)], [closed]);
        }

        var settled = Close(state, lease, command, now);
        return LedgerQueue.Serve(state, [settled, .. LedgerAlerts.After(state, settled, now)], [closed], now);
    }

    private static LedgerEvent.LeaseSettled Close(LedgerState state, Lease lease, LedgerCommand.Settle command, DateTimeOffset now)
    {
        var chain = state.Chain(lease.Terms.Budget).ToArray();
        var change = new Holds.Change();
        change.Hold(chain, lease.HeldFrom, lease.Until, lease.Terms.WorstRate, -1);
        var cost = lease.Posted;
        var overrun = Money.Zero;
        if (command is { BilledFrom: { } from, BilledUntil: { } until })
        {
            var start = from > lease.HeldFrom ? from : lease.HeldFrom;
            if (until > start)
            {
                change.Spend(chain, start, until, command.Rate, +1);
                cost += command.Rate.Over(until - start);
                overrun = until > lease.Until ? command.Rate.Over(until - lease.Until) : Money.Zero;
            }
            else if (until < lease.HeldFrom && lease.Posted > Money.Zero)
            {
                // It had ended before its last renewal posted time up to that renewal: take that stretch back, never more.
                var back = until > lease.LastFrom ? until : lease.LastFrom;
                var repaid = lease.LastRate.Over(lease.HeldFrom - lease.LastFrom) - lease.LastRate.Over(back - lease.LastFrom);
                change.Spend(chain, lease.LastFrom, lease.HeldFrom, lease.LastRate, -1);
                change.Spend(chain, lease.LastFrom, back, lease.LastRate, +1);
                cost -= repaid;
            }
        }

        return new LedgerEvent.LeaseSettled(lease.Id, now, cost, overrun, change.PostTo(state));
    }

    private static LedgerDecision Configure(LedgerState state, LedgerCommand.Configure command, DateTimeOffset now)
    {
        var acknowledged = new LedgerEffect.Acknowledge(command.Revision);
        if (command.Revision < state.Revision)
            return LedgerDecision.Do(acknowledged);

        var declared = state.Budgets.Values.Where(b => !b.Retired).Select(b => b.Spec);
        if (declared.SequenceEqual(command.Tree.OrderBy(b => b.Name)))
        {
            return command.Revision == state.Revision
                ? LedgerDecision.Do(acknowledged)
                : new([new LedgerEvent.RevisionSeen(command.Revision)], [acknowledged]);
        }

        return LedgerQueue.Serve(state, [new LedgerEvent.Configured(command.Tree, command.Revision, now)], [acknowledged], now);
    }

    private static LedgerDecision Retire(LedgerState state, LedgerCommand.Retire command, DateTimeOffset now)
    {
        if (command.Revision < state.Revision)
            return LedgerDecision.Nothing;
        if (state.Budgets.IsEmpty)
            return LedgerDecision.Do(new LedgerEffect.TellGone(command.Revision));
        if (state.Budgets.Values.All(b => b.Retired))
            return LedgerDecision.Nothing;
        var retired = LedgerQueue.Serve(state, [new LedgerEvent.Configured([], command.Revision, now)], [], now);
        return state.Leases.IsEmpty ? retired.Then(new LedgerEffect.TellGone(command.Revision)) : retired;
    }

    private static WhenDry WhenDryOf(LedgerState state, Denial denial) =>
        state.Budgets.TryGetValue(denial.Budget, out var account) ? account.Spec.WhenDry : WhenDry.Drain;

    private static LedgerEffect.Tell Tell(LeaseRequest request, LeaseAnswer answer) => new(request.Queue, request.Lease, answer);

    private static LedgerEffect.Tell Tell(LedgerCommand.Renew command, LeaseAnswer answer) => new(command.Queue, command.Lease, answer);

    private static LedgerEffect.Tell Tell(LedgerCommand.Settle command, LeaseAnswer answer) => new(command.Queue, command.Lease, answer);
}
