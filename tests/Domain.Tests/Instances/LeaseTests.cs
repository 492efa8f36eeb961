using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Instances;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Instances;

public sealed class LeaseTests
{
    [Fact]
    public void Waiting_Requested_RemembersWhyAndOnlyOnce()
    {
        var instance = new InstanceSubject();
        var answer = new InstanceCommand.LeaseAnswered(new LeaseAnswer.Waiting(Denied()));
        Assert.IsType<InstanceEvent.LeaseWaits>(Assert.Single(instance.Send(answer).Events));
        Assert.Empty(instance.Send(answer).Events);
        Assert.Null(instance.Deadline);
    }

    [Fact]
    public void Tick_HalfOfTheLeaseIsOver_AsksForMoreUntilAnswered()
    {
        var instance = InstanceSubject.In(Phase.Busy);
        Assert.Equal(instance.State.LeaseUntil - Minutes(5), instance.Deadline);
        instance.After(Minutes(5)).TickUntilQuiet();
        var renew = Assert.IsType<LedgerCommand.Renew>(Assert.IsType<InstanceEffect.AskLedger>(Assert.Single(instance.Owed)).Command);
        Assert.Equal(instance.State.LeaseUntil, renew.KnownUntil);
        instance.Granted(Minutes(10));
        Assert.Empty(instance.Owed);
    }

    [Fact]
    public void Restart_ARenewalWasAsked_AsksAgain()
    {
        var instance = InstanceSubject.In(Phase.Busy).After(Minutes(5));
        instance.TickUntilQuiet();
        instance.Restart();
        instance.TickUntilQuiet();
        Assert.Single(instance.Owed);
    }

    [Theory]
    [InlineData(Phase.Idle, WhenDry.StopLaunching, Phase.Idle)]
    [InlineData(Phase.Busy, WhenDry.StopLaunching, Phase.Busy)]
    [InlineData(Phase.Idle, WhenDry.Drain, Phase.Draining)]
    [InlineData(Phase.Busy, WhenDry.Drain, Phase.Draining)]
    [InlineData(Phase.Idle, WhenDry.Terminate, Phase.Terminating)]
    [InlineData(Phase.Busy, WhenDry.Terminate, Phase.Terminating)]
    [InlineData(Phase.Booting, WhenDry.StopLaunching, Phase.Draining)]
    [InlineData(Phase.Booting, WhenDry.Terminate, Phase.Terminating)]
    [InlineData(Phase.Launching, WhenDry.StopLaunching, Phase.Launching)]
    [InlineData(Phase.Ended, WhenDry.Terminate, Phase.Ended)]
    public void Denied_InAPhase_DoesWhatTheBudgetSays(Phase phase, WhenDry whenDry, Phase then)
    {
        var instance = InstanceSubject.In(phase);
        instance.Denied(whenDry);
        Assert.Equal(then, instance.State.Phase);
        if (phase == Phase.Launching)
            Assert.Equal(Outcome.Budget, instance.State.Leaving);
        Assert.Empty(instance.Denied(whenDry).Events);
    }

    [Theory]
    [InlineData(WhenDry.StopLaunching)]
    [InlineData(WhenDry.Drain)]
    public void Denied_StillBusyAtTheCutoff_IsTerminatedBeforeItsTimeEnds(WhenDry whenDry)
    {
        var instance = InstanceSubject.In(Phase.Busy);
        instance.Denied(whenDry);
        Assert.Equal(instance.State.LeaseUntil - Minutes(1), instance.Deadline);
        instance.After(instance.Deadline!.Value - instance.Now).TickUntilQuiet();
        Assert.Equal((Phase.Terminating, Outcome.Budget), (instance.State.Phase, instance.State.Leaving));
        Assert.True(instance.Now < instance.State.LeaseUntil);
    }

    /// <summary>The ledger denied, then money came free and it renewed; the two answers arrive in the other order.</summary>
    [Fact]
    public void Denied_ItSpeaksOfALeaseThatWasRenewedMeanwhile_IsIgnored()
    {
        var instance = InstanceSubject.In(Phase.Busy);
        var stale = new LeaseAnswer.Denied(Denied(), WhenDry.Terminate, instance.State.LeaseUntil!.Value);
        instance.After(Minutes(5)).Granted(Minutes(10));
        Assert.Empty(instance.Send(new InstanceCommand.LeaseAnswered(stale)).Events);
        Assert.Null(instance.State.Dry);
    }

    [Fact]
    public void Granted_AfterADenial_IsNotDryAnyMore()
    {
        var instance = InstanceSubject.In(Phase.Busy);
        instance.Denied(WhenDry.StopLaunching);
        instance.Granted(Minutes(12));
        Assert.Null(instance.State.Dry);
        Assert.Equal(instance.State.LeaseUntil - Minutes(5), instance.Deadline);
    }

    [Fact]
    public void Tick_TheLedgerDoesNotAnswer_EndsItBeforeItsTimeIsOver()
    {
        var instance = InstanceSubject.In(Phase.Busy);
        while (instance.State.Phase != Phase.Terminating)
        {
            instance.After(instance.Deadline!.Value - instance.Now).TickUntilQuiet();
            Assert.True(instance.Now < instance.State.LeaseUntil);
        }

        Assert.Contains("the ledger does not answer", instance.State.LeavingBecause, StringComparison.Ordinal);
    }

    [Fact]
    public void Tick_RestartedLongAfterTheLeaseEnded_GivesTheLedgerHalfAMarginToAnswer()
    {
        var instance = InstanceSubject.In(Phase.Busy).After(Hours(1));
        instance.Restart();
        instance.TickUntilQuiet();
        Assert.Equal(Phase.Busy, instance.State.Phase);
        Assert.IsType<LedgerCommand.Renew>(Assert.IsType<InstanceEffect.AskLedger>(Assert.Single(instance.Owed)).Command);
        instance.Granted(Minutes(10));
        Assert.Null(instance.State.OverdueSince);
    }

    [Fact]
    public void Tick_RestartedLateAndNoAnswer_IsTerminated()
    {
        var instance = InstanceSubject.In(Phase.Busy).After(Hours(1));
        instance.Restart();
        instance.TickUntilQuiet();
        instance.After(Seconds(30)).TickUntilQuiet();
        Assert.Equal(Phase.Terminating, instance.State.Phase);
    }

    [Fact]
    public void Tick_Terminating_GoesOnPrepayingUntilTheMachineIsGone()
    {
        var instance = InstanceSubject.In(Phase.Terminating).After(Minutes(6));
        instance.TickUntilQuiet();
        Assert.Contains(instance.Owed, e => e is InstanceEffect.AskLedger { Command: LedgerCommand.Renew });
    }

    [Fact]
    public void Impossible_TheLedgerHasNoLeaseForARunningInstance_TerminatesIt()
    {
        var instance = InstanceSubject.In(Phase.Idle);
        instance.Send(new InstanceCommand.LeaseAnswered(new LeaseAnswer.Impossible("the ledger has no lease for this instance")));
        Assert.Equal(Phase.Terminating, instance.State.Phase);
    }

    [Fact]
    public void Settled_BeforeItEnded_IsIgnored()
    {
        var instance = InstanceSubject.In(Phase.Busy);
        Assert.Empty(instance.Send(new InstanceCommand.LeaseAnswered(new LeaseAnswer.Settled())).Events);
    }
}
