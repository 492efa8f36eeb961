using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Scaling;

namespace ControlPlane.Domain.Queues;

/// <summary>What a queue learns from the events of its instances. Part of the fold: it reads nothing but its arguments.</summary>
internal static class Learning
{
    /// <summary>An instance was requested.</summary>
    public static Experience? FromRequest(Experience? known, DateTimeOffset at) => known?.Missed(at);

    /// <summary>Something happened to an instance.</summary>
    /// <param name="known">What is known; null: nothing yet.</param>
    /// <param name="before">The instance before the event.</param>
    /// <param name="event">The event.</param>
    /// <param name="after">The instance after it.</param>
    public static Experience? FromInstance(Experience? known, InstanceState before, InstanceEvent @event, InstanceState after)
    {
        switch (@event)
        {
            case InstanceEvent.WorkerRegistered e:
                known ??= Experience.None;
                if (before.StartedAt is { } started)
                    known = known with { Boots = known.Boots.With(e.At - started) };
                return after.Phase == Phase.Idle ? known.Pushed(e.At) : known;
            case InstanceEvent.WorkerBusy e:
                known = Finished(known ?? Experience.None, before, e.Tasks, e.At);
                return before.Phase == Phase.Idle && after.Phase == Phase.Busy ? known.Taken(e.At) : known;
            case InstanceEvent.WorkerIdle e:
                known = Finished(known ?? Experience.None, before, [], e.Since < e.At ? e.Since : e.At);
                return before.Phase == Phase.Busy && after.Phase == Phase.Idle ? known.Pushed(e.At) : known;
            default:
                return before.Phase == Phase.Idle && after.Phase != Phase.Idle ? known?.Lost() : known;
        }
    }

    /// <summary>Tasks that it had and has no more have run from when they were first seen until now.</summary>
    private static Experience Finished(Experience known, InstanceState before, IReadOnlyList<string> now, DateTimeOffset at)
    {
        if (before.TasksSince is not { } since)
            return known;
        var runs = known.Runs;
        for (var i = 0; i < before.Tasks.Count && i < since.Count; i++)
        {
            if (!now.Contains(before.Tasks[i]))
                runs = runs.With(at - since[i]);
        }

        return ReferenceEquals(runs, known.Runs) ? known : known with { Runs = runs };
    }
}
