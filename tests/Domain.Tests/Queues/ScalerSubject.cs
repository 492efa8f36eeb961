using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;
using ControlPlane.Domain.Sources;
using ControlPlane.Domain.Tests.Kit;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Queues;

/// <summary>A queue's scaler under test. Its machines boot and its money comes only when a test says so.</summary>
internal sealed class ScalerSubject
{
    private long revision;

    public Subject<ScalerDecider, ScalerState, ScalerCommand, ScalerEvent, ScalerEffect> Machine { get; } = new();

    public ScalerState State => Machine.State;

    public DateTimeOffset Now => Machine.Now;

    /// <summary>Who has which tasks, as the source lists it.</summary>
    public Dictionary<InstanceId, string[]> Workers { get; } = [];

    public List<WorkerObservation> Foreign { get; } = [];

    public IReadOnlyList<InstanceState> Instances => [.. State.Instances.Values];

    /// <summary>Instances for which a machine exists or may come to exist.</summary>
    public int Live => Instances.Count(i => i.Phase != Phase.Ended);

    public DecisionRecord Last => State.LastDecision!;

    public static ScalerSubject With(QueueSpec spec)
    {
        var scaler = new ScalerSubject();
        scaler.Configure(spec);
        return scaler;
    }

    public ScalerSubject After(TimeSpan time)
    {
        Machine.After(time);
        return this;
    }

    public Decision<ScalerEvent, ScalerEffect> Configure(QueueSpec spec) => Machine.Send(new ScalerCommand.Configure(spec, ++revision));

    /// <summary>A look a second later: so many tasks wait, and the workers are as <see cref="Workers"/> says.</summary>
    public Decision<ScalerEvent, ScalerEffect> Look(int pending)
    {
        After(Seconds(1));
        return Machine.Send(new ScalerCommand.Observe(new QueueObservation(
            Queue, Now, pending, pending == 0 ? null : Now - Minutes(1),
            [.. Workers.OrderBy(w => w.Key).Select(w => new WorkerObservation($"w:{w.Key}", w.Key, w.Value, Now, null)), .. Foreign])));
    }

    public Decision<ScalerEvent, ScalerEffect> Tell(InstanceId id, InstanceCommand command) => Machine.Send(new ScalerCommand.ForInstance(id, command));

    public void Grant(InstanceId id) => Tell(id, new InstanceCommand.LeaseAnswered(new LeaseAnswer.Granted(Now + Minutes(60))));

    public void Launch(InstanceId id) => Tell(id, new InstanceCommand.LaunchAnswered(State.Instances[id].Attempt, new LaunchOutcome.Launched(id, $"m-{id}", Now)));

    public Decision<ScalerEvent, ScalerEffect> Refuse(InstanceId id, ProviderFault fault) =>
        Tell(id, new InstanceCommand.LaunchAnswered(State.Instances[id].Attempt, new LaunchOutcome.Failed(id, fault, "the cloud said no")));

    /// <summary>All that was requested gets its money and its machine.</summary>
    public ScalerSubject Boot()
    {
        foreach (var instance in Instances.Where(i => i.Phase == Phase.Requested))
            Grant(instance.Id);
        foreach (var instance in Instances.Where(i => i.Phase == Phase.Launching))
            Launch(instance.Id);
        return this;
    }

    /// <summary>All that boots registers, idle, and takes tasks if there are some.</summary>
    public ScalerSubject Register(int tasks = 0)
    {
        foreach (var instance in Instances.Where(i => i.Phase == Phase.Booting))
            Workers[instance.Id] = tasks-- > 0 ? [$"t-{instance.Id}"] : [];
        Look(0);
        return this;
    }

    /// <summary>What is terminating is gone, settled and forgotten.</summary>
    public ScalerSubject Bury()
    {
        foreach (var instance in Instances.Where(i => i.Phase is Phase.Terminating))
            Tell(instance.Id, new InstanceCommand.MachineSeen(Show(instance, MachineState.Ended)));
        foreach (var instance in Instances.Where(i => i.Phase is Phase.Ended))
        {
            Workers.Remove(instance.Id);
            Tell(instance.Id, new InstanceCommand.TasksReturned(RequeueResult.Nothing));
            Tell(instance.Id, new InstanceCommand.LeaseAnswered(new LeaseAnswer.Settled()));
        }

        return this;
    }

    public Machine Show(InstanceState instance, MachineState state, MachineEnd end = MachineEnd.Requested) =>
        new(instance.Id, Queue, $"m-{instance.Id}", state, instance.StartedAt ?? Now, state == MachineState.Ended ? Now : null, end, null);

    public Decision<ScalerEvent, ScalerEffect> Sweep(bool complete, params Machine[] machines) =>
        Machine.Send(new ScalerCommand.Sweep("cloud", Now, complete, Seconds(30), machines));
}
