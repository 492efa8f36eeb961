using System.Diagnostics;
using System.Runtime.InteropServices;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Scaling;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Domain.Queues;

/// <summary>
/// The rules of one queue's scaler. It routes to its instances, and after whatever may have changed the need it evaluates the queue's policy
/// (<see cref="ScalingRules"/>). A look that failed never reaches it, so nothing is launched or ended on the strength of one.
/// </summary>
public sealed class ScalerDecider : IDecider<ScalerState, ScalerCommand, ScalerEvent, ScalerEffect>
{
    public static ScalerState Initial => ScalerState.Initial;

    public static Decision<ScalerEvent, ScalerEffect> Decide(ScalerState state, ScalerCommand command, Moment moment)
    {
        var step = new ScalerStep(state, moment);
        switch (command)
        {
            case ScalerCommand.Configure c:
                Configure(step, c);
                break;
            case ScalerCommand.Retire c:
                Retire(step, c);
                break;
            case ScalerCommand.Observe c:
                Observe(step, c.Observation);
                break;
            case ScalerCommand.PolicyAnswered c:
                if (state.PolicyAskedFor == c.AsOf)
                {
                    step.Record(new ScalerEvent.PolicyAsked(null));
                    ScalingRules.Settle(step, c.Advice, c.Failure);
                }

                break;
            case ScalerCommand.Sweep c:
                Sweep(step, c);
                break;
            case ScalerCommand.ForInstance c:
                step.Route(c.Instance, c.Command);
                break;
            case ScalerCommand.Leave c:
                Leave(step, c);
                break;
            case ScalerCommand.DrainAll c:
                OperatorRules.DrainAll(step, c.By);
                break;
            case ScalerCommand.ResetPool c:
                OperatorRules.ResetPool(step, c);
                break;
            case ScalerCommand.Adopt c:
                AdoptionRules.Adopt(step, c);
                break;
            case ScalerCommand.AskBootstrap c:
                GuestRules.Ask(step, c);
                break;
            case ScalerCommand.Tick:
                Tick(step);
                break;
            default:
                throw new UnreachableException($"No rule for {command.GetType().Name}.");
        }

        // The catalog repeats its command until it hears this.
        if (step.State is { Retired: true, Instances.Count: 0 } && (command is ScalerCommand.Retire || state.Instances.Count > 0))
            step.Do(new ScalerEffect.TellGone(step.State.Revision));
        return step.Decision;
    }

    public static ScalerState Apply(ScalerState state, ScalerEvent @event) => ScalerFold.Apply(state, @event);

    public static IReadOnlyList<ScalerEffect> Resume(ScalerState state, DateTimeOffset now)
    {
        List<ScalerEffect> owed = [];
        foreach (var instance in state.Instances.Values)
        {
            foreach (var effect in InstanceDecider.Resume(instance))
                owed.Add(new ScalerEffect.OfInstance(instance.Id, effect));
        }

        // A watcher tells what changed: after a restart, or where a message was lost, it has to be asked.
        if (state.NeedsLook)
            owed.Add(new ScalerEffect.LookAgain(state.Spec!.Source));
        if (state is { PolicyAskedFor: { } asOf, Spec.Policy: PolicySpec.Plugin plugin, Retired: false })
            owed.Add(new ScalerEffect.AskPolicy(plugin.TypeName, ScalingRules.Describe(state, now), asOf));
        return owed;
    }

    public static DateTimeOffset? Deadline(ScalerState state)
    {
        var next = NextEvaluation(state);
        foreach (var (_, instance) in state.Instances)
        {
            if (InstanceDecider.Deadline(instance) is { } at && (next is null || at < next))
                next = at;
        }

        return next;
    }

    /// <summary>When time alone next changes what the queue's policy may do; null if it never does. Part of <see cref="Deadline"/>.</summary>
    public static DateTimeOffset? NextEvaluation(ScalerState state) => ScalingRules.NextEvaluation(state);

    /// <summary>The queue's situation in numbers, as its policy sees it.</summary>
    public static Situation Describe(ScalerState state, DateTimeOffset now) => ScalingRules.Describe(state, now);

    private static void Configure(ScalerStep step, ScalerCommand.Configure command)
    {
        if (command.Revision < step.State.NewestRevision || (command.Spec.Equals(step.State.Spec) && !step.State.Retired))
        {
            if (command.Revision > step.State.NewestRevision)
                step.Record(new ScalerEvent.RevisionSeen(command.Revision));
            step.Do(new ScalerEffect.Acknowledge(command.Revision));
            return;
        }

        step.Record(new ScalerEvent.Configured(command.Spec, command.Revision, step.Now));
        foreach (var (pool, breaker) in step.State.Breakers)
        {
            if (command.Spec.Pools.FirstOrDefault(p => p.Name == pool) is { } spec && spec.Revision != breaker.Revision)
                step.Record(new ScalerEvent.PoolRecovered(pool, null, step.Now));
        }

        foreach (var instance in step.State.Instances.Values.Where(i => i.Serves && command.Spec.Pools.All(p => p.Name != i.Pool.Name)))
            step.Route(instance.Id, new InstanceCommand.Drain(Outcome.Policy, $"pool {instance.Pool.Name} was removed from the queue"));
        step.WantLook();
        step.Do(new ScalerEffect.Acknowledge(command.Revision));
    }

    private static void Retire(ScalerStep step, ScalerCommand.Retire command)
    {
        if (command.Revision < step.State.NewestRevision || step.State.Retired)
            return;
        step.Record(new ScalerEvent.Retired(command.Revision, step.Now));
        foreach (var instance in step.State.Instances.Values.Where(i => i.Leaving is null))
            step.Route(instance.Id, new InstanceCommand.Drain(Outcome.Policy, "the queue was removed from the configuration"));
    }

    private static void Observe(ScalerStep step, QueueObservation observation)
    {
        // Looks can overtake each other on their way, and one may come twice: only a later one says anything new.
        if (step.State.Observation is { } known && observation.AsOf <= known.AsOf)
            return;
        observation = WorkerIdentity.Resolve(step.State, observation);
        step.Record(new ScalerEvent.Observed(observation));
        WorkerIdentity.Warn(step, observation);
        var workers = ByInstance(observation.Workers);
        foreach (var (id, instance) in step.State.Instances)
        {
            var (only, all) = workers.GetValueOrDefault(id);
            if (all is null && WorkerRules.SaysNothing(instance, only, observation.AsOf))
                continue;
            IReadOnlyList<WorkerObservation> seen = all is not null ? all : only is not null ? [only] : [];
            step.Route(id, new InstanceCommand.WorkersSeen(seen, observation.AsOf));
        }

        ScalingRules.Evaluate(step);
    }

    /// <summary>The workers of each instance: the only one, or all of several.</summary>
    private static Dictionary<InstanceId, (WorkerObservation? Only, List<WorkerObservation>? All)> ByInstance(IReadOnlyList<WorkerObservation> workers)
    {
        var byInstance = new Dictionary<InstanceId, (WorkerObservation? Only, List<WorkerObservation>? All)>(workers.Count);
        for (var i = 0; i < workers.Count; i++)
        {
            if (workers[i].Instance is not { } instance)
                continue;
            ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(byInstance, instance, out var exists);
            if (!exists)
                known.Only = workers[i];
            else if (known.All is { } all)
                all.Add(workers[i]);
            else
                known = (null, [known.Only!, workers[i]]);
        }

        return byInstance;
    }

    private static void Sweep(ScalerStep step, ScalerCommand.Sweep sweep)
    {
        var shown = sweep.Machines.ToLookup(m => m.Instance);
        foreach (var instance in step.State.Instances.Values.Where(i => i.Pool.Provider == sweep.Provider))
        {
            // Two machines of one intent would be a defect of the provider; whatever they are, the one that runs is what counts.
            var machine = shown[instance.Id].OrderBy(m => m.State == MachineState.Ended).FirstOrDefault();
            if (machine is not null)
                step.Route(instance.Id, new InstanceCommand.MachineSeen(machine, sweep.AsOf, step.State.Spec?.Requeue is { AtNotice: true }));
            else if (sweep.Complete)
                step.Route(instance.Id, new InstanceCommand.MachineAbsent(sweep.AsOf, sweep.ConsistencyWindow));
        }

        foreach (var machine in sweep.Machines.Where(m => m.State != MachineState.Ended && !step.Knows(m.Instance)))
            step.Do(new ScalerEffect.Disown(sweep.Provider, new InstanceRef(machine.Instance, machine.NativeId)));
    }

    private static void Leave(ScalerStep step, ScalerCommand.Leave command)
    {
        if (!step.State.Instances.TryGetValue(command.Instance, out var instance))
        {
            step.Do(new ScalerEffect.Reply($"queue {step.State.Spec?.Name} has no live instance {command.Instance}"));
            return;
        }

        OperatorRules.Leave(step, instance, command.AtOnce, command.By);
        step.Do(new ScalerEffect.Reply(null));
    }

    private static void Tick(ScalerStep step)
    {
        foreach (var instance in step.State.Instances.Values)
        {
            if (InstanceDecider.Deadline(instance) <= step.Now)
                step.Route(instance.Id, new InstanceCommand.Tick());
        }

        if (ScalingRules.NextEvaluation(step.State) <= step.Now)
        {
            // Time alone does not launch or end anything: it asks for a fresh look, which does.
            step.Record(new ScalerEvent.Evaluated(step.Now));
            step.WantLook();
        }
    }
}
