using System.Diagnostics;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Providers;

namespace ControlPlane.Domain.Instances;

/// <summary>
/// The rules of one instance's life. A rule only says what happened; what is to be done follows from the state (<see cref="Resume"/>), so that a restarted
/// instance does exactly what a running one would.
/// </summary>
public static class InstanceDecider
{
    /// <summary>Decides a command: the events, and whatever the new state owes the world that the old one did not.</summary>
    public static Decision<InstanceEvent, InstanceEffect> Decide(InstanceState state, InstanceCommand command, DateTimeOffset now)
    {
        List<InstanceEvent> events = [];
        var next = state;
        void Record(InstanceEvent @event)
        {
            events.Add(@event);
            next = InstanceFold.Apply(next, @event);
        }

        Route(state, command, now, Record);
        IReadOnlyList<InstanceEffect> owed = [];
        if (events.Count > 0)
        {
            var before = Resume(state);
            owed = [.. Resume(next).Where(e => !before.Contains(e))];
        }

        // The gateway keeps its answer until it hears that it was recorded, also when it was recorded long ago.
        return command is InstanceCommand.LaunchAnswered answered
            ? new(events, [.. owed, new InstanceEffect.AskGateway(state.Pool.Provider, new GatewayCommand.Acknowledge(state.Id, answered.Attempt))])
            : new(events, owed);
    }

    public static InstanceState Apply(InstanceState state, InstanceEvent @event) => InstanceFold.Apply(state, @event);

    /// <summary>Everything that the instance still owes the world.</summary>
    public static IReadOnlyList<InstanceEffect> Resume(InstanceState state)
    {
        List<InstanceEffect> owed = [];
        switch (state.Phase)
        {
            case Phase.Requested:
                owed.Add(Ledger(state, new LedgerCommand.Reserve(Terms(state))));
                break;
            case Phase.Launching:
                owed.Add(Gateway(state, new GatewayCommand.Launch(new LaunchIntent(state.Id, state.Queue, state.LeaseUntil!.Value, state.Adopts?.NativeId), state.Attempt, state.Offer, state.Pool)));
                break;
            case Phase.Draining:
                owed.Add(state.StopFeedingAnswered ? new InstanceEffect.LookAgain(state.Source) : new InstanceEffect.StopFeeding(state.Source));
                break;
            case Phase.Terminating:
                owed.Add(Gateway(state, new GatewayCommand.Terminate(new InstanceRef(state.Id, state.NativeId))));
                if (LeavingRules.ReturnsEarly(state) && !state.TasksReturned)
                    owed.Add(new InstanceEffect.ReturnTasks(state.Source, state.LeavingBecause ?? "its machine is taken back"));
                break;
            case Phase.Ended:
                if (!state.TasksReturned)
                    owed.Add(new InstanceEffect.ReturnTasks(state.Source, state.LeavingBecause ?? "its machine ended"));
                if (!state.Settled)
                    owed.Add(Ledger(state, Settlement(state)));
                break;
            case Phase.Booting when state.BootOverdue:
                owed.Add(new InstanceEffect.LookAgain(state.Source));
                break;
            case Phase.Leased or Phase.Booting or Phase.Idle or Phase.Busy:
                break;
            default:
                throw new UnreachableException();
        }

        if (ConsoleOwed(state))
            owed.Add(Gateway(state, new GatewayCommand.ReadConsole(new InstanceRef(state.Id, state.NativeId), state.Queue)));
        if (RenewalOwed(state))
            owed.Add(Ledger(state, new LedgerCommand.Renew(state.Id, state.Queue, state.LeaseUntil!.Value, state.StartedAt, state.FirstAskedAt, state.Price, state.PostUntil)));
        return owed;
    }

    /// <summary>When time alone next matters to it.</summary>
    public static DateTimeOffset? Deadline(InstanceState state)
    {
        if (state.Phase is Phase.Requested or Phase.Ended)
            return null;
        DateTimeOffset? next = null;
        void Consider(DateTimeOffset? at)
        {
            if (at is not null && (next is null || at < next))
                next = at;
        }

        if (state.CanLeave)
            Consider(state.OverdueSince is { } overdue && state.Dry is null ? overdue + (state.Margin / 2) : state.CutoffAt);
        if (state.Dry is null && state.RenewalAskedFor != state.LeaseUntil)
            Consider(state.RenewAt);

        if (state is { Phase: Phase.Booting, BootOverdue: false })
            Consider(state.BootLimit);
        if (state is { Phase: Phase.Leased, Leaving: null })
            Consider(state.AskAgainAt);
        return next;
    }

    private static void Route(InstanceState state, InstanceCommand command, DateTimeOffset now, Action<InstanceEvent> record)
    {
        switch (command)
        {
            case InstanceCommand.LeaseAnswered c:
                LeaseRules.Answered(state, c.Answer, now, record);
                break;
            case InstanceCommand.LaunchAnswered c:
                LaunchRules.Answered(state, c, now, record);
                break;
            case InstanceCommand.MachineSeen c:
                MachineRules.Seen(state, c, now, record);
                break;
            case InstanceCommand.MachineAbsent c:
                MachineRules.Absent(state, c, now, record);
                break;
            case InstanceCommand.WorkersSeen c:
                WorkerRules.Seen(state, c, now, record);
                break;
            case InstanceCommand.Drain c:
                LeavingRules.Drain(state, c.Outcome, c.Because, now, record);
                break;
            case InstanceCommand.Terminate c:
                LeavingRules.Terminate(state, c.Outcome, c.Because, now, record);
                break;
            case InstanceCommand.FeedingStopped c:
                if (state.Phase == Phase.Draining && !state.StopFeedingAnswered)
                    LeavingRules.FeedingStopped(state, c.Supported, now, record);
                break;
            case InstanceCommand.TasksReturned c:
                if ((state.Phase == Phase.Ended || LeavingRules.ReturnsEarly(state)) && !state.TasksReturned)
                    record(new InstanceEvent.TasksReturned(c.Result.Requeued, c.Result.GivenUp, now));
                break;
            case InstanceCommand.ConsoleRead c:
                // Late is better than never, but what was kept stays.
                if (state is { Leaving: Outcome.StuckBooting, ConsoleKept: false })
                    record(new InstanceEvent.ConsoleKept(ConsoleTail.Of(c.Text), now));
                break;
            case InstanceCommand.Tick:
                Tick(state, now, record);
                break;
            default:
                throw new UnreachableException($"No rule for {command.GetType().Name}.");
        }
    }

    private static void Tick(InstanceState state, DateTimeOffset now, Action<InstanceEvent> record)
    {
        if (state is { Phase: Phase.Booting, BootOverdue: false } && now >= state.BootLimit)
            record(new InstanceEvent.BootTimeOver());
        if (state is { Phase: Phase.Leased, Leaving: null } && state.AskAgainAt <= now && !(state.CutoffAt <= now))
            LaunchRules.AskAgain(state, now, record);
        else
            LeaseRules.Tick(state, now, record);
    }

    /// <summary>Asked beside whatever ends the machine, which waits for no answer; no longer than while the machine may be there.</summary>
    private static bool ConsoleOwed(InstanceState state) =>
        state is { Leaving: Outcome.StuckBooting, NativeId: not null, ConsoleKept: false, Phase: Phase.Draining or Phase.Terminating };

    private static bool RenewalOwed(InstanceState state) =>
        state.LeaseUntil is { } until && state.RenewalAskedFor == until && state.Dry is null && state.Phase is not (Phase.Requested or Phase.Ended);

    private static LeaseRequest Terms(InstanceState state) => new(
        state.Id, state.Queue, state.Pool.Name, state.Budget, state.WorstRate, state.LeaseLength, state.Pool.Offers.Max(o => o.Gpus), state.Priority);

    private static LedgerCommand.Settle Settlement(InstanceState state) => new(
        state.Id, state.Queue, state.StartedAt, state.StartedAt is { } start ? state.Pool.Billing.BilledEnd(start, state.EndedAt!.Value) : null, state.LastRate ?? state.Price);

    private static InstanceEffect.AskLedger Ledger(InstanceState state, LedgerCommand command) => new(state.Ledger, command);

    private static InstanceEffect.AskGateway Gateway(InstanceState state, GatewayCommand command) => new(state.Pool.Provider, command);
}
