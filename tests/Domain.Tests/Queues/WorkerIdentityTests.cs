using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Queues;

/// <summary>
/// Workers that are named after their machines, as ClearML's are, and registrations that outlive them: the rest of what ClearML's own autoscaler gets wrong.
/// </summary>
public sealed class WorkerIdentityTests
{
    private readonly ScalerSubject scaler = ScalerSubject.With(QueueOf(Pool(max: 3)) with { MaxIdleTime = Minutes(2) });

    private InstanceState Only => Assert.Single(scaler.Instances);

    [Fact]
    public void Worker_NamedAfterItsMachine_IsItsInstances()
    {
        Boot();
        See(0, Worker("a", Only.NativeId));
        Assert.Equal(Phase.Idle, Only.Phase);
        See(0, Worker("a", Only.NativeId, "t1"));
        Assert.Equal((Phase.Busy, "t1"), (Only.Phase, Assert.Single(Only.Tasks)));

        scaler.Machine.Restart();
        See(0, Worker("a", Only.NativeId));
        Assert.Equal(Phase.Idle, Only.Phase);
    }

    [Fact]
    public void Worker_OnAMachineOfAnotherAutoscaler_IsLeftAloneAndTakesItsShare()
    {
        See(1, Worker("theirs", "i-theirs"));
        Assert.Empty(scaler.Instances);
        See(2, Worker("theirs", "i-theirs"));
        Assert.Single(scaler.Instances);
        Assert.DoesNotContain(scaler.Machine.Owed, e => e is ScalerEffect.Disown);
    }

    [Fact]
    public void Fault6_TheMachineDiedHard_ItsRegistrationIsNobodysFreeSlot()
    {
        Boot();
        var native = Only.NativeId;
        See(0, Worker("a", native));
        scaler.Sweep(true, scaler.Show(Only, MachineState.Ended, MachineEnd.Preempted));
        scaler.Bury();
        Assert.Empty(scaler.Instances);

        // For ten minutes more ClearML lists it, idle, and at first with a fresh report.
        See(1, Worker("a", native));
        Assert.Single(scaler.Instances, i => i.Phase == Phase.Requested);
    }

    [Fact]
    public void Fault6_TheMemoryOfEndedMachines_OutlivesARestartAndHasAnEnd()
    {
        Boot();
        var native = Only.NativeId!;
        scaler.Sweep(true, scaler.Show(Only, MachineState.Ended, MachineEnd.Preempted));
        scaler.Bury();
        scaler.Machine.Restart();
        Assert.Contains(native, scaler.State.Departed.Keys);

        scaler.After(Minutes(40)).Look(1);
        scaler.Boot();
        scaler.Sweep(true, scaler.Show(Only, MachineState.Ended, MachineEnd.Preempted));
        scaler.Bury();
        Assert.DoesNotContain(native, scaler.State.Departed.Keys);
    }

    [Fact]
    public void Boot_OnlyAnOldRegistrationIsListed_IsNotOver()
    {
        Boot();
        See(0, Worker("a", Only.NativeId) with { LastSeen = scaler.Now - Minutes(5) });
        Assert.Equal(Phase.Booting, Only.Phase);
        scaler.After(Minutes(10));
        See(0, Worker("a", Only.NativeId) with { LastSeen = Only.StartedAt!.Value - Minutes(2) });
        Assert.Equal(Phase.Booting, Only.Phase);
        See(0, Worker("a", Only.NativeId));
        Assert.Equal(Phase.Idle, Only.Phase);
    }

    [Fact]
    public void Fault7_TheSourceCannotStopFeeding_TwoIdleLooksAfterTheMarkAreNeeded()
    {
        Boot();
        See(0, Worker("a", Only.NativeId));
        scaler.After(Minutes(3));
        See(0, Worker("a", Only.NativeId));
        Assert.Equal(Phase.Draining, Only.Phase);
        scaler.Tell(Only.Id, new InstanceCommand.FeedingStopped(false));

        See(0, Worker("a", Only.NativeId));
        Assert.Equal(Phase.Draining, Only.Phase);
        See(0, Worker("a", Only.NativeId, "taken at the last moment"));
        See(0, Worker("a", Only.NativeId));
        Assert.Equal(Phase.Draining, Only.Phase);
        See(0, Worker("a", Only.NativeId));
        Assert.Equal(Phase.Terminating, Only.Phase);
    }

    [Fact]
    public void Fault7_ATaskIsTakenAfterTheLastLook_ItIsAskedForWhenTheMachineHasEnded()
    {
        Boot();
        See(0, Worker("a", Only.NativeId));
        scaler.Machine.Send(new ScalerCommand.Leave(Only.Id, true, "ann"));
        var ended = scaler.Tell(Only.Id, new InstanceCommand.MachineSeen(scaler.Show(Only, MachineState.Ended)));
        Assert.Contains(ended.Effects, e => e is ScalerEffect.OfInstance { Effect: InstanceEffect.ReturnTasks });
        scaler.Machine.Restart();
        Assert.Contains(scaler.Machine.Owed, e => e is ScalerEffect.OfInstance { Effect: InstanceEffect.ReturnTasks });
    }

    [Fact]
    public void Fault8_AShortTaskBetweenTwoLooks_PutsTheEndOff()
    {
        Boot();
        See(0, Worker("a", Only.NativeId));
        scaler.After(Seconds(115));
        See(0, Worker("a", Only.NativeId) with { LastActivity = scaler.Now - Seconds(8) });
        scaler.After(Seconds(30));
        See(0, Worker("a", Only.NativeId) with { LastActivity = scaler.Now - Seconds(38) });
        Assert.Equal(Phase.Idle, Only.Phase);
    }

    [Fact]
    public void Fault11_TheQueueIsDeletedAtTheSource_NothingIsLaunchedAndWhatIsIdleLeaves()
    {
        var kept = ScalerSubject.With(QueueOf(Pool(max: 3)) with { MaxIdleTime = Minutes(2), MinInstances = 1 });
        kept.Look(1);
        kept.Boot();
        var native = kept.Instances[0].NativeId;
        void Gone() => kept.After(Seconds(1)).Machine.Send(new ScalerCommand.Observe(
            new QueueObservation(Queue, kept.Now, 0, null, [new WorkerObservation("a", null, [], kept.Now, null, native)], Missing: true)));
        Gone();
        Assert.Equal(Phase.Idle, Assert.Single(kept.Instances).Phase);
        kept.Machine.Send(new ScalerCommand.Retire(9));
        kept.Tell(kept.Instances[0].Id, new InstanceCommand.FeedingStopped(false));
        Gone();
        Gone();
        Assert.Equal(Phase.Terminating, Assert.Single(kept.Instances).Phase);

        var empty = ScalerSubject.With(QueueOf(Pool(max: 3)) with { MinInstances = 1 });
        empty.Machine.Send(new ScalerCommand.Observe(new QueueObservation(Queue, empty.Now, 0, null, [], Missing: true)));
        Assert.Empty(empty.Instances);
        Assert.Contains("The source does not have the queue", empty.Last.Sentence(), StringComparison.Ordinal);
    }

    [Fact]
    public void Fault12_EightTasksAtOnce_AreEightLaunchesInOneDecision()
    {
        var wide = ScalerSubject.With(QueueOf(Pool(max: 20)));
        var decision = wide.Look(8);
        Assert.Equal(8, decision.Effects.Count(e => e is ScalerEffect.OfInstance { Effect: InstanceEffect.AskLedger }));
        foreach (var instance in wide.Instances)
            wide.Grant(instance.Id);
        Assert.Equal(8, wide.Machine.Owed.Count(e => e is ScalerEffect.OfInstance { Effect: InstanceEffect.AskGateway { Command: GatewayCommand.Launch } }));
    }

    [Fact]
    public void Fault15_TheDriverCannotLaunchAtAll_TheQueueSaysWhyAndStops()
    {
        for (var look = 0; look < 60; look++)
        {
            scaler.Look(1);
            foreach (var instance in scaler.Instances.Where(i => i.Phase == Phase.Requested))
            {
                scaler.Grant(instance.Id);
                scaler.Refuse(instance.Id, ProviderFault.Misconfigured);
            }

            scaler.Bury().After(Minutes(1));
        }

        Assert.True(scaler.State.Breakers["gpu"].Tripped);
        scaler.Look(1);
        Assert.Empty(scaler.Instances);
        Assert.Contains("the cloud said no", scaler.Last.Sentence(), StringComparison.Ordinal);
    }

    [Fact]
    public void Task_OnTwoInstances_IsWarnedOfOnceAndAgainWhenItComesBack()
    {
        scaler.Look(2);
        scaler.Boot();
        var natives = scaler.Instances.Select(i => i.NativeId).ToArray();
        var both = new[] { Worker("a", natives[0], "t1"), Worker("b", natives[1], "t1") };

        var warning = Assert.Single(See(0, both).Effects.OfType<ScalerEffect.Warn>());
        Assert.Contains("task t1 is on instance", warning.Sentence, StringComparison.Ordinal);
        Assert.Equal("warning", scaler.Last.Rule);
        Assert.Empty(See(0, both).Effects.OfType<ScalerEffect.Warn>());
        See(0, both[0], both[1] with { Tasks = [] });
        Assert.Single(See(0, both).Effects.OfType<ScalerEffect.Warn>());
    }

    [Fact]
    public void Task_OnTwoWorkersOfOneInstance_IsNoWarning()
    {
        Boot();
        Assert.Empty(See(0, Worker("a", Only.NativeId, "t1"), Worker("b", Only.NativeId, "t1")).Effects.OfType<ScalerEffect.Warn>());
    }

    private void Boot()
    {
        scaler.Look(1);
        scaler.Boot();
    }

    private WorkerObservation Worker(string name, string? native, params string[] tasks) => new(name, null, tasks, scaler.Now + Seconds(1), null, native);

    private ControlPlane.Domain.Deciding.Decision<ScalerEvent, ScalerEffect> See(int pending, params WorkerObservation[] workers)
    {
        scaler.After(Seconds(1));
        return scaler.Machine.Send(new ScalerCommand.Observe(new QueueObservation(Queue, scaler.Now, pending, pending == 0 ? null : scaler.Now - Minutes(1), workers)));
    }
}
