using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Sources;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Instances;

/// <summary>
/// Found by simulation: while looks failed or were late, a worker registered and took a task, and its instance was terminated as stuck, as no longer needed, or
/// as idle because only one of its workers was listed.
/// </summary>
public sealed class BusyWorkerEndedUnseenTests
{
    [Fact]
    public void Tick_BootTimeOverWithoutALook_EndsNothingAndAsksForALook()
    {
        var instance = InstanceSubject.In(Phase.Booting).After(Minutes(31));
        instance.TickUntilQuiet();
        Assert.Equal(Phase.Booting, instance.State.Phase);
        Assert.Contains(instance.Owed, e => e is InstanceEffect.LookAgain);
        instance.Look(1);
        Assert.Equal(Phase.Busy, instance.State.Phase);
        Assert.DoesNotContain(instance.Owed, e => e is InstanceEffect.LookAgain);
    }

    [Fact]
    public void Drain_Booting_TerminatesOnlyAfterFeedingStoppedAndALook()
    {
        var instance = InstanceSubject.In(Phase.Booting);
        instance.Send(new InstanceCommand.Drain(Outcome.Policy, "it is no longer needed"));
        instance.After(Seconds(5)).LookAtNothing();
        Assert.Equal(Phase.Draining, instance.State.Phase);
        instance.Send(new InstanceCommand.FeedingStopped(true));
        instance.After(Minutes(3)).LookAtNothing();
        Assert.Equal(Phase.Terminating, instance.State.Phase);
    }

    [Fact]
    public void Drain_StuckBootingButItsWorkerIsMissingFromTheListForAWhile_WaitsForItsTask()
    {
        var instance = InstanceSubject.In(Phase.Booting).After(Minutes(31));
        instance.LookAtNothing();
        Assert.Equal(Outcome.StuckBooting, instance.State.Leaving);
        instance.Send(new InstanceCommand.FeedingStopped(true));
        instance.After(Seconds(175)).LookAtNothing();
        Assert.Equal(Phase.Draining, instance.State.Phase);
        instance.After(Seconds(4)).Look(1);
        Assert.Equal(Phase.Draining, instance.State.Phase);
        instance.After(Minutes(10)).Look(0);
        Assert.Equal(Phase.Terminating, instance.State.Phase);
    }

    [Fact]
    public void Drain_BootingButItsWorkerTookATask_WaitsForTheTask()
    {
        var instance = InstanceSubject.In(Phase.Booting);
        instance.Send(new InstanceCommand.Drain(Outcome.Policy, "it is no longer needed"));
        instance.Send(new InstanceCommand.FeedingStopped(true));
        instance.After(Seconds(5)).Look(1);
        Assert.Equal(Phase.Draining, instance.State.Phase);
    }

    [Fact]
    public void Look_OneOfTwoWorkersIsMissing_TheInstanceStaysBusyForASilence()
    {
        var instance = InstanceSubject.In(Phase.Booting, Pool(slots: 2));
        instance.After(Minutes(1)).Send(Two(instance, ["t1"], []));
        Assert.Equal(Phase.Busy, instance.State.Phase);
        instance.After(Seconds(10)).Look(0);
        Assert.Equal(Phase.Busy, instance.State.Phase);
        instance.After(Minutes(3)).Look(0);
        Assert.Equal(Phase.Idle, instance.State.Phase);
    }

    [Fact]
    public void Drain_OneOfTwoWorkersIsMissing_WaitsUntilItMustBeListed()
    {
        var instance = InstanceSubject.In(Phase.Booting, Pool(slots: 2));
        instance.After(Minutes(1)).Send(Two(instance, [], []));
        instance.Send(new InstanceCommand.Drain(Outcome.Idle, "it was idle"));
        instance.Send(new InstanceCommand.FeedingStopped(true));
        instance.After(Seconds(10)).Look(0);
        Assert.Equal(Phase.Draining, instance.State.Phase);
        instance.After(Seconds(10)).Send(Two(instance, [], ["t1"]));
        Assert.Equal(Phase.Draining, instance.State.Phase);
        instance.After(Minutes(4)).Send(Two(instance, [], []));
        Assert.Equal(Phase.Terminating, instance.State.Phase);
    }

    [Fact]
    public void Drain_OneOfTwoWorkersIsGoneForASilence_DoesNotKeepTheMachine()
    {
        var instance = InstanceSubject.In(Phase.Booting, Pool(slots: 2));
        instance.After(Minutes(1)).Send(Two(instance, [], []));
        instance.Send(new InstanceCommand.Drain(Outcome.Idle, "it was idle"));
        instance.Send(new InstanceCommand.FeedingStopped(true));
        instance.After(Minutes(3)).Look(0);
        Assert.Equal(Phase.Draining, instance.State.Phase);
        instance.After(Minutes(3)).Look(0);
        Assert.Equal(Phase.Terminating, instance.State.Phase);
    }

    [Fact]
    public void Look_BothWorkersListedAndIdle_TheInstanceIsIdleAtOnce()
    {
        var instance = InstanceSubject.In(Phase.Booting, Pool(slots: 2));
        instance.After(Minutes(1)).Send(Two(instance, ["t1"], []));
        instance.After(Seconds(10)).Send(Two(instance, [], []));
        Assert.Equal(Phase.Idle, instance.State.Phase);
    }

    private static InstanceCommand.WorkersSeen Two(InstanceSubject instance, string[] first, string[] second) => new(
        [
            new WorkerObservation("w1", instance.State.Id, first, instance.Now, null),
            new WorkerObservation("w2", instance.State.Id, second, instance.Now, null),
        ],
        instance.Now);
}
