using System.Diagnostics;

namespace ControlPlane.Domain.Instances;

/// <summary>The fold of an instance's events.</summary>
internal static class InstanceFold
{
    public static InstanceState Apply(InstanceState state, InstanceEvent @event) => @event switch
    {
        InstanceEvent.LeaseWaits e => state with { Waiting = e.Denial },
        InstanceEvent.LeaseGranted e =>
            (state.Phase == Phase.Requested ? Enter(state, Phase.Leased, e.At) : state) with { LeaseUntil = e.Until, Waiting = null, Dry = null, OverdueSince = null },
        InstanceEvent.LeaseDenied e => state with { Dry = e.Denial },
        InstanceEvent.LeaseOverdue e => state with { OverdueSince = e.At },
        InstanceEvent.LaunchStarted e => Enter(state, Phase.Launching, e.At) with
        {
            Attempt = e.Attempt,
            Asked = e.Offer,
            Ahead = OfferOrder.Asked(state, e.Offer),
            AskAgainAt = null,
            FirstAskedAt = state.FirstAskedAt ?? e.At,
        },
        InstanceEvent.LaunchRefused e => Enter(state, Phase.Leased, e.At) with { Fault = e.Fault, Ahead = OfferOrder.Refused(state, e.Zones) },
        InstanceEvent.SpotAwaited e => state with { AskAgainAt = e.AskAgainAt, Ahead = null },
        InstanceEvent.Launched e => Enter(state, Phase.Booting, e.At) with { NativeId = e.NativeId, StartedAt = e.StartedAt, SeenRate = e.Rate, Fault = null },
        InstanceEvent.PriceSeen e => state with { SeenRate = e.Rate },
        InstanceEvent.PriceLooked e => state with { PricedAt = e.AsOf },
        InstanceEvent.BootstrapFetched e => state with { Fetched = new BootstrapUse(e.Claim, e.At) },
        InstanceEvent.BootstrapRefused => state with { FetchRefused = true },
        InstanceEvent.WorkerRegistered e => Enter(state, Phase.Idle, e.At) with { RegisteredAt = e.At, IdleSince = e.At },
        InstanceEvent.WorkerBusy e => (state.Phase == Phase.Idle ? Enter(state, Phase.Busy, e.At) : state) with { Tasks = e.Tasks, TasksSince = Since(state, e), IdleSince = null },
        InstanceEvent.WorkerIdle e => (state.Phase == Phase.Busy ? Enter(state, Phase.Idle, e.At) : state) with { Tasks = [], TasksSince = null, IdleSince = e.Since },
        InstanceEvent.CancelRequested e => state with { Leaving = e.Outcome, LeavingBecause = e.Because },
        InstanceEvent.DrainStarted e => Enter(state, Phase.Draining, e.At) with { Leaving = e.Outcome, LeavingBecause = e.Because, AtNotice = e.AtNotice },
        InstanceEvent.FeedingStopped e => state with { StopFeedingAnswered = true, FeedingStopped = e.Supported, PhaseSince = e.At },
        InstanceEvent.TerminationStarted e => Enter(state, Phase.Terminating, e.At) with { Leaving = e.Outcome, LeavingBecause = e.Because },
        InstanceEvent.ConsoleKept => state with { ConsoleKept = true },
        InstanceEvent.Ended e => End(state, e),
        InstanceEvent.TasksReturned => state with { TasksReturned = true },
        InstanceEvent.Settled => state with { Settled = true },
        InstanceEvent.LookedIdle e => state with { IdleLooks = e.Looks, IdleLookAt = e.AsOf },
        InstanceEvent.WorkersMissing e => state with { PartialSince = e.Since },
        InstanceEvent.BootTimeOver => state with { BootOverdue = true },
        InstanceEvent.RenewalAsked e => state with { RenewalAskedFor = e.Until },
        InstanceEvent.AbsenceChanged e => state with { AbsentSince = e.Since },
        _ => throw new UnreachableException($"No fold for {@event.GetType().Name}."),
    };

    private static InstanceState Enter(InstanceState state, Phase phase, DateTimeOffset at) => state with { Phase = phase, PhaseSince = at };

    /// <summary>A task that it has already goes on; another begins.</summary>
    private static DateTimeOffset[] Since(InstanceState state, InstanceEvent.WorkerBusy e)
    {
        var since = new DateTimeOffset[e.Tasks.Count];
        for (var i = 0; i < since.Length; i++)
        {
            since[i] = e.At;
            for (var known = 0; known < state.Tasks.Count && known < (state.TasksSince?.Count ?? 0); known++)
            {
                if (state.Tasks[known] == e.Tasks[i])
                    since[i] = state.TasksSince![known];
            }
        }

        return since;
    }

    private static InstanceState End(InstanceState state, InstanceEvent.Ended e) => Enter(state, Phase.Ended, e.At) with
    {
        Leaving = e.Outcome,
        LeavingBecause = e.Because,
        EndedAt = e.EndedAt,
        LastRate = e.Rate,
        Fault = e.Fault,

        // What never ran left no task behind.
        TasksReturned = state.StartedAt is null,
    };
}
