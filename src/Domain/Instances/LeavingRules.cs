namespace ControlPlane.Domain.Instances;

/// <summary>How an instance leaves. Draining waits for its tasks; terminating does not; neither forgets a machine.</summary>
internal static class LeavingRules
{
    public static void Drain(InstanceState state, Outcome outcome, string because, DateTimeOffset now, Action<InstanceEvent> record)
    {
        switch (state.Phase)
        {
            case Phase.Requested or Phase.Leased:
                record(new InstanceEvent.Ended(outcome, because, null, now, now));
                break;
            case Phase.Launching:
                Cancel(state, outcome, because, now, record);
                break;
            case Phase.Booting or Phase.Idle or Phase.Busy:
                // A worker that was not seen yet may have registered, and taken a task, since the last look.
                record(new InstanceEvent.DrainStarted(outcome, because, now));
                break;
            case Phase.Draining or Phase.Terminating or Phase.Ended:
                break;
        }
    }

    public static void Terminate(InstanceState state, Outcome outcome, string because, DateTimeOffset now, Action<InstanceEvent> record)
    {
        switch (state.Phase)
        {
            case Phase.Requested or Phase.Leased:
                record(new InstanceEvent.Ended(outcome, because, null, now, now));
                break;
            case Phase.Launching:
                Cancel(state, outcome, because, now, record);
                break;
            case Phase.Booting or Phase.Idle or Phase.Busy or Phase.Draining:
                record(new InstanceEvent.TerminationStarted(outcome, because, now));
                break;
            case Phase.Terminating or Phase.Ended:
                break;
        }
    }

    /// <summary>
    /// The source has answered whether it gives the instance no more tasks. Where the tasks go back at the notice of an interruption nothing is waited for any longer: the
    /// machine is ended, since what it does is begun anew elsewhere.
    /// </summary>
    public static void FeedingStopped(InstanceState state, bool supported, DateTimeOffset now, Action<InstanceEvent> record)
    {
        record(new InstanceEvent.FeedingStopped(supported, now));
        if (state.AtNotice)
            record(new InstanceEvent.TerminationStarted(state.Leaving ?? Outcome.Preempted, state.LeavingBecause ?? "", now));
    }

    /// <summary>Its tasks are put back although its machine still runs: only where none of its workers can take them again, or end them.</summary>
    public static bool ReturnsEarly(InstanceState state) => state is { Phase: Phase.Terminating, AtNotice: true, FeedingStopped: true };

    private static void Cancel(InstanceState state, Outcome outcome, string because, DateTimeOffset now, Action<InstanceEvent> record)
    {
        if (state.Leaving is null)
            record(new InstanceEvent.CancelRequested(outcome, because, now));
    }
}
