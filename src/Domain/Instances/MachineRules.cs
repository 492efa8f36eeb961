using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;

namespace ControlPlane.Domain.Instances;

/// <summary>What an instance makes of what the provider shows. Only a machine seen to have ended, or missing from complete lists for long enough, has ended.</summary>
internal static class MachineRules
{
    public static void Seen(InstanceState state, InstanceCommand.MachineSeen command, DateTimeOffset now, Action<InstanceEvent> record)
    {
        var machine = command.Machine;
        if (state.Phase is Phase.Requested or Phase.Leased or Phase.Ended)
            return;
        if (state.AbsentSince is not null)
            record(new InstanceEvent.AbsenceChanged(null));
        if (state.Phase == Phase.Launching)
        {
            // The answer is late or lost; the tag proves that this attempt, and no other, took effect.
            LaunchRules.Confirm(state, machine.NativeId, machine.StartedAt ?? state.FirstAskedAt ?? now, machine.Rate, now, record);
            state = state with { Phase = state.Leaving is null ? Phase.Booting : Phase.Draining, NativeId = machine.NativeId, SeenRate = machine.Rate };
        }

        if (machine.Rate is { } rate)
            Priced(state, rate, command.AsOf, now, record);
        if (machine.State == MachineState.Ended)
            End(state, machine.EndedAt ?? now, machine.End, machine.Reason, null, now, record);
        else if (machine.InterruptionAt is { } at && state.Leaving is null)
            Interrupted(state, at, command, now, record);
    }

    /// <summary>Its tasks run on until it is taken back, or go back at once if its queue says so.</summary>
    private static void Interrupted(InstanceState state, DateTimeOffset at, InstanceCommand.MachineSeen command, DateTimeOffset now, Action<InstanceEvent> record)
    {
        var because = $"its provider takes it back at {at:HH:mm:ss} UTC{Saying(command.Machine.Reason)}";
        if (command.AtNotice && state.Phase is Phase.Booting or Phase.Idle or Phase.Busy)
            record(new InstanceEvent.DrainStarted(Outcome.Preempted, because, now, AtNotice: true));
        else
            LeavingRules.Drain(state, Outcome.Preempted, because, now, record);
    }

    private static void Priced(InstanceState state, HourlyRate rate, DateTimeOffset? asOf, DateTimeOffset now, Action<InstanceEvent> record)
    {
        if (state.SeenRate is null || rate > state.SeenRate)
            record(new InstanceEvent.PriceSeen(rate, now));
        if (asOf is { } at && !(state.PricedAt >= at))
            record(new InstanceEvent.PriceLooked(at));
    }

    public static void Absent(InstanceState state, InstanceCommand.MachineAbsent command, DateTimeOffset now, Action<InstanceEvent> record)
    {
        if (state.NativeId is null || state.Phase is Phase.Requested or Phase.Leased or Phase.Launching or Phase.Ended)
            return;

        // A new machine may be missing although it lives: how long it is absent, and so how long it ran, counts from when it would be shown.
        if (command.AsOf < state.StartedAt + command.ConsistencyWindow)
            return;

        // The list was read some time after it was begun: the machine may have ended in between.
        if (state.AbsentSince is not { } since)
            record(new InstanceEvent.AbsenceChanged(now));
        else if (command.AsOf - since >= command.ConsistencyWindow)
            End(state, since, MachineEnd.Requested, null, Unseen(state), now, record);
    }

    /// <summary>Where prices are shown, the last one may have risen unseen: then the worst is posted.</summary>
    private static HourlyRate? Unseen(InstanceState state) => state.SeenRate < state.Offer.WorstRate ? state.Offer.WorstRate : null;

    private static string Saying(string? reason) => string.IsNullOrWhiteSpace(reason) ? "" : $" ({reason})";

    private static void End(InstanceState state, DateTimeOffset endedAt, MachineEnd end, string? reason, HourlyRate? rate, DateTimeOffset now, Action<InstanceEvent> record)
    {
        var (outcome, because) = (end, state.Leaving) switch
        {
            (MachineEnd.Preempted, _) => (Outcome.Preempted, $"its provider took it back{Saying(reason)}"),
            (_, { } leaving) => (leaving, state.LeavingBecause ?? ""),
            (MachineEnd.Itself, null) => (Outcome.Vanished, $"its machine stopped by itself{Saying(reason)}"),
            (_, null) => (Outcome.Vanished, $"its machine is gone and nobody had asked for that{Saying(reason)}"),
        };
        record(new InstanceEvent.Ended(outcome, because, null, endedAt, now, rate));
    }
}
