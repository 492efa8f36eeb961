using System.Diagnostics;
using ControlPlane.Domain.Providers;

namespace ControlPlane.Domain.Instances;

/// <summary>One attempt after the other, each with one offer; the next only after a definite no.</summary>
internal static class LaunchRules
{
    /// <summary>Hands the instance to the provider, if its prepaid time covers at least the platform's minimum billing; else its lease is renewed first.</summary>
    public static void Begin(InstanceState state, DateTimeOffset now, Action<InstanceEvent> record)
    {
        if (state.LeaseUntil is { } until && until - state.Margin - now >= state.Pool.Billing.Minimum)
            record(new InstanceEvent.LaunchStarted(state.Attempt + 1, state.Pool.Offers[state.Attempt], now));
    }

    public static void Answered(InstanceState state, InstanceCommand.LaunchAnswered command, DateTimeOffset now, Action<InstanceEvent> record)
    {
        if (state.Phase != Phase.Launching || command.Attempt != state.Attempt)
            return;
        switch (command.Outcome)
        {
            case LaunchOutcome.Launched launched:
                Confirm(state, launched.NativeId, launched.StartedAt, now, record);
                break;
            case LaunchOutcome.Failed failed:
                Refused(state, failed, now, record);
                break;
            default:
                throw new UnreachableException($"No rule for {command.Outcome.GetType().Name}.");
        }
    }

    /// <summary>The machine exists: by the launch's answer, or because a sweep shows it first. It may have for long, so that its worker may have a task.</summary>
    public static void Confirm(InstanceState state, string nativeId, DateTimeOffset startedAt, DateTimeOffset now, Action<InstanceEvent> record)
    {
        record(new InstanceEvent.Launched(nativeId, startedAt, now));
        if (state.Leaving is { } outcome)
            record(new InstanceEvent.DrainStarted(outcome, state.LeavingBecause ?? "", now));
    }

    private static void Refused(InstanceState state, LaunchOutcome.Failed failed, DateTimeOffset now, Action<InstanceEvent> record)
    {
        record(new InstanceEvent.LaunchRefused(state.Attempt, failed.Fault, failed.Message, now));
        var last = state.Attempt >= state.Pool.Offers.Count;
        if (state.Leaving is { } outcome)
            record(new InstanceEvent.Ended(outcome, state.LeavingBecause ?? "", null, now, now));
        else if (failed.Fault == ProviderFault.Misconfigured || last)
            record(new InstanceEvent.Ended(Outcome.LaunchFailed, failed.Message, failed.Fault, now, now));
        else
            Begin(state with { Phase = Phase.Leased }, now, record);
    }
}
