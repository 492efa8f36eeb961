using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Sources;
using ControlPlane.Domain.Tests.Kit;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Instances;

/// <summary>One instance's life under test.</summary>
internal sealed class InstanceSubject(PoolSpec? pool = null)
{
    public InstanceState State { get; private set; } = Instance(pool);

    public DateTimeOffset Now { get; private set; } = Given.Now;

    public List<InstanceEvent> Log { get; } = [];

    public DateTimeOffset? Deadline => InstanceDecider.Deadline(State);

    public IReadOnlyList<InstanceEffect> Owed => InstanceDecider.Resume(State);

    public static InstanceSubject In(Phase phase, PoolSpec? pool = null)
    {
        var instance = new InstanceSubject(pool);
        if (phase == Phase.Requested)
            return instance;
        instance.Granted(Minutes(10));
        if (phase == Phase.Launching)
            return instance;
        instance.Launched();
        if (phase == Phase.Booting)
            return instance;
        instance.After(Minutes(1)).Look(0);
        if (phase is Phase.Busy)
            instance.After(Seconds(10)).Look(1);
        if (phase is Phase.Draining)
            instance.Send(new InstanceCommand.Drain(Outcome.Idle, "it was idle"));
        if (phase is Phase.Terminating or Phase.Ended)
            instance.Send(new InstanceCommand.Terminate(Outcome.Operator, "ann asked for it"));
        if (phase is Phase.Ended)
            instance.After(Seconds(20)).Seen(MachineState.Ended);
        Assert.Equal(phase, instance.State.Phase);
        return instance;
    }

    public Decision<InstanceEvent, InstanceEffect> Send(InstanceCommand command)
    {
        var decision = InstanceDecider.Decide(State, command, Now);
        foreach (var @event in decision.Events)
            State = InstanceDecider.Apply(State, @event);
        Log.AddRange(decision.Events.Where(e => e is not ITransientEvent));
        return decision;
    }

    public InstanceSubject After(TimeSpan time)
    {
        Now += time;
        return this;
    }

    public void Restart()
    {
        var state = Instance(State.Pool);
        foreach (var @event in Log)
            state = InstanceDecider.Apply(state, Wire.Copy(@event));
        State = state;
    }

    public Decision<InstanceEvent, InstanceEffect> Granted(TimeSpan time) => Send(new InstanceCommand.LeaseAnswered(new LeaseAnswer.Granted(Now + time)));

    public Decision<InstanceEvent, InstanceEffect> Denied(WhenDry whenDry) =>
        Send(new InstanceCommand.LeaseAnswered(new LeaseAnswer.Denied(Given.Denied(), whenDry, State.LeaseUntil!.Value)));

    public Decision<InstanceEvent, InstanceEffect> Launched() =>
        Send(new InstanceCommand.LaunchAnswered(State.Attempt, new LaunchOutcome.Launched(State.Id, "m-1", Now)));

    public Decision<InstanceEvent, InstanceEffect> Refused(ProviderFault fault, int? attempt = null) =>
        Send(new InstanceCommand.LaunchAnswered(attempt ?? State.Attempt, new LaunchOutcome.Failed(State.Id, fault, "the cloud said no")));

    public Decision<InstanceEvent, InstanceEffect> Seen(MachineState state, MachineEnd end = MachineEnd.Requested, DateTimeOffset? interruption = null) =>
        Send(new InstanceCommand.MachineSeen(new Machine(State.Id, Queue, "m-1", state, Now - Minutes(1), state == MachineState.Ended ? Now : null, end, interruption)));

    public Decision<InstanceEvent, InstanceEffect> Absent(TimeSpan window) => Send(new InstanceCommand.MachineAbsent(Now, window));

    /// <summary>A look at its one worker, which runs so many tasks.</summary>
    public Decision<InstanceEvent, InstanceEffect> Look(int tasks, DateTimeOffset? lastActivity = null) => Send(new InstanceCommand.WorkersSeen(
        [new WorkerObservation("w", State.Id, [.. Enumerable.Range(1, tasks).Select(t => $"t{t}")], Now, lastActivity)], Now));

    public Decision<InstanceEvent, InstanceEffect> LookAtNothing() => Send(new InstanceCommand.WorkersSeen([], Now));

    public Decision<InstanceEvent, InstanceEffect> Tick() => Send(new InstanceCommand.Tick());

    public void TickUntilQuiet()
    {
        for (var i = 0; Deadline <= Now; i++)
        {
            Assert.True(i < 10, $"hot loop at {Deadline:O}");
            Tick();
        }
    }
}
