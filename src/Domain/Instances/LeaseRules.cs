using System.Diagnostics;
using ControlPlane.Domain.Budgets;

namespace ControlPlane.Domain.Instances;

/// <summary>What an instance makes of its ledger's answers, and of their absence.</summary>
internal static class LeaseRules
{
    public static void Answered(InstanceState state, LeaseAnswer answer, DateTimeOffset now, Action<InstanceEvent> record)
    {
        switch (answer)
        {
            case LeaseAnswer.Granted a:
                Granted(state, a, now, record);
                break;
            case LeaseAnswer.Waiting a:
                if (state.Phase == Phase.Requested && state.Waiting != a.Denial)
                    record(new InstanceEvent.LeaseWaits(a.Denial, now));
                break;
            case LeaseAnswer.Impossible a:
                if (state.Phase is Phase.Requested or Phase.Leased)
                    record(new InstanceEvent.Ended(Outcome.Budget, a.Reason, null, now, now));
                else
                    LeavingRules.Terminate(state, Outcome.Budget, a.Reason, now, record);
                break;
            case LeaseAnswer.Denied a:
                Denied(state, a, now, record);
                break;
            case LeaseAnswer.Settled:
                if (state.Phase == Phase.Ended && !state.Settled)
                    record(new InstanceEvent.Settled(now));
                break;
            default:
                throw new UnreachableException($"No rule for {answer.GetType().Name}.");
        }
    }

    public static void Tick(InstanceState state, DateTimeOffset now, Action<InstanceEvent> record)
    {
        if (state.RenewAt is { } renewAt && now >= renewAt && state.Dry is null && state.RenewalAskedFor != state.LeaseUntil)
            record(new InstanceEvent.RenewalAsked(state.LeaseUntil!.Value));
        if (state.CutoffAt is not { } cutoff || now < cutoff || !state.CanLeave)
            return;
        if (state.Dry is { } denial)
        {
            LeavingRules.Terminate(state, Outcome.Budget, $"its prepaid time ends at {state.LeaseUntil:HH:mm:ss} UTC and {denial.Sentence}", now, record);
        }
        else if (state.OverdueSince is not { } overdue)
        {
            record(new InstanceEvent.LeaseOverdue(now));
        }
        else if (now >= overdue + (state.Margin / 2))
        {
            LeavingRules.Terminate(state, Outcome.Budget, $"its prepaid time ends at {state.LeaseUntil:HH:mm:ss} UTC and the ledger does not answer", now, record);
        }
    }

    private static void Granted(InstanceState state, LeaseAnswer.Granted answer, DateTimeOffset now, Action<InstanceEvent> record)
    {
        if (state.Phase == Phase.Ended || (state.LeaseUntil is { } known && answer.Until <= known))
            return;
        record(new InstanceEvent.LeaseGranted(answer.Until, now));
        if (state.Phase == Phase.Requested)
            LaunchRules.Begin(state with { LeaseUntil = answer.Until, Phase = Phase.Leased }, now, record);
        else if (state.Phase == Phase.Leased)
            LaunchRules.Begin(state with { LeaseUntil = answer.Until }, now, record);
    }

    private static void Denied(InstanceState state, LeaseAnswer.Denied answer, DateTimeOffset now, Action<InstanceEvent> record)
    {
        if (state.Phase is Phase.Requested or Phase.Ended || answer.KnownUntil < state.LeaseUntil)
            return;
        if (state.Dry != answer.Denial)
            record(new InstanceEvent.LeaseDenied(answer.Denial, now));

        var because = answer.Denial.Sentence;
        if (answer.WhenDry == WhenDry.Terminate)
        {
            LeavingRules.Terminate(state, Outcome.Budget, because, now, record);
        }
        else if (answer.WhenDry == WhenDry.Drain || state.Phase is Phase.Leased or Phase.Launching or Phase.Booting)
        {
            // What does not work yet is ended in any case: that leaves the rest of its money to those that do.
            LeavingRules.Drain(state, Outcome.Budget, because, now, record);
        }
    }
}
