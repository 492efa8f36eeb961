using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Domain.Budgets;

/// <summary>Who gets money: the verdict on one request, and the line of those who wait for it.</summary>
internal static class LedgerQueue
{
    /// <summary>Exactly one of the three is set.</summary>
    internal sealed record Verdict(LedgerEvent.LeaseGranted? Granted, Denial? Denial, string? Impossible);

    /// <summary>Judges a new request: the limits, and those who stand in line before it.</summary>
    public static Verdict Judge(LedgerState state, LeaseRequest request, DateTimeOffset now)
    {
        var chain = state.Chain(request.Budget).ToArray();
        if (chain.Length == 0)
            return new(null, null, $"budget {request.Budget} does not exist");
        if (NeverFits(chain, request) is { } reason)
            return new(null, null, reason);

        // Whoever came before and is at least as important is not overtaken in the budget that holds it up.
        var ahead = state.Waiting.Find(w => w.Request.Priority >= request.Priority && Array.Exists(chain, c => c.Spec.Name == w.Denial.Budget));
        return ahead is not null ? new(null, ahead.Denial with { Kind = LimitKind.Line }, null) : TryGrant(state, chain, request, now);
    }

    /// <summary>Renews a lease if that fits. What has passed is posted at the price that was seen, as far as that is known; the hold moves on from there to now + length.</summary>
    public static (LedgerEvent.LeaseRenewed? Renewed, Denial? Denial) TryRenew(
        LedgerState state, Lease lease, RenewalWish wish, DateTimeOffset? notBefore, DateTimeOffset now)
    {
        var chain = state.Chain(lease.Terms.Budget).ToArray();
        var change = new Holds.Change();
        change.Hold(chain, lease.HeldFrom, lease.Until, lease.Terms.WorstRate, -1);
        var heldFrom = lease.HeldFrom;
        var postedFrom = lease.HeldFrom;
        var posted = Money.Zero;
        if (wish.StartedAt is { } started)
        {
            postedFrom = Later(started, lease.HeldFrom);
            heldFrom = Later(wish.PostUntil is { } known && known < now ? known : now, lease.HeldFrom);
            if (postedFrom < heldFrom)
            {
                change.Spend(chain, postedFrom, heldFrom, wish.Rate, +1);
                posted = wish.Rate.Over(heldFrom - postedFrom);
            }
        }
        else if (notBefore is { } free)
        {
            heldFrom = Later(free, lease.HeldFrom);
        }

        // The clock of another node may be behind: time that was prepaid is not taken away.
        var until = Later(now + lease.Terms.Length, lease.Until);
        change.Hold(chain, heldFrom, until, lease.Terms.WorstRate, +1);
        return Holds.FirstBroken(state, change, now) is { } denial
            ? (null, denial)
            : (new LedgerEvent.LeaseRenewed(lease.Id, now, heldFrom, until, posted, postedFrom, wish.Rate, change.PostTo(state)), null);
    }

    /// <summary>After the given events, serves whoever waits: renewals first (they keep work alive), then new leases in their order.</summary>
    public static Decision<LedgerEvent, LedgerEffect> Serve(
        LedgerState state, IReadOnlyList<LedgerEvent> first, IReadOnlyList<LedgerEffect> effects, DateTimeOffset now)
    {
        List<LedgerEvent> events = [.. first];
        List<LedgerEffect> answers = [.. effects];
        foreach (var @event in first)
            state = LedgerFold.Apply(state, @event);

        void Record(LedgerEvent @event)
        {
            events.Add(@event);
            state = LedgerFold.Apply(state, @event);
        }

        foreach (var lease in state.Stalled.Keys.Select(id => state.Leases[id]).OrderByDescending(l => l.Terms.Priority).ThenBy(l => l.Id).ToArray())
        {
            var stalled = state.Stalled[lease.Id];
            var (renewed, stillDenied) = TryRenew(state, lease, stalled.Wish, null, now);
            if (renewed is null)
            {
                if (Moved(stalled.Denial, stillDenied!))
                    Record(new LedgerEvent.RenewalDenied(lease.Id, stalled.Wish, stillDenied!, now));
                continue;
            }

            Record(renewed);
            answers.Add(new LedgerEffect.Tell(lease.Terms.Queue, lease.Id, new LeaseAnswer.Granted(renewed.Until)));
        }

        Dictionary<BudgetName, Denial> exhausted = [];
        foreach (var waiter in state.Waiting)
        {
            var request = waiter.Request;
            var chain = state.Chain(request.Budget).ToArray();
            var ahead = chain.Select(c => exhausted.GetValueOrDefault(c.Spec.Name)).FirstOrDefault(d => d is not null);
            var verdict = NeverFits(chain, request) is { } reason ? new Verdict(null, null, reason)
                : ahead is not null ? new Verdict(null, ahead, null)
                : TryGrant(state, chain, request, now);
            if (verdict.Granted is { } granted)
            {
                Record(granted);
                answers.Add(new LedgerEffect.Tell(request.Queue, request.Lease, new LeaseAnswer.Granted(granted.Until)));
            }
            else if (verdict.Impossible is { } never)
            {
                Record(new LedgerEvent.RequestWithdrawn(request.Lease, now));
                answers.Add(new LedgerEffect.Tell(request.Queue, request.Lease, new LeaseAnswer.Impossible(never)));
            }
            else
            {
                var denial = verdict.Denial!;
                exhausted.TryAdd(denial.Budget, denial);
                if (Moved(waiter.Denial, denial))
                    Record(new LedgerEvent.RequestQueued(request, waiter.Ticket, denial, now));
            }
        }

        return new(events, answers);
    }

    /// <summary>Whoever waits must know for what: else the end of a window that is over would come due again and again.</summary>
    private static bool Moved(Denial before, Denial after) => before.Budget != after.Budget || before.Kind != after.Kind || before.WindowEnds != after.WindowEnds;

    private static Verdict TryGrant(LedgerState state, BudgetAccount[] chain, LeaseRequest request, DateTimeOffset now)
    {
        if (Holds.FirstFull(chain, request.Gpus) is { } full)
            return new(null, full, null);
        var change = new Holds.Change();
        var until = now + request.Length;
        change.Hold(chain, now, until, request.WorstRate, +1);
        return Holds.FirstBroken(state, change, now) is { } denial
            ? new(null, denial, null)
            : new(new LedgerEvent.LeaseGranted(request, now, until, change.PostTo(state)), null, null);
    }

    private static string? NeverFits(BudgetAccount[] chain, LeaseRequest request)
    {
        if (chain.Length == 0)
            return $"budget {request.Budget} does not exist";
        var hold = request.WorstRate.Over(request.Length);
        foreach (var account in chain)
        {
            if (account.Spec.Limit is { } limit && hold > limit && !CutByWindow(account, request.Length))
                return $"one lease needs {hold} and budget {account.Spec.Name} is limited to {limit}";
            if (account.Spec.MaxInstances is 0)
                return $"budget {account.Spec.Name} allows no instances";
            if (request.Gpus > 0 && account.Spec.MaxGpus < request.Gpus)
                return $"an instance has {request.Gpus} GPUs and budget {account.Spec.Name} allows {account.Spec.MaxGpus}";
        }

        return null;
    }

    /// <summary>A lease longer than the window is cut into several windows, so that its whole price says nothing.</summary>
    private static bool CutByWindow(BudgetAccount account, TimeSpan length) => account.Spec.Window switch
    {
        BudgetWindow.Hour => length > TimeSpan.FromMinutes(30),
        BudgetWindow.Day or BudgetWindow.Week or BudgetWindow.Month => length > TimeSpan.FromHours(22),
        BudgetWindow.Total => false,
    };

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}
