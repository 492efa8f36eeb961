using Akka.TestKit;
using ControlPlane.Actors.Shell;

namespace ControlPlane.Actors.Tests.Shell;

/// <summary>An intent (a call) and a crash at every point of its way.</summary>
public sealed class CrashTests : ShellTest
{
    [Fact]
    public void Crash_BeforeTheWrite_NothingHappened()
    {
        var counter = Started();
        Store.Hold();
        counter.Tell(new CounterCommand.Start("a"), TestActor);
        AwaitAssert(() => Assert.Equal(1, Store.HeldCount));
        Kill(counter);
        Assert.Equal(RefusalReason.NotPersisted, ExpectMsg<ShellRefusal>().Reason);
        Store.FailOne(new IOException("The machine is gone."));
        Store.LetAll();

        Started();
        Calls.ExpectNoMsg(TimeSpan.FromMilliseconds(200));
        Assert.Empty(Store.Manifests("counter-1"));
    }

    [Fact]
    public void Crash_BetweenWriteAndEffect_TheEffectIsCarriedOutAfterwards()
    {
        var counter = Started();
        Store.Hold();
        counter.Tell(new CounterCommand.Start("a"), TestActor);
        AwaitAssert(() => Assert.Equal(1, Store.HeldCount));
        Kill(counter);
        Store.LetAll();
        Calls.ExpectNoMsg(TimeSpan.FromMilliseconds(100));

        Started();
        Assert.Equal("a", Calls.ExpectMsg<CallMade>().Id);
    }

    [Fact]
    public void Crash_BetweenEffectAndItsResult_TheEffectIsCarriedOutAgain()
    {
        var counter = Started();
        counter.Tell(new CounterCommand.Start("a"), TestActor);
        Calls.ExpectMsg<CallMade>();
        Kill(counter);

        Started();
        Assert.Equal("a", Calls.ExpectMsg<CallMade>().Id);
    }

    [Fact]
    public void Crash_AfterTheResult_NothingIsOwed()
    {
        var counter = Started();
        counter.Tell(new CounterCommand.Start("a"), TestActor);
        Calls.ExpectMsg<CallMade>();
        counter.Tell(new CounterCommand.Finish("a"), TestActor);
        Total(counter);
        Kill(counter);

        Started();
        Calls.ExpectNoMsg(TimeSpan.FromMilliseconds(200));
    }

    [Fact]
    public void Recovery_AfterAnswers_KnowsWhatItAnswered()
    {
        var counter = Started();
        for (var i = 0; i < 20; i++)
            counter.Tell(new CounterCommand.Add(i), TestActor);
        var answered = Enumerable.Range(0, 20).Select(_ => ExpectMsg<CounterReply>().Total).ToList();
        Kill(counter);
        Assert.Equal(answered[^1], Total(Sys.ActorOf(Counter())));
    }

    [Fact]
    public void WriteFails_DecisionsInFlight_AreRefusedAndTheEntityStartsAgainFromTheJournal()
    {
        var counter = Sys.ActorOf(ShellSupervision.Props(Counter(), "counter-1", Exact));
        counter.Tell(new CounterCommand.Add(1), TestActor);
        ExpectMsg<CounterReply>();

        Store.Hold();
        counter.Tell(new CounterCommand.Start("a"), TestActor);
        counter.Tell(new CounterCommand.Add(10), TestActor);
        AwaitAssert(() => Assert.Equal(1, Store.HeldCount));
        Store.FailOne(new IOException("The disk is full."));
        Assert.Equal(RefusalReason.NotPersisted, ExpectMsg<ShellRefusal>().Reason);
        Assert.Equal(RefusalReason.NotPersisted, ExpectMsg<ShellRefusal>().Reason);
        Assert.False(Health.Status.Healthy);
        Assert.Contains("disk is full", Health.Status.Reason, StringComparison.Ordinal);
        Calls.ExpectNoMsg(TimeSpan.FromMilliseconds(100));

        AwaitRestarting(counter);
        Store.LetAll();
        ((TestScheduler)Sys.Scheduler).Advance(Exact.RestartAfter * 2);
        AwaitAssert(() => Assert.Equal(1, Total(counter)));
        counter.Tell(new CounterCommand.Add(2), TestActor);
        FishForMessage(m => m is CounterReply { Total: 3 });
        Assert.True(Health.Status.Healthy);
    }

    [Fact]
    public void Crash_InTheRules_StartsAgainWithBackOff()
    {
        var counter = Sys.ActorOf(ShellSupervision.Props(Counter(), "counter-1", Exact));
        counter.Tell(new CounterCommand.Add(3), TestActor);
        ExpectMsg<CounterReply>();
        counter.Tell(new CounterCommand.Crash(), TestActor);
        AwaitRestarting(counter);
        ((TestScheduler)Sys.Scheduler).Advance(Exact.RestartAfter * 2);
        AwaitAssert(() => Assert.Equal(3, Total(counter)));
    }

    [Fact]
    public void Supervisor_ToldToStopWhileItsEntityIsDown_Ends()
    {
        var counter = Sys.ActorOf(ShellSupervision.Props(Counter(), "counter-1", Exact));
        Total(counter);
        counter.Tell(new CounterCommand.Crash(), TestActor);
        AwaitRestarting(counter);
        Watch(counter);
        counter.Tell(StopEntity.Instance, TestActor);
        FishForMessage(m => m is Akka.Actor.Terminated);
    }

    [Fact]
    public void TwoIncarnations_OneWroteFirst_TheOtherIsRefusedAndSeesItsEvents()
    {
        var first = Started();
        var second = Started();
        first.Tell(new CounterCommand.Add(1), TestActor);
        Assert.Equal(1, ExpectMsg<CounterReply>().Total);

        Watch(second);
        second.Tell(new CounterCommand.Add(100), TestActor);
        Assert.Equal(RefusalReason.NotPersisted, ExpectMsg<ShellRefusal>().Reason);
        ExpectTerminated(second);
        Assert.Equal(1, Health.Status.Fenced);
        Assert.True(Health.Status.Healthy);
        Assert.Equal(1, Total(Sys.ActorOf(Counter())));
    }
}
