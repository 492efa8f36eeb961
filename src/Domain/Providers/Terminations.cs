namespace ControlPlane.Domain.Providers;

/// <summary>Machines that are to end: gathered for a moment, sent before any launch, and repeated until the platform has accepted them.</summary>
internal static class Terminations
{
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(50);

    /// <summary>A termination is sent again if its instance still asks for it after so long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private const int MostInCall = 100;

    public static void Ask(GatewayStep step, InstanceRef instance)
    {
        if (step.State.Ending.TryGetValue(instance.Instance, out var known) && (!known.Busy || step.Now - known.Since < Patience))
            return;
        step.Note(s => s with { Ending = s.Ending.SetItem(instance.Instance, new Ending(instance, false, step.Now + Gathering)) });
    }

    public static void Send(GatewayStep step)
    {
        if (step.Spec is null)
            return;
        InstanceRef[] due = [.. step.State.Ending.Values.Where(e => !e.Busy && e.Since <= step.Now).Select(e => e.Instance).OrderBy(e => e.Instance)];
        var sent = 0;
        foreach (var chunk in due.Chunk(MostInCall))
        {
            if (CallRates.TerminationAt(step.State) > step.Now)
                break;
            step.Note(s => CallRates.SpendTermination(s) with
            {
                Ending = s.Ending.SetItems(chunk.Select(e => KeyValuePair.Create(e.Instance, s.Ending[e.Instance] with { Busy = true, Since = step.Now }))),
            });
            step.Do(new GatewayEffect.CallTerminate(chunk));
            sent += chunk.Length;
        }

        if (sent > 0)
            Sweeps.Soon(step);
        var isShort = sent < due.Length;
        if (isShort != step.State.TerminationsShort)
            step.Note(s => s with { TerminationsShort = isShort });
    }

    /// <summary>When the next one can be sent; null if none is to.</summary>
    public static DateTimeOffset? NextAt(GatewayState state)
    {
        DateTimeOffset? next = null;
        foreach (var ending in state.Ending.Values)
        {
            if (!ending.Busy && (next is null || ending.Since < next))
                next = ending.Since;
        }

        return next is { } at && CallRates.TerminationAt(state) is var token && token > at ? token : next;
    }

    /// <summary>Accepted, or refused for good (its instance goes on asking): forgotten. What was throttled or may be lost is sent again.</summary>
    public static void Answered(GatewayStep step, IReadOnlyList<TerminateOutcome> outcomes)
    {
        TerminateOutcome[] awaited = [.. outcomes.Where(o => step.State.Ending.GetValueOrDefault(o.Instance) is { Busy: true })];
        if (awaited.Length == 0 || step.Spec is null)
            return;
        if (Array.Exists(awaited, o => o.Fault == ProviderFault.Throttled))
            CallRates.Throttled(step, LimitedCall.Terminate);
        else if (!Array.Exists(awaited, o => o.Fault == ProviderFault.Indeterminate))
            CallRates.Answered(step, LimitedCall.Terminate);
        foreach (var outcome in awaited)
        {
            var ending = step.State.Ending[outcome.Instance];
            step.Note(s => s with
            {
                Ending = outcome.Fault is ProviderFault.Throttled or ProviderFault.Indeterminate
                    ? s.Ending.SetItem(outcome.Instance, ending with { Busy = false, Since = step.Now + LaunchBatches.BackOff(ending.Tries + 1, step.Moment.Seed), Tries = ending.Tries + 1 })
                    : s.Ending.Remove(outcome.Instance),
            });
        }
    }
}
