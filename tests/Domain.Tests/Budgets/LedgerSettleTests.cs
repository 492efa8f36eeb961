using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Tests.Kit;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Budgets;

public sealed class LedgerSettleTests
{
    [Fact]
    public void Settle_NoMachineEverRan_FreesEverything()
    {
        var ledger = LedgerSubject.With(Spec("team", 1));
        ledger.Reserve(Request(1));
        var settled = Assert.IsType<LedgerEvent.LeaseSettled>(ledger.Settle(1).Events[0]);
        Assert.Equal((Money.Zero, Money.Zero), (settled.Cost, settled.Overrun));
        Assert.Equal(Balance.Zero, ledger.Of("team"));
        Assert.Equal(0, ledger.State.Budgets[Budget].Instances);
    }

    [Fact]
    public void Settle_Ran_PostsItsCostAndFreesTheRest()
    {
        var ledger = LedgerSubject.With(Spec("team", 1));
        ledger.Reserve(Request(1));
        var settled = Assert.IsType<LedgerEvent.LeaseSettled>(ledger.After(Minutes(4)).Settle(1, Now, Now + Minutes(3), HourlyRate.FromDollars(0.5m)).Events[0]);
        Assert.Equal(Dollars(0.025m), settled.Cost);
        Assert.Equal(new Balance(Money.Zero, Dollars(0.025m)), ledger.Of("team"));
    }

    [Fact]
    public void Settle_AfterRenewals_CostIsTheSumOfAllStretches()
    {
        var ledger = LedgerSubject.With(Spec("team", 5));
        ledger.Reserve(Request(1));
        ledger.After(Minutes(6)).Renew(1, Now);
        ledger.After(Minutes(6)).Renew(1, Now);
        var settled = Assert.IsType<LedgerEvent.LeaseSettled>(ledger.After(Minutes(3)).Settle(1, Now, Now + Minutes(15)).Events[0]);
        Assert.Equal(Dollars(0.25m), settled.Cost);
        Assert.Equal(new Balance(Money.Zero, Dollars(0.25m)), ledger.Of("team"));
    }

    [Fact]
    public void Settle_OutlivedItsLease_PostsAndNamesTheOverrun()
    {
        var ledger = LedgerSubject.With(Spec("team", 0.17m));
        ledger.Reserve(Request(1));
        var settled = Assert.IsType<LedgerEvent.LeaseSettled>(ledger.After(Minutes(20)).Settle(1, Now, Now + Minutes(16)).Events[0]);
        Assert.Equal((Dollar.Over(Minutes(16)), Dollar.Over(Minutes(6))), (settled.Cost, settled.Overrun));
        Assert.Equal(Dollar.Over(Minutes(16)), ledger.Of("team").Spent);
    }

    [Fact]
    public void Settle_HadEndedBeforeTheLastRenewal_TakesThatStretchBack()
    {
        var ledger = LedgerSubject.With(Spec("team", 5));
        ledger.Reserve(Request(1));
        ledger.After(Minutes(6)).Renew(1, Now);
        ledger.After(Minutes(6)).Renew(1, Now);
        var settled = Assert.IsType<LedgerEvent.LeaseSettled>(ledger.After(Minutes(1)).Settle(1, Now, Now + Minutes(8)).Events[0]);
        Assert.Equal(Dollar.Over(Minutes(6)) + Dollar.Over(Minutes(2)), settled.Cost);
        Assert.Equal(settled.Cost, ledger.Of("team").Spent);
        Assert.Equal(Money.Zero, ledger.Of("team").Held);
    }

    [Fact]
    public void Settle_HadEndedBeforeTheRenewalBeforeTheLast_TakesBackTheLastStretchOnly()
    {
        var ledger = LedgerSubject.With(Spec("team", 5));
        ledger.Reserve(Request(1));
        ledger.After(Minutes(6)).Renew(1, Now);
        ledger.After(Minutes(6)).Renew(1, Now);
        var settled = Assert.IsType<LedgerEvent.LeaseSettled>(ledger.After(Minutes(1)).Settle(1, Now, Now + Minutes(2)).Events[0]);
        Assert.Equal(Dollar.Over(Minutes(6)), settled.Cost);
        Assert.Equal(settled.Cost, ledger.Of("team").Spent);
    }

    [Fact]
    public void Settle_Repeated_IsAnsweredAndPostsNothing()
    {
        var ledger = LedgerSubject.With(Spec("team", 1));
        ledger.Reserve(Request(1));
        ledger.Settle(1, Now, Now + Minutes(1));
        var again = ledger.Settle(1, Now, Now + Minutes(9));
        Assert.Empty(again.Events);
        Assert.IsType<LeaseAnswer.Settled>(again.To(1));
    }

    [Fact]
    public void Configure_LowerLimit_KeepsWhatIsGrantedAndGrantsNothingMore()
    {
        var ledger = LedgerSubject.With(Spec("team", 1));
        ledger.Reserve(Request(1));
        ledger.Reserve(Request(2));
        ledger.Configure(Spec("team", 0.2m));
        Assert.Equal(2, ledger.State.Leases.Count);
        Assert.IsType<LeaseAnswer.Waiting>(ledger.Reserve(Request(3)).To(3));
        Assert.IsType<LeaseAnswer.Denied>(ledger.After(Minutes(6)).Renew(1, Now).To(1));
    }

    [Fact]
    public void Configure_HigherLimit_ServesWhoWaits()
    {
        var ledger = LedgerSubject.With(Spec("team", 0.17m));
        ledger.Reserve(Request(1));
        ledger.Reserve(Request(2));
        Assert.IsType<LeaseAnswer.Granted>(ledger.Configure(Spec("team", 1)).To(2));
    }

    [Fact]
    public void Configure_SameTree_RecordsNothingAndIsAcknowledged()
    {
        var ledger = LedgerSubject.With(Spec("team", 1) with { AlertAt = [50] }, Spec("lab", parent: "team"));
        var again = ledger.Configure(Spec("lab", parent: "team"), Spec("team", 1) with { AlertAt = [50] });
        Assert.DoesNotContain(again.Events, e => e is not Domain.Deciding.ITransientEvent);
        Assert.Contains(new LedgerEffect.Acknowledge(2), again.Effects);
    }

    [Fact]
    public void Configure_OlderRevision_IsIgnoredEvenIfTheNewerChangedNothing()
    {
        var ledger = LedgerSubject.With(Spec("team", 1));
        ledger.Machine.Send(new LedgerCommand.Configure([Spec("team", 1)], 9));
        ledger.Machine.Send(new LedgerCommand.Configure([Spec("team", 7)], 8));
        Assert.Equal(Dollars(1), ledger.State.Budgets[Budget].Spec.Limit);
    }

    [Fact]
    public void Configure_BudgetWithLeasesRemoved_StaysUntilTheyAreSettled()
    {
        var ledger = LedgerSubject.With(Spec("org", 5), Spec("team", 1, parent: "org"));
        ledger.Reserve(Request(1));
        ledger.Configure(Spec("org", 5));
        Assert.True(ledger.State.Budgets[Budget].Retired);
        Assert.Equal(166_667, ledger.Of("org").Held.Micros);
        ledger.Settle(1, Now, Now + Minutes(6));
        Assert.False(ledger.State.Budgets.ContainsKey(Budget));
        Assert.Equal(Dollars(0.1m), ledger.Of("org").Spent);
    }

    [Fact]
    public void Configure_BudgetOfAWaiterRemoved_TellsItThatItIsImpossible()
    {
        var ledger = LedgerSubject.With(Spec("org", 0.17m), Spec("team", parent: "org"), Spec("lab", parent: "org"));
        ledger.Reserve(Request(1, "lab"));
        ledger.Reserve(Request(3));
        var decision = ledger.Configure(Spec("org", 0.17m), Spec("lab", parent: "org"));
        Assert.IsType<LeaseAnswer.Impossible>(decision.To(3));
        Assert.Empty(ledger.State.Waiting);
    }

    [Fact]
    public void Configure_BudgetMovedToAnotherParent_HoldsMoveWithIt()
    {
        var ledger = LedgerSubject.With(Spec("org", 5), Spec("a", 3, parent: "org"), Spec("b", 3, parent: "org"), Spec("team", 1, parent: "a"));
        ledger.Reserve(Request(1));
        ledger.Configure(Spec("org", 5), Spec("a", 3, parent: "org"), Spec("b", 3, parent: "org"), Spec("team", 1, parent: "b"));
        Assert.Equal((0, 166_667, 166_667), (ledger.Of("a").Held.Micros, ledger.Of("b").Held.Micros, ledger.Of("org").Held.Micros));
        Assert.Equal((0, 1), (ledger.State.Budgets[new BudgetName("a")].Instances, ledger.State.Budgets[new BudgetName("b")].Instances));
        ledger.Settle(1, Now, Now + Minutes(6));
        Assert.Equal((Money.Zero, Dollars(0.1m)), (ledger.Of("a").Spent, ledger.Of("b").Spent));
    }

    [Theory]
    [InlineData(BudgetWindow.Hour)]
    [InlineData(BudgetWindow.Day)]
    [InlineData(BudgetWindow.Month)]
    [InlineData(BudgetWindow.Total)]
    public void Configure_OtherWindow_WhatWasSpentInTheCurrentOneStillCounts(BudgetWindow window)
    {
        var ledger = LedgerSubject.With(Spec("team", 1, BudgetWindow.Week));
        ledger.Reserve(Request(1));
        ledger.Settle(1, Now, Now + Minutes(6));
        ledger.After(Minutes(10)).Configure(Spec("team", 0.2m, window));
        Assert.Equal(Dollars(0.1m), ledger.State.Budgets[Budget].At(ledger.State.Budgets[Budget].WindowOf(ledger.Now)).Spent);
        Assert.IsType<LeaseAnswer.Waiting>(ledger.Reserve(Request(2)).To(2));
    }

    [Fact]
    public void Configure_OtherTimeZone_LeasesAreHeldInItsWindows()
    {
        var ledger = LedgerSubject.With(Spec("team", 5, BudgetWindow.Day));
        ledger.Reserve(Request(1));
        ledger.Configure(Spec("team", 5, BudgetWindow.Day) with { TimeZone = "Asia/Kathmandu" });
        var held = Assert.Single(ledger.State.Budgets[Budget].Windows, w => w.Value.Held > Money.Zero);
        Assert.Equal(new DateTimeOffset(2026, 3, 1, 18, 15, 0, TimeSpan.Zero), held.Key);
    }

    [Fact]
    public void Restart_AnyHistory_GivesTheSameBalances()
    {
        var ledger = LedgerSubject.With(Spec("org", 5, BudgetWindow.Day), Spec("team", 1, BudgetWindow.Hour, "org"));
        ledger.Reserve(Request(1));
        ledger.After(Minutes(6)).Renew(1, Now);
        ledger.Reserve(Request(2, minutes: 30));
        ledger.Reserve(Request(3, minutes: 30));
        ledger.Settle(1, Now, Now + Minutes(7));
        var before = Wire.Write(ledger.State);
        ledger.Machine.Restart();
        Assert.Equal(before, Wire.Write(ledger.State));
    }
}
