using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Instances;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Budgets;

public sealed class LedgerReserveTests
{
    [Fact]
    public void Reserve_RoomInTheWholeChain_HoldsTheWorstPriceInEach()
    {
        var ledger = LedgerSubject.With(Spec("org", 10), Spec("team", 1, parent: "org"));
        var decision = ledger.Reserve(Request(1));

        Assert.Equal(ledger.Now + Minutes(10), decision.GrantedUntil(1));
        Assert.IsType<LedgerEvent.LeaseGranted>(Assert.Single(decision.Events));
        Assert.Equal(166_667, ledger.Of("team").Held.Micros);
        Assert.Equal(166_667, ledger.Of("org").Held.Micros);
    }

    [Fact]
    public void Reserve_Repeated_GivesTheSameAnswerAndHoldsNothingMore()
    {
        var ledger = LedgerSubject.With(Spec("team", 1));
        var until = ledger.Reserve(Request(1)).GrantedUntil(1);
        var again = ledger.After(Minutes(3)).Reserve(Request(1));

        Assert.Empty(again.Events);
        Assert.Equal(until, again.GrantedUntil(1));
        Assert.Equal(166_667, ledger.Of("team").Held.Micros);
    }

    [Fact]
    public void Reserve_NoRoomInTheBudget_StandsInLineAndSaysWhy()
    {
        var ledger = LedgerSubject.With(Spec("team", 0.2m));
        ledger.Reserve(Request(1));
        var decision = ledger.Reserve(Request(2));

        var waiting = Assert.IsType<LeaseAnswer.Waiting>(decision.To(2));
        Assert.Equal("budget team has $0.033333 left of $0.20 and the lease needs $0.166667", waiting.Denial.Sentence);
        Assert.IsType<LedgerEvent.RequestQueued>(Assert.Single(decision.Events));
        Assert.Empty(ledger.Reserve(Request(2)).Events);
    }

    [Fact]
    public void Reserve_NoRoomInAnAncestor_NamesTheAncestor()
    {
        var ledger = LedgerSubject.With(Spec("org", 0.3m), Spec("team", 10, parent: "org"), Spec("lab", 10, parent: "org"));
        ledger.Reserve(Request(1, "lab"));
        var waiting = Assert.IsType<LeaseAnswer.Waiting>(ledger.Reserve(Request(2)).To(2));
        Assert.Equal(new BudgetName("org"), waiting.Denial.Budget);
        Assert.Equal(0, ledger.Of("team").Held.Micros);
    }

    [Fact]
    public void Reserve_ExactlyTheLimit_IsGranted() =>
        Assert.IsType<LeaseAnswer.Granted>(LedgerSubject.With(Spec("team", 0.166667m)).Reserve(Request(1)).To(1));

    [Theory]
    [InlineData(1, null, "budget org allows 1 instances and has 1")]
    [InlineData(null, 4, "budget org allows 4 GPUs, has 4 in use, and 4 are asked for")]
    public void Reserve_CountsAreFull_Waits(int? instances, int? gpus, string sentence)
    {
        var ledger = LedgerSubject.With(Spec("org") with { MaxInstances = instances, MaxGpus = gpus }, Spec("team", parent: "org"));
        ledger.Reserve(Request(1, gpus: 4));
        var waiting = Assert.IsType<LeaseAnswer.Waiting>(ledger.Reserve(Request(2, gpus: 4)).To(2));
        Assert.Equal(sentence, waiting.Denial.Sentence);
        Assert.Equal(ledger.Now + Minutes(10), ledger.Settle(1).GrantedUntil(2));
        Assert.Equal((1, 4), (ledger.State.Budgets[new BudgetName("org")].Instances, ledger.State.Budgets[new BudgetName("org")].Gpus));
    }

    [Theory]
    [InlineData("other", "budget other does not exist")]
    [InlineData("poor", "one lease needs $0.166667 and budget poor is limited to $0.10")]
    [InlineData("none", "budget none allows no instances")]
    [InlineData("cpu", "an instance has 1 GPUs and budget cpu allows 0")]
    public void Reserve_CanNeverFit_IsImpossibleAndIsNotQueued(string budget, string reason)
    {
        var ledger = LedgerSubject.With(Spec("poor", 0.1m), Spec("none") with { MaxInstances = 0 }, Spec("cpu") with { MaxGpus = 0 });
        var decision = ledger.Reserve(Request(1, budget, gpus: 1));
        Assert.Equal(reason, Assert.IsType<LeaseAnswer.Impossible>(decision.To(1)).Reason);
        Assert.Empty(decision.Events);
    }

    [Fact]
    public void Reserve_BeforeTheTreeIsKnown_IsNotAnsweredSoThatItIsAskedAgain()
    {
        var ledger = new LedgerSubject();
        Assert.Empty(ledger.Reserve(Request(1)).Effects);
        ledger.Configure(Spec("team", 1));
        Assert.IsType<LeaseAnswer.Granted>(ledger.Reserve(Request(1)).To(1));
    }

    [Fact]
    public void Reserve_LeaseStraddlesTwoWindows_HoldsInEachItsPart()
    {
        var ledger = LedgerSubject.With(Spec("team", 1, BudgetWindow.Hour)).After(Minutes(55));
        ledger.Reserve(Request(1));
        var windows = ledger.State.Budgets[Budget].Windows;
        Assert.Equal([83_334, 83_334], windows.Values.Select(w => w.Held.Micros));
        Assert.Equal([Now, Now + Hours(1)], windows.Keys);
    }

    [Fact]
    public void Reserve_NextWindowIsFull_WaitsForThatWindowsEnd()
    {
        var ledger = LedgerSubject.With(Spec("team", 0.1m, BudgetWindow.Hour)).After(Minutes(55));
        ledger.Reserve(Request(1));
        var waiting = Assert.IsType<LeaseAnswer.Waiting>(ledger.After(Minutes(4)).Reserve(Request(2, minutes: 40)).To(2));
        Assert.Equal(Now + Hours(2), waiting.Denial.WindowEnds);
    }

    [Fact]
    public void Reserve_SomebodyEquallyImportantWaits_DoesNotOvertake()
    {
        var ledger = LedgerSubject.With(Spec("team", 0.4m));
        ledger.Reserve(Request(1));
        ledger.Reserve(Request(2, minutes: 20));
        var small = ledger.Reserve(Request(3, minutes: 1));
        Assert.IsType<LeaseAnswer.Waiting>(small.To(3));
        Assert.IsType<LeaseAnswer.Granted>(ledger.Reserve(Request(4, minutes: 1, priority: 1)).To(4));
    }

    [Fact]
    public void Settle_OthersWait_ServesByPriorityThenFirstComeFirstServed()
    {
        var ledger = LedgerSubject.With(Spec("team", 0.17m));
        ledger.Reserve(Request(1));
        ledger.Reserve(Request(2));
        ledger.Reserve(Request(3));
        ledger.Reserve(Request(4, priority: 5));
        Assert.Equal([Id(4), Id(2), Id(3)], ledger.State.Waiting.Select(w => w.Request.Lease));

        List<InstanceId> served = [];
        foreach (var n in new[] { 1, 4, 2 })
        {
            var decision = ledger.Settle(n);
            served.AddRange(decision.Effects.OfType<LedgerEffect.Tell>().Where(t => t.Answer is LeaseAnswer.Granted).Select(t => t.Instance));
        }

        Assert.Equal([Id(4), Id(2), Id(3)], served);
    }

    [Fact]
    public void Settle_ABudgetsFirstWaiterStillDoesNotFit_OthersOfOtherBudgetsAreServed()
    {
        var ledger = LedgerSubject.With(Spec("org", 1), Spec("team", 0.2m, parent: "org"), Spec("lab", 1, parent: "org"));
        ledger.Reserve(Request(1));
        ledger.Reserve(Request(2, "lab", minutes: 45));
        ledger.Reserve(Request(3));
        ledger.Reserve(Request(4, "lab"));
        Assert.Equal(new BudgetName("team"), ledger.State.WaiterOf(Id(3))!.Denial.Budget);
        Assert.Equal(new BudgetName("org"), ledger.State.WaiterOf(Id(4))!.Denial.Budget);
        var decision = ledger.Settle(2);
        Assert.IsType<LeaseAnswer.Granted>(decision.To(4));
        Assert.Null(decision.To(3));
    }

    [Fact]
    public void Tick_WindowBegins_ServesThoseWhoWaitedForIt()
    {
        var ledger = LedgerSubject.With(Spec("team", 0.17m, BudgetWindow.Hour));
        ledger.Reserve(Request(1));
        ledger.Reserve(Request(2));
        Assert.Equal(Now + Hours(1), ledger.Machine.Deadline);

        ledger.Machine.At(Now + Hours(1));
        Assert.IsType<LeaseAnswer.Granted>(ledger.Tick().To(2));
        Assert.Null(ledger.Machine.Deadline);
    }

    /// <summary>Only the first of a line is judged when it does not fit; the others' denials must move on with it, or the ledger ticks without end.</summary>
    [Fact]
    public void Tick_WindowBeginsAndIsFullAtOnce_WaitsForTheNextOne()
    {
        var ledger = LedgerSubject.With(Spec("team", 0.17m, BudgetWindow.Hour));
        for (var n = 1; n <= 4; n++)
            ledger.Reserve(Request(n));
        ledger.After(Hours(1));
        ledger.Machine.TickUntilQuiet(new LedgerCommand.Tick());
        Assert.True(ledger.Machine.Deadline > ledger.Now);
        Assert.All(ledger.State.Waiting, w => Assert.Equal(Now + Hours(2), w.Denial.WindowEnds));
    }

    [Fact]
    public void Settle_Waiting_WithdrawsTheRequestForGood()
    {
        var ledger = LedgerSubject.With(Spec("team", 0.17m));
        ledger.Reserve(Request(1));
        ledger.Reserve(Request(2));
        var withdrawn = ledger.Settle(2);
        Assert.IsType<LeaseAnswer.Settled>(withdrawn.To(2));
        Assert.Empty(ledger.State.Waiting);
        Assert.Empty(ledger.Settle(2).Events);
        Assert.IsType<LeaseAnswer.Impossible>(ledger.Reserve(Request(2)).To(2));
    }

    [Fact]
    public void Settle_BeforeTheRequestArrives_TheLateRequestFindsTheAccountClosed()
    {
        var ledger = LedgerSubject.With(Spec("team", 1));
        Assert.IsType<LedgerEvent.RequestWithdrawn>(Assert.Single(ledger.Settle(1).Events));
        Assert.IsType<LeaseAnswer.Impossible>(ledger.Reserve(Request(1)).To(1));
        Assert.Equal(0, ledger.Of("team").Held.Micros);
    }

    [Fact]
    public void Reserve_AnIntentOlderThanTheMemoryOfClosedOnes_IsRefused()
    {
        var ledger = LedgerSubject.With(Spec("team", 1));
        ledger.Reserve(Request(1));
        ledger.Settle(1);
        ledger.After(Hours(49));
        ledger.Reserve(Request(1));
        var id = new InstanceId(new Domain.Deciding.Moment(ledger.Now, 1).NewId(0));
        ledger.Reserve(Request(1) with { Lease = id });
        ledger.Machine.Send(new LedgerCommand.Settle(id, Queue, null, null, Dollar));
        Assert.Equal([id], ledger.State.Closed);
        Assert.IsType<LeaseAnswer.Impossible>(ledger.Reserve(Request(1)).To(1));
    }
}
