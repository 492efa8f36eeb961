using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Queues;

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
        foreach (var @event in first)
            state = LedgerFold.Apply(state, @event);

        // What is given takes money from others, and a renewal also frees some: those who still wait are judged anew until nothing more can be
        // given, and only then is it noted for what they wait.
        var given = new Given(state, first, effects, now);
        List<LedgerEvent> moved = [];
        do
            moved.Clear();
        while (Renewed(given, moved) || Leased(given, moved));
        return new([.. given.Events, .. moved], given.Answers);
    }

    /// <summary>What one decision gives away, and the state that follows from it.</summary>
    private sealed class Given(LedgerState state, IReadOnlyList<LedgerEvent> first, IReadOnlyList<LedgerEffect> effects, DateTimeOffset now)
    {
        public LedgerState State { get; private set; } = state;

        public DateTimeOffset Now => now;

        public List<LedgerEvent> Events { get; } = [.. first];

        public List<LedgerEffect> Answers { get; } = [.. effects];

        public void Record(LedgerEvent @event, QueueName queue, InstanceId lease, LeaseAnswer answer)
        {
            Events.Add(@event);
            State = LedgerFold.Apply(State, @event);
            Answers.Add(new LedgerEffect.Tell(queue, lease, answer));
        }
    }

    /// <summary>Renews the denied leases that fit now. Returns whether there were any; adds what moved for the others.</summary>
    private static bool Renewed(Given given, List<LedgerEvent> moved)
    {
        var any = false;
        var state = given.State;
        foreach (var lease in state.Stalled.Keys.Select(id => state.Leases[id]).OrderByDescending(l => l.Terms.Priority).ThenBy(l => l.Id))
        {
            var stalled = state.Stalled[lease.Id];
            var (renewed, stillDenied) = TryRenew(given.State, lease, stalled.Wish, null, given.Now);
            if (renewed is not null)
            {
                given.Record(renewed, lease.Terms.Queue, lease.Id, new LeaseAnswer.Granted(renewed.Until));
                any = true;
            }
            else if (Moved(stalled.Denial, stillDenied!))
            {
                moved.Add(new LedgerEvent.RenewalDenied(lease.Id, stalled.Wish, stillDenied!, given.Now));
            }
        }

        return any;
    }

    /// <summary>Grants or refuses for good what can be in the line of new leases. Returns whether there was any; adds what moved for the others.</summary>
    private static bool Leased(Given given, List<LedgerEvent> moved)
    {
        var any = false;
        Dictionary<BudgetName, Denial> exhausted = [];
        foreach (var waiter in given.State.Waiting)
        {
            var request = waiter.Request;
            var chain = given.State.Chain(request.Budget).ToArray();
            var ahead = chain.Select(c => exhausted.GetValueOrDefault(c.Spec.Name)).FirstOrDefault(d => d is not null);
            var verdict = NeverFits(chain, request) is { } reason ? new Verdict(null, null, reason)
                : ahead is not null ? new Verdict(null, ahead, null)
                : TryGrant(given.State, chain, request, given.Now);
            if (verdict.Denial is { } denial)
            {
                exhausted.TryAdd(denial.Budget, denial);
                if (Moved(waiter.Denial, denial))
                    moved.Add(new LedgerEvent.RequestQueued(request, waiter.Ticket, denial, given.Now));
                continue;
            }

            any = true;
            if (verdict.Granted is { } granted)
                given.Record(granted, request.Queue, request.Lease, new LeaseAnswer.Granted(granted.Until));
            else
                given.Record(new LedgerEvent.RequestWithdrawn(request.Lease, given.Now), request.Queue, request.Lease, new LeaseAnswer.Impossible(verdict.Impossible!));
        }

        return any;
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
