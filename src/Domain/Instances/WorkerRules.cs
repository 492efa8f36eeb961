using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Domain.Instances;

/// <summary>What an instance makes of its workers as the source lists them.</summary>
internal static class WorkerRules
{
    /// <summary>Without a source that stops feeding, a worker seen idle may have taken a task a moment later: it takes two looks.</summary>
    private const int LooksWithoutStop = 2;

    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(3);

    /// <summary>How far the clocks of a platform and a source may be apart.</summary>
    private static readonly TimeSpan ClockDifference = TimeSpan.FromMinutes(1);

    /// <summary>An idle worker has had a task meanwhile if its activity lies so much later than its idleness is known to have begun.</summary>
    private static readonly TimeSpan ActivityNoticed = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Whether a look says nothing that <see cref="Seen"/> would record: told apart at little cost, because most looks at most instances are such.
    /// False where that takes more than a glance.
    /// </summary>
    /// <param name="state">The instance.</param>
    /// <param name="worker">Its worker, where it has a single one; null where the look shows none.</param>
    /// <param name="asOf">When the look began.</param>
    public static bool SaysNothing(InstanceState state, WorkerObservation? worker, DateTimeOffset asOf) => state.Phase switch
    {
        Phase.Booting => worker is null && asOf < state.BootLimit,
        Phase.Idle => worker is null || (worker.Tasks.Count == 0 && state.PartialSince is null && state.IdleSince is { } since
            && !(worker.LastActivity is { } active && (active > asOf ? asOf : active) - since >= ActivityNoticed)),
        Phase.Busy => worker is null || (state.PartialSince is null && worker.Tasks.Count == 1 && state.Tasks.Count == 1 && worker.Tasks[0] == state.Tasks[0]),
        Phase.Draining => false,
        Phase.Requested or Phase.Leased or Phase.Launching or Phase.Terminating or Phase.Ended => true,
    };

    public static void Seen(InstanceState state, InstanceCommand.WorkersSeen command, DateTimeOffset now, Action<InstanceEvent> record)
    {
        if (state.Phase is not (Phase.Booting or Phase.Idle or Phase.Busy or Phase.Draining))
            return;
        string[] tasks = [.. command.Workers.SelectMany(w => w.Tasks).Distinct().Order(StringComparer.Ordinal)];
        if (state.Phase == Phase.Booting)
        {
            if (command.Workers.FirstOrDefault(w => IsAlive(state, w, command.AsOf)) is not { } worker)
            {
                if (command.AsOf >= state.BootLimit)
                    LeavingRules.Drain(state, Outcome.StuckBooting, $"its worker did not register within {Words.Duration(state.Pool.MaxBootTime)}", now, record);
                return;
            }

            record(new InstanceEvent.WorkerRegistered(worker.Worker, now));
            if (tasks.Length > 0)
                record(new InstanceEvent.WorkerBusy(tasks, command.AsOf));
            return;
        }

        // A worker that is missing from the list says nothing at first: its registration may have been lost while it works, and one that was never listed may have
        // registered, and taken a task, unseen. One that had no task when it was told to leave and stays away for long has died, or never came.
        if (command.Workers.Count == 0 && (state.Tasks.Count > 0 || state.Phase != Phase.Draining))
            return;

        // Of several workers those that are missing may be at work still: tasks that were seen count until all are listed, or for the time of a silence. That time begins with
        // the first look that misses them: what looks that failed would have shown is not known.
        var isPartial = tasks.Length == 0 && command.Workers.Count < state.Pool.Slots && (state.Tasks.Count > 0 || state.Phase == Phase.Draining);
        if (isPartial && !(command.AsOf - state.PartialSince >= Silence))
        {
            if (state.PartialSince is null)
                record(new InstanceEvent.WorkersMissing(command.AsOf));
            return;
        }

        if (!isPartial && state.PartialSince is not null)
            record(new InstanceEvent.WorkersMissing(null));
        if (tasks.Length > 0)
        {
            if (!tasks.SequenceEqual(state.Tasks))
                record(new InstanceEvent.WorkerBusy(tasks, command.AsOf));
            if (state.Phase == Phase.Draining && state.IdleLooks > 0)
                record(new InstanceEvent.LookedIdle(0, command.AsOf));
            return;
        }

        var since = command.Workers.Select(w => w.LastActivity).Where(a => a <= command.AsOf).Max() ?? command.AsOf;
        if (state.Tasks.Count > 0)
            record(new InstanceEvent.WorkerIdle(since > state.PhaseSince ? since : command.AsOf, command.AsOf));
        else if (state.IdleSince is { } known && since - known >= ActivityNoticed && command.Workers.Any(w => w.LastActivity is not null))
            record(new InstanceEvent.WorkerIdle(since, command.AsOf));

        // Whoever is missing still was missed for a silence.
        Leave(state, command, now, record);
    }

    /// <summary>A registration outlives its worker. One whose last report is long ago, or older than the machine, proves no boot.</summary>
    private static bool IsAlive(InstanceState state, WorkerObservation worker, DateTimeOffset asOf) =>
        asOf - worker.LastSeen <= Silence && !(worker.LastSeen < state.StartedAt - ClockDifference);

    /// <summary>An idle look: what drains ends once there were enough of them.</summary>
    private static void Leave(InstanceState state, InstanceCommand.WorkersSeen command, DateTimeOffset now, Action<InstanceEvent> record)
    {
        if (state.Phase != Phase.Draining || command.AsOf <= state.PhaseSince || command.AsOf <= state.IdleLookAt || !state.StopFeedingAnswered)
            return;
        var looks = state.IdleLooks + 1;
        if (looks >= (state.FeedingStopped ? 1 : LooksWithoutStop))
            record(new InstanceEvent.TerminationStarted(state.Leaving ?? Outcome.Policy, state.LeavingBecause ?? "", now));
        else
            record(new InstanceEvent.LookedIdle(looks, command.AsOf));
    }
}
