using System.Collections.Immutable;
using System.Diagnostics;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Scaling;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Domain.Queues;

/// <summary>The fold of a queue's events.</summary>
internal static class ScalerFold
{
    /// <summary>A registration at ClearML lives for 10 minutes after the last report; a worker may ask for more.</summary>
    private static readonly TimeSpan LongestRegistration = TimeSpan.FromMinutes(30);

    public static ScalerState Apply(ScalerState state, ScalerEvent @event) => @event switch
    {
        ScalerEvent.Configured e => state with { Spec = e.Spec, Revision = e.Revision, Retired = false, PolicyAskedFor = null },
        ScalerEvent.RevisionSeen e => state with { SeenRevision = e.Revision },
        ScalerEvent.LookWanted e => state with { LookWantedAt = e.At },
        ScalerEvent.Retired e => state with { Retired = true, Revision = e.Revision },
        ScalerEvent.InstanceRequested e => state with
        {
            Instances = state.Instances.SetItem(e.Instance, Request(state, e)),
            Experience = Learning.FromRequest(state.Experience, e.At),
        },
        ScalerEvent.InstanceChanged e => Change(state, e.Instance, e.Event),
        ScalerEvent.InstanceNoticed e => Change(state, e.Instance, e.Event),
        ScalerEvent.Decided e => state with { LastDecision = e.Decision },
        ScalerEvent.PoolFailed e => state with { Breakers = state.Breakers.SetItem(e.Pool, e.Breaker) },
        ScalerEvent.PoolRecovered e => state with
        {
            Breakers = state.Breakers.Remove(e.Pool),
            Blackouts = state.Blackouts.Remove(e.Pool),
            SpotBlackouts = e.By is null ? state.SpotBlackouts : state.SpotBlackouts?.Remove(e.Pool),
        },
        ScalerEvent.PoolExhausted e => state with { Blackouts = state.Blackouts.SetItem(e.Pool, e.Blackout) },
        ScalerEvent.TasksDoubled e => state with { DoubledTasks = ImmutableSortedSet.CreateRange(StringComparer.Ordinal, e.Tasks) },
        ScalerEvent.SpotExhausted e => state with
        {
            SpotBlackouts = (state.SpotBlackouts ?? ImmutableSortedDictionary.Create<string, Blackout>(StringComparer.Ordinal)).SetItem(e.Pool, e.Blackout),
        },
        ScalerEvent.Observed e => Observe(state, e.Observation),
        ScalerEvent.ReconsiderationSet e => state with { ReconsiderAt = e.At },
        ScalerEvent.Evaluated e => state with { EvaluatedAt = e.At },
        ScalerEvent.PolicyAsked e => state with { PolicyAskedFor = e.AsOf },
        _ => throw new UnreachableException($"No fold for {@event.GetType().Name}."),
    };

    private static InstanceState Request(ScalerState state, ScalerEvent.InstanceRequested e)
    {
        var spec = state.Spec ?? throw new UnreachableException("An instance was requested before the queue was configured.");
        return new InstanceState
        {
            Id = e.Instance,
            Queue = spec.Name,
            Source = spec.Source,
            Pool = spec.Pools.First(p => p.Name == e.Pool),
            Budget = spec.Budget,
            Ledger = spec.Ledger,
            Priority = spec.Priority,
            SkipSpot = e.SkipSpot,
            Adopts = e.Adopts,
            RequestedAt = e.At,
            PhaseSince = e.At,
        };
    }

    private static ImmutableSortedDictionary<string, DepartedMachine> Depart(ImmutableSortedDictionary<string, DepartedMachine> known, string native, DepartedMachine machine) =>
        known.RemoveRange(known.Where(d => machine.At - d.Value.At > LongestRegistration).Select(d => d.Key)).SetItem(native, machine);

    private static ScalerState Change(ScalerState state, InstanceId id, InstanceEvent @event)
    {
        if (!state.Instances.TryGetValue(id, out var instance))
            return state;
        var next = InstanceDecider.Apply(instance, @event);
        if (@event is InstanceEvent.Ended { At: var at } && next.NativeId is { } native)
            state = state with { Departed = Depart(state.Departed, native, new DepartedMachine(id, at)) };
        return state with
        {
            Instances = next.Done ? state.Instances.Remove(id) : state.Instances.SetItem(id, next),
            Experience = Learning.FromInstance(state.Experience, instance, @event, next),
        };
    }

    private static ScalerState Observe(ScalerState state, QueueObservation look)
    {
        if (state.Spec?.Policy is not PolicySpec.TargetWait { Target: var target })
            return state with { Observation = look, Waiting = WaitingAges.None };
        var last = state.Observation;
        var (begun, gone) = last is null ? (0, 0) : Changes(state, last, look);
        return state with
        {
            Observation = look,
            Strain = last is null ? state.Strain : Strain(state.Strain, target, last, look, begun),
            Waiting = state.Waiting.Seen(look.AsOf, look.Pending, look.OldestEnqueuedAt, begun, gone),
        };
    }

    /// <summary>Tasks that run and did not at the last look, and tasks that ran then and do not now. One whose worker was not listed for a while ran all the same.</summary>
    private static (int Begun, int Gone) Changes(ScalerState state, QueueObservation last, QueueObservation look)
    {
        // Nobody waited, nobody waits, and nobody strains: nothing needs to be known.
        if (last.Pending == 0 && look.Pending == 0 && state.Strain == 0)
            return (0, 0);
        var known = last.Workers.SelectMany(w => w.Tasks).ToHashSet(StringComparer.Ordinal);
        foreach (var (_, instance) in state.Instances)
            known.UnionWith(instance.Tasks);
        var kept = 0;
        var begun = 0;
        foreach (var worker in look.Workers)
        {
            foreach (var task in worker.Tasks)
            {
                if (known.Contains(task))
                    kept++;
                else
                    begun++;
            }
        }

        return (begun, Math.Max(0, known.Count - kept));
    }

    /// <summary>
    /// Of the tasks that began between two looks: one that had waited for longer than the target weighs as much as 19 that had not, so that the strain rests where one of
    /// twenty has.
    /// </summary>
    private static int Strain(int strain, TimeSpan target, QueueObservation last, QueueObservation look, int begun)
    {
        // Nobody was late, and there is no strain that those who were not could ease.
        var isLate = last.OldestEnqueuedAt is { } oldest && look.AsOf - oldest > target;
        if (!isLate && strain == 0)
            return 0;
        var late = isLate ? Math.Min(begun, last.Pending) : 0;
        return Math.Clamp(strain + (19 * late) - (begun - late), 0, ScalerState.MostStrain);
    }
}
