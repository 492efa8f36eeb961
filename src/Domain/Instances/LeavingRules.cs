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

    private static void Cancel(InstanceState state, Outcome outcome, string because, DateTimeOffset now, Action<InstanceEvent> record)
    {
        if (state.Leaving is null)
            record(new InstanceEvent.CancelRequested(outcome, because, now));
    }
}
