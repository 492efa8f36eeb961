using ControlPlane.Domain.Providers;

namespace ControlPlane.Domain.Instances;

/// <summary>What an instance makes of what the provider shows. Only a machine seen to have ended, or missing from complete lists for long enough, has ended.</summary>
internal static class MachineRules
{
    public static void Seen(InstanceState state, Machine machine, DateTimeOffset now, Action<InstanceEvent> record)
    {
        if (state.Phase is Phase.Requested or Phase.Leased or Phase.Ended)
            return;
        if (state.AbsentSince is not null)
            record(new InstanceEvent.AbsenceChanged(null));
        if (state.Phase == Phase.Launching)
        {
            // The answer is late or lost; the tag proves that this attempt, and no other, took effect.
            LaunchRules.Confirm(state, machine.NativeId, machine.StartedAt ?? state.FirstAskedAt ?? now, now, record);
            state = state with { Phase = state.Leaving is null ? Phase.Booting : Phase.Draining, NativeId = machine.NativeId };
        }

        if (machine.State == MachineState.Ended)
            End(state, machine.EndedAt ?? now, machine.End, now, record);
        else if (machine.InterruptionAt is { } at && state.Leaving is null)
            LeavingRules.Drain(state, Outcome.Preempted, $"its provider takes it back at {at:HH:mm:ss} UTC", now, record);
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
            End(state, since, MachineEnd.Requested, now, record);
    }

    private static void End(InstanceState state, DateTimeOffset endedAt, MachineEnd end, DateTimeOffset now, Action<InstanceEvent> record)
    {
        var (outcome, because) = (end, state.Leaving) switch
        {
            (MachineEnd.Preempted, _) => (Outcome.Preempted, "its provider took it back"),
            (_, { } leaving) => (leaving, state.LeavingBecause ?? ""),
            (MachineEnd.Itself, null) => (Outcome.Vanished, "its machine stopped by itself"),
            (_, null) => (Outcome.Vanished, "its machine is gone and nobody had asked for that"),
        };
        record(new InstanceEvent.Ended(outcome, because, null, endedAt, now));
    }
}
