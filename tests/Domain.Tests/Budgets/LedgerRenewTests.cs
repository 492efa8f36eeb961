using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Pricing;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Budgets;

public sealed class LedgerRenewTests
{
    [Fact]
    public void Renew_Runs_PostsWhatHasPassedAtTheSeenPriceAndHoldsAnew()
    {
        var ledger = LedgerSubject.With(Spec("team", 1));
        ledger.Reserve(Request(1));
        var decision = ledger.After(Minutes(6)).Renew(1, Now, HourlyRate.FromDollars(0.5m));

        Assert.Equal(ledger.Now + Minutes(10), decision.GrantedUntil(1));
        Assert.Equal(new Balance(new Money(166_667), new Money(50_000)), ledger.Of("team"));
    }

    [Fact]
    public void Renew_ThePriceIsKnownUpToATime_TheRestStaysHeldAtTheWorst()
    {
        var ledger = LedgerSubject.With(Spec("team", 1));
        ledger.Reserve(Request(1));
        ledger.After(Minutes(6)).Machine.Send(new LedgerCommand.Renew(Id(1), Queue, ledger.State.Leases[Id(1)].Until, Now, null, HourlyRate.FromDollars(0.5m), Now + Minutes(4)));
        Assert.Equal(new Balance(Dollar.Over(Minutes(12)), HourlyRate.FromDollars(0.5m).Over(Minutes(4))), ledger.Of("team"));
    }

    [Fact]
    public void Renew_Repeated_IsAnsweredWithoutAnotherEvent()
    {
        var ledger = LedgerSubject.With(Spec("team", 1));
        ledger.Reserve(Request(1));
        var known = ledger.State.Leases[Id(1)].Until;
        var until = ledger.After(Minutes(6)).Renew(1, Now).GrantedUntil(1);
        var again = ledger.After(Minutes(1)).Machine.Send(new LedgerCommand.Renew(Id(1), Queue, known, Now, null, Dollar));
        Assert.Empty(again.Events);
        Assert.Equal(until, again.GrantedUntil(1));
    }

    /// <summary>After a failover to a node whose clock is behind, the instance already runs on the longer time.</summary>
    [Fact]
    public void Renew_ClockHasGoneBack_NeverTakesPrepaidTimeAway()
    {
        var ledger = LedgerSubject.With(Spec("team", 1));
        var until = ledger.Reserve(Request(1)).GrantedUntil(1);
        var decision = ledger.After(Minutes(-2)).Renew(1, Now);
        Assert.Empty(decision.Events);
        Assert.Equal(until, decision.GrantedUntil(1));
        Assert.Equal(until, ledger.State.Leases[Id(1)].Until);
    }

    [Fact]
    public void Renew_NotKnownWhetherItRuns_HoldsFromTheFirstQuestionOn()
    {
        var ledger = LedgerSubject.With(Spec("team", 1));
        ledger.Reserve(Request(1));
        ledger.After(Minutes(6)).Renew(1, null, notBefore: Now + Minutes(1));
        Assert.Equal(new Balance(Dollar.Over(Minutes(15)), Money.Zero), ledger.Of("team"));
    }

    [Fact]
    public void Renew_Late_PostsTheTimeThatWasNotPrepaidToo()
    {
        var ledger = LedgerSubject.With(Spec("team", 1));
        ledger.Reserve(Request(1));
        ledger.After(Minutes(14)).Renew(1, Now);
        Assert.Equal(new Balance(new Money(166_667), Dollar.Over(Minutes(14))), ledger.Of("team"));
    }

    [Fact]
    public void Renew_UnknownLease_IsImpossible() =>
        Assert.IsType<LeaseAnswer.Impossible>(
            LedgerSubject.With(Spec("team", 1)).Machine.Send(new LedgerCommand.Renew(Id(9), Queue, Now, Now, null, Dollar)).To(9));

    [Theory]
    [InlineData(WhenDry.StopLaunching)]
    [InlineData(WhenDry.Drain)]
    [InlineData(WhenDry.Terminate)]
    public void Renew_NoRoom_IsDeniedWithTheWishOfTheBudgetThatSaidNo(WhenDry whenDry)
    {
        var ledger = LedgerSubject.With(Spec("org", 0.2m) with { WhenDry = whenDry }, Spec("team", 5, parent: "org"));
        ledger.Reserve(Request(1));
        var decision = ledger.After(Minutes(6)).Renew(1, Now);
        var denied = Assert.IsType<LeaseAnswer.Denied>(decision.To(1));
        Assert.Equal((whenDry, new BudgetName("org")), (denied.WhenDry, denied.Denial.Budget));
        Assert.Equal(Now + Minutes(10), denied.KnownUntil);
        Assert.IsType<LedgerEvent.RenewalDenied>(Assert.Single(decision.Events));
        Assert.Empty(ledger.Renew(1, Now).Events);
        Assert.Equal(new Balance(new Money(166_667), Money.Zero), ledger.Of("org"));
    }

    [Fact]
    public void Settle_ARenewalWasDenied_IsRenewedBeforeNewLeases()
    {
        var ledger = LedgerSubject.With(Spec("team", 0.4m));
        ledger.Reserve(Request(1));
        ledger.Reserve(Request(2));
        ledger.Reserve(Request(3, priority: 100));
        ledger.After(Minutes(6)).Renew(1, Now);
        var decision = ledger.Settle(2);
        Assert.Equal(ledger.Now + Minutes(10), decision.GrantedUntil(1));
        Assert.Null(decision.To(3));
        Assert.Empty(ledger.State.Stalled);
    }

    /// <summary>The first lease posts late into an hour that is full of the second one's worst price; that one waits for the next hour.</summary>
    [Fact]
    public void Settle_ARenewalFreesMoneyForOneThatWasJudgedBeforeIt_RenewsBoth()
    {
        var ledger = LedgerSubject.With(Spec("team", 1.01m, BudgetWindow.Hour)).After(Minutes(30));
        ledger.Reserve(Request(2, minutes: 30));
        ledger.After(Minutes(10)).Reserve(Request(1));
        ledger.Reserve(Request(3, minutes: 20));
        ledger.After(Minutes(20)).Reserve(Request(4, minutes: 60));
        ledger.After(Minutes(1));
        Assert.IsType<LeaseAnswer.Denied>(ledger.Renew(1, Now + Minutes(40)).To(1));
        Assert.IsType<LeaseAnswer.Denied>(ledger.Renew(2, Now + Minutes(30), HourlyRate.FromDollars(0.01m)).To(2));

        var decision = ledger.Settle(4);
        Assert.Equal(ledger.Now + Minutes(30), decision.GrantedUntil(2));
        Assert.Equal(ledger.Now + Minutes(10), decision.GrantedUntil(1));
    }

    /// <summary>The denied renewal is judged before the new lease that takes the money of a budget above.</summary>
    [Fact]
    public void Settle_ANewLeaseTakesWhatADeniedRenewalWouldNeedElsewhere_NotesItAtOnce()
    {
        var ledger = LedgerSubject.With(
            Spec("org", 0.668m), Spec("lab", 0.17m, BudgetWindow.Hour, "org"), Spec("team", 5, parent: "org") with { MaxInstances = 1 }).After(Minutes(40));
        ledger.Reserve(Request(1, "lab"));
        ledger.Reserve(Request(4));
        ledger.Reserve(Request(3, minutes: 20));
        ledger.After(Minutes(20)).Reserve(Request(2, "lab"));
        ledger.After(Minutes(1)).Renew(1, Now + Minutes(40), HourlyRate.FromDollars(0.01m));
        Assert.Equal(new BudgetName("lab"), ledger.State.Stalled[Id(1)].Denial.Budget);

        Assert.IsType<LeaseAnswer.Granted>(ledger.Settle(4).To(3));
        Assert.Equal(new BudgetName("org"), ledger.State.Stalled[Id(1)].Denial.Budget);
        Assert.Empty(ledger.Tick().Events);
    }

    [Fact]
    public void Tick_ADeniedRenewalIsDeniedAgainInTheNextWindow_WaitsForThatOnesEnd()
    {
        var ledger = LedgerSubject.With(Spec("team", 0.17m, BudgetWindow.Hour)).After(Minutes(40));
        ledger.Reserve(Request(1));
        ledger.After(Minutes(5)).Renew(1, Now + Minutes(40));
        Assert.NotEmpty(ledger.State.Stalled);
        ledger.Machine.At(Now + Hours(1) + Minutes(20));
        ledger.Machine.TickUntilQuiet(new LedgerCommand.Tick());
    }

    [Fact]
    public void Renew_OnlyAPastWindowIsBroken_DoesNotPromiseThatTimeWillHelp()
    {
        var ledger = LedgerSubject.With(Spec("team", 0.17m, BudgetWindow.Hour)).After(Minutes(45));
        ledger.Reserve(Request(1));
        ledger.Machine.At(Now + Hours(1) + Minutes(1));
        var denied = Assert.IsType<LeaseAnswer.Denied>(ledger.Renew(1, Now + Minutes(45)).To(1));
        Assert.Null(denied.Denial.WindowEnds);
        Assert.Null(ledger.Machine.Deadline);
    }

    [Fact]
    public void Renew_FreesMoneyOfAnEarlierStretch_ServesWhoWaits()
    {
        // The hour is full of the first lease's worst price; its real one is far lower.
        var ledger = LedgerSubject.With(Spec("team", 0.5m, BudgetWindow.Hour)).After(Minutes(30));
        ledger.Reserve(Request(1, minutes: 30, rate: 1));
        ledger.After(Minutes(28));
        Assert.IsType<LeaseAnswer.Waiting>(ledger.Reserve(Request(2, minutes: 1)).To(2));
        var decision = ledger.Renew(1, Now + Minutes(30), HourlyRate.FromDollars(0.01m));
        Assert.IsType<LeaseAnswer.Granted>(decision.To(1));
        Assert.IsType<LeaseAnswer.Granted>(decision.To(2));
    }

    [Fact]
    public void Renew_SpendingReachesThresholds_AlertsOnceAWindow()
    {
        var ledger = LedgerSubject.With(Spec("team", 1.1m, BudgetWindow.Hour) with { AlertAt = [10, 20, 90] });
        ledger.Reserve(Request(1));
        var first = ledger.After(Minutes(7)).Renew(1, Now).Events.OfType<LedgerEvent.AlertReached>();
        Assert.Equal([10], first.Select(a => a.Percent));
        Assert.Empty(ledger.After(Minutes(1)).Renew(1, Now).Events.OfType<LedgerEvent.AlertReached>());
        Assert.Equal([20], ledger.After(Minutes(6)).Renew(1, Now).Events.OfType<LedgerEvent.AlertReached>().Select(a => a.Percent));
        ledger.Machine.At(Now + Hours(1));
        ledger.Renew(1, Now);
        var next = ledger.After(Minutes(8)).Renew(1, Now).Events.OfType<LedgerEvent.AlertReached>().Single();
        Assert.Equal((10, Now + Hours(1)), (next.Percent, next.Window));
    }
}
