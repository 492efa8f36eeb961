using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Instances;

public sealed class LaunchTests
{
    [Fact]
    public void Resume_Requested_AsksForALeaseAtTheWorstPriceOfAllOffers()
    {
        var instance = new InstanceSubject(Pool(offers: [Offer(worst: 1, gpus: 1), Offer("g5.2xlarge", worst: 2, gpus: 2)]));
        var ask = Assert.IsType<InstanceEffect.AskLedger>(Assert.Single(instance.Owed));
        var terms = Assert.IsType<LedgerCommand.Reserve>(ask.Command).Request;
        Assert.Equal((Id(1), 2_000_000, Minutes(10), 2), (terms.Lease, terms.WorstRate.MicrosPerHour, terms.Length, terms.Gpus));
    }

    [Fact]
    public void Granted_Requested_HandsTheFirstOfferToTheGateway()
    {
        var instance = new InstanceSubject();
        var decision = instance.Granted(Minutes(10));
        Assert.Equal(Phase.Launching, instance.State.Phase);
        var launch = Assert.IsType<GatewayCommand.Launch>(Assert.IsType<InstanceEffect.AskGateway>(Assert.Single(decision.Effects)).Command);
        Assert.Equal((Id(1), 1, instance.Now + Minutes(10)), (launch.Intent.Instance, launch.Attempt, launch.Intent.LeaseUntil));
        Assert.Empty(instance.Granted(Minutes(10)).Events);
    }

    [Fact]
    public void Granted_TooLittleTimeLeftForTheMinimumBilling_RenewsBeforeItLaunches()
    {
        var instance = new InstanceSubject();
        instance.Granted(Seconds(90));
        Assert.Equal(Phase.Leased, instance.State.Phase);
        instance.TickUntilQuiet();
        Assert.IsType<LedgerCommand.Renew>(Assert.IsType<InstanceEffect.AskLedger>(Assert.Single(instance.Owed)).Command);
        instance.Granted(Minutes(10));
        Assert.Equal(Phase.Launching, instance.State.Phase);
    }

    [Fact]
    public void Impossible_Requested_EndsAndSettles()
    {
        var instance = new InstanceSubject();
        var decision = instance.Send(new InstanceCommand.LeaseAnswered(new LeaseAnswer.Impossible("the lease is larger than the limit")));
        Assert.Equal((Phase.Ended, Outcome.Budget), (instance.State.Phase, instance.State.Leaving));
        var settle = Assert.IsType<LedgerCommand.Settle>(Assert.IsType<InstanceEffect.AskLedger>(Assert.Single(decision.Effects)).Command);
        Assert.Null(settle.BilledFrom);
        instance.Send(new InstanceCommand.LeaseAnswered(new LeaseAnswer.Settled()));
        Assert.True(instance.State.Done);
    }

    [Fact]
    public void Refused_NoCapacity_TriesTheNextOfferAndThenEnds()
    {
        var instance = InstanceSubject.In(Phase.Launching, Pool(offers: [Offer(zone: "a"), Offer(zone: "b")]));
        var decision = instance.Refused(ProviderFault.InsufficientCapacity);
        Assert.Equal((Phase.Launching, 2), (instance.State.Phase, instance.State.Attempt));
        var asked = decision.Effects.OfType<InstanceEffect.AskGateway>().Select(e => e.Command).ToArray();
        Assert.Equal("b", asked.OfType<GatewayCommand.Launch>().Single().Offer.Zone);
        Assert.Contains(new GatewayCommand.Acknowledge(Id(1), 1), asked);

        instance.Refused(ProviderFault.QuotaExceeded);
        Assert.Equal((Phase.Ended, Outcome.LaunchFailed, ProviderFault.QuotaExceeded), (instance.State.Phase, instance.State.Leaving, instance.State.Fault));
        Assert.True(instance.State.TasksReturned);
    }

    [Fact]
    public void Refused_Misconfigured_EndsWithoutAnotherOffer()
    {
        var instance = InstanceSubject.In(Phase.Launching, Pool(offers: [Offer(zone: "a"), Offer(zone: "b")]));
        instance.Refused(ProviderFault.Misconfigured);
        Assert.Equal((Phase.Ended, 1), (instance.State.Phase, instance.State.Attempt));
    }

    [Fact]
    public void Refused_AnswerOfAnEarlierAttempt_IsAcknowledgedAndChangesNothing()
    {
        var instance = InstanceSubject.In(Phase.Launching, Pool(offers: [Offer(zone: "a"), Offer(zone: "b")]));
        instance.Refused(ProviderFault.InsufficientCapacity);
        var late = instance.Refused(ProviderFault.InsufficientCapacity, attempt: 1);
        Assert.Empty(late.Events);
        Assert.Equal(new GatewayCommand.Acknowledge(Id(1), 1), Assert.IsType<InstanceEffect.AskGateway>(Assert.Single(late.Effects)).Command);
    }

    [Fact]
    public void Refused_TheLeaseIsNearlyOver_RenewsBeforeTheNextOffer()
    {
        var instance = InstanceSubject.In(Phase.Launching, Pool(offers: [Offer(zone: "a"), Offer(zone: "b")]));
        instance.After(Minutes(8.5)).Refused(ProviderFault.InsufficientCapacity);
        Assert.Equal(Phase.Leased, instance.State.Phase);
        instance.TickUntilQuiet();
        instance.Granted(Minutes(10));
        Assert.Equal((Phase.Launching, 2), (instance.State.Phase, instance.State.Attempt));
    }

    [Fact]
    public void Drain_Launching_WaitsForTheAnswerThenDrainsTheMachine()
    {
        var instance = InstanceSubject.In(Phase.Launching);
        var cancelled = instance.Send(new InstanceCommand.Drain(Outcome.Policy, "not needed"));
        Assert.IsType<InstanceEvent.CancelRequested>(Assert.Single(cancelled.Events));
        Assert.Empty(instance.Send(new InstanceCommand.Drain(Outcome.Policy, "not needed")).Events);
        var decision = instance.Launched();
        Assert.Equal(Phase.Draining, instance.State.Phase);
        Assert.Contains(decision.Effects, e => e is InstanceEffect.StopFeeding);
    }

    [Fact]
    public void Drain_LaunchingThenRefused_EndsWithItsOwnOutcomeAndTriesNoOtherOffer()
    {
        var instance = InstanceSubject.In(Phase.Launching, Pool(offers: [Offer(zone: "a"), Offer(zone: "b")]));
        instance.Send(new InstanceCommand.Drain(Outcome.Policy, "not needed"));
        instance.Refused(ProviderFault.InsufficientCapacity);
        Assert.Equal((Phase.Ended, Outcome.Policy), (instance.State.Phase, instance.State.Leaving));
    }

    [Fact]
    public void Drain_LaunchingThenSeenByASweep_DrainsTheMachine()
    {
        var instance = InstanceSubject.In(Phase.Launching);
        instance.Send(new InstanceCommand.Terminate(Outcome.Operator, "ann asked"));
        instance.Seen(MachineState.Running);
        Assert.Equal(Phase.Draining, instance.State.Phase);
    }

    [Fact]
    public void MachineSeen_TheLaunchsAnswerWasLost_ConfirmsTheMachine()
    {
        var instance = InstanceSubject.In(Phase.Launching);
        instance.Seen(MachineState.Pending);
        Assert.Equal((Phase.Booting, "m-1"), (instance.State.Phase, instance.State.NativeId));
        Assert.Empty(instance.Launched().Events);
    }

    [Fact]
    public void MachineSeen_LaunchedAndEndedWithoutAnAnswer_IsBilledAndEnded()
    {
        var instance = InstanceSubject.In(Phase.Launching).After(Minutes(3));
        instance.Seen(MachineState.Ended, MachineEnd.Preempted);
        Assert.Equal((Phase.Ended, Outcome.Preempted), (instance.State.Phase, instance.State.Leaving));
        Assert.NotNull(instance.State.StartedAt);
        Assert.False(instance.State.TasksReturned);
    }

    [Fact]
    public void Look_NoWorkerWithinTheBootTime_IsStuckAndDrained()
    {
        var pool = Pool() with { MaxBootTime = Minutes(5), Revision = "short" };
        var instance = InstanceSubject.In(Phase.Booting, pool).After(Minutes(5));
        instance.LookAtNothing();
        Assert.Equal((Phase.Draining, Outcome.StuckBooting), (instance.State.Phase, instance.State.Leaving));
        Assert.Equal("its worker did not register within 5 min", instance.State.LeavingBecause);
    }
}
