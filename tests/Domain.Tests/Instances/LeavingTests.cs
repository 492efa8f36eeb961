using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Instances;

public sealed class LeavingTests
{
    [Fact]
    public void WorkersSeen_Booting_RegistersAndMayBeBusyAtOnce()
    {
        var instance = InstanceSubject.In(Phase.Booting);
        Assert.Empty(instance.LookAtNothing().Events);
        instance.Look(1);
        Assert.Equal((Phase.Busy, instance.Now), (instance.State.Phase, instance.State.RegisteredAt));
    }

    [Fact]
    public void WorkersSeen_Idle_IdleSinceTheLastActivityThatTheSourceKnows()
    {
        var instance = InstanceSubject.In(Phase.Idle).After(Minutes(4));
        instance.Look(0, instance.Now - Seconds(8));
        Assert.Equal(instance.Now - Seconds(8), instance.State.IdleSince);
        Assert.Empty(instance.Look(0, instance.Now - Seconds(8)).Events);
    }

    [Fact]
    public void WorkersSeen_BusyWorkerIsNoLongerListed_StaysBusy()
    {
        var instance = InstanceSubject.In(Phase.Busy);
        Assert.Empty(instance.After(Minutes(20)).LookAtNothing().Events);
        Assert.Equal(Phase.Busy, instance.State.Phase);
    }

    [Fact]
    public void Drain_TheSourceStopsFeeding_OneIdleLookSuffices()
    {
        var instance = InstanceSubject.In(Phase.Draining);
        Assert.IsType<InstanceEffect.StopFeeding>(Assert.Single(instance.Owed));
        instance.After(Seconds(1)).Look(0);
        Assert.Equal(Phase.Draining, instance.State.Phase);
        instance.Send(new InstanceCommand.FeedingStopped(true));
        Assert.IsType<InstanceEffect.LookAgain>(Assert.Single(instance.Owed));
        instance.After(Seconds(1)).Look(0);
        Assert.Equal(Phase.Terminating, instance.State.Phase);
    }

    [Fact]
    public void Drain_TheSourceCannotStopFeeding_TakesTwoIdleLooks()
    {
        var instance = InstanceSubject.In(Phase.Draining);
        instance.Send(new InstanceCommand.FeedingStopped(false));
        instance.After(Seconds(1)).Look(0);
        Assert.Equal(Phase.Draining, instance.State.Phase);
        instance.After(Seconds(1)).Look(1);
        instance.After(Seconds(1)).Look(0);
        Assert.Equal(Phase.Draining, instance.State.Phase);
        instance.After(Seconds(1)).Look(0);
        Assert.Equal(Phase.Terminating, instance.State.Phase);
    }

    [Fact]
    public void Drain_ALookThatBeganBeforeFeedingStopped_ProvesNothing()
    {
        var instance = InstanceSubject.In(Phase.Draining).After(Seconds(5));
        instance.Send(new InstanceCommand.FeedingStopped(true));
        instance.Look(0);
        Assert.Equal(Phase.Draining, instance.State.Phase);
    }

    [Fact]
    public void Drain_Busy_IsNeverEndedBeforeItIsIdle()
    {
        var instance = InstanceSubject.In(Phase.Busy);
        instance.Send(new InstanceCommand.Drain(Outcome.Operator, "ann asked to drain it"));
        instance.Send(new InstanceCommand.FeedingStopped(true));
        for (var i = 0; i < 50; i++)
        {
            instance.After(Seconds(10)).Look(1);
            instance.Granted(Minutes(10));
            instance.TickUntilQuiet();
            Assert.Equal(Phase.Draining, instance.State.Phase);
        }

        instance.After(Seconds(1)).Look(0);
        Assert.Equal((Phase.Terminating, Outcome.Operator), (instance.State.Phase, instance.State.Leaving));
    }

    /// <summary>An agent that died has left the list; its machine must not drain for ever.</summary>
    [Fact]
    public void Drain_TheIdleWorkerHasLeftTheList_EndsAfterASilence()
    {
        var instance = InstanceSubject.In(Phase.Draining);
        instance.Send(new InstanceCommand.FeedingStopped(true));
        instance.After(Minutes(1)).LookAtNothing();
        instance.After(Minutes(2)).LookAtNothing();
        Assert.Equal(Phase.Draining, instance.State.Phase);
        instance.After(Minutes(1)).LookAtNothing();
        Assert.Equal(Phase.Terminating, instance.State.Phase);
    }

    /// <summary>Looks failed for minutes; the first that succeeds comes while the registration of the worker, which took a task before its feeding stopped, is lost for a moment.</summary>
    [Fact]
    public void Drain_TheFirstLookForMinutesMissesTheWorker_WaitsForASilenceFromThatLook()
    {
        var instance = InstanceSubject.In(Phase.Draining);
        instance.Send(new InstanceCommand.FeedingStopped(true));
        instance.After(Minutes(6)).LookAtNothing();
        Assert.Equal(Phase.Draining, instance.State.Phase);
        instance.After(Minutes(2)).Look(1);
        instance.After(Minutes(1)).LookAtNothing();
        Assert.Equal(Phase.Draining, instance.State.Phase);
        instance.After(Minutes(1)).Look(0);
        Assert.Equal(Phase.Terminating, instance.State.Phase);
    }

    [Fact]
    public void Drain_TheBusyWorkerHasLeftTheList_GoesOnWaiting()
    {
        var instance = InstanceSubject.In(Phase.Busy);
        instance.Send(new InstanceCommand.Drain(Outcome.Operator, "ann asked to drain it"));
        instance.Send(new InstanceCommand.FeedingStopped(true));
        instance.After(Minutes(3)).LookAtNothing();
        Assert.Equal(Phase.Draining, instance.State.Phase);
    }

    [Theory]
    [InlineData(Phase.Requested, Phase.Ended)]
    [InlineData(Phase.Launching, Phase.Launching)]
    [InlineData(Phase.Booting, Phase.Terminating)]
    [InlineData(Phase.Idle, Phase.Terminating)]
    [InlineData(Phase.Busy, Phase.Terminating)]
    [InlineData(Phase.Draining, Phase.Terminating)]
    [InlineData(Phase.Terminating, Phase.Terminating)]
    [InlineData(Phase.Ended, Phase.Ended)]
    public void Terminate_InAPhase_LeadsOn(Phase phase, Phase then)
    {
        var instance = InstanceSubject.In(phase);
        var command = new InstanceCommand.Terminate(Outcome.Operator, "bob asked");
        instance.Send(command);
        Assert.Equal(then, instance.State.Phase);
        Assert.Empty(instance.Send(command).Events);
        Assert.NotNull(instance.State.Leaving);
    }

    [Fact]
    public void Resume_Terminating_RepeatsTheTerminationByItsMachinesId()
    {
        var instance = InstanceSubject.In(Phase.Terminating);
        instance.Restart();
        var terminate = instance.Owed.OfType<InstanceEffect.AskGateway>().Select(e => e.Command).OfType<GatewayCommand.Terminate>().Single();
        Assert.Equal(new InstanceRef(Id(1), "m-1"), terminate.Instance);
    }
}
