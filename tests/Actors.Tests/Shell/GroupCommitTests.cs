using ControlPlane.Actors.Shell;

namespace ControlPlane.Actors.Tests.Shell;

public sealed class GroupCommitTests : ShellTest
{
    [Fact]
    public void Reply_WriteUnderWay_WaitsForTheJournal()
    {
        var counter = Started();
        Store.Hold();
        counter.Tell(new CounterCommand.Add(5), TestActor);
        ExpectNoMsg(TimeSpan.FromMilliseconds(200));
        Store.LetOne();
        Assert.Equal(5, ExpectMsg<CounterReply>().Total);
    }

    [Fact]
    public void Commands_WriteUnderWay_SeeEachOtherAndAreWrittenTogether()
    {
        var counter = Started();
        Store.Hold();
        for (var i = 0; i < 4; i++)
            counter.Tell(new CounterCommand.Add(1), TestActor);
        AwaitAssert(() => Assert.Equal(1, Store.HeldCount));
        Store.LetAll();
        Assert.Equal([1, 2, 3, 4], Enumerable.Range(0, 4).Select(_ => ExpectMsg<CounterReply>().Total));
        Assert.Equal([1, 3], Store.Sizes);
    }

    [Fact]
    public void Limit_CommandsInOneGroup_IsKept()
    {
        var counter = Started();
        Store.Hold();
        counter.Tell(new CounterCommand.Add(600), TestActor);
        counter.Tell(new CounterCommand.Add(600), TestActor);
        Store.LetAll();
        Assert.Equal(new CounterReply(600, true), ExpectMsg<CounterReply>());
        Assert.Equal(new CounterReply(600, false), ExpectMsg<CounterReply>());
    }

    [Fact]
    public void DecisionWithoutEvents_WriteUnderWay_WaitsForIt()
    {
        var counter = Started();
        Store.Hold();
        counter.Tell(new CounterCommand.Add(7), TestActor);
        counter.Tell(new CounterCommand.Ask(), TestActor);
        counter.Tell(new CounterActor.WhatWasSeen(), TestActor);
        ExpectNoMsg(TimeSpan.FromMilliseconds(200));
        Store.LetOne();
        Assert.Equal(7, ExpectMsg<CounterReply>().Total);
        Assert.Equal(7, ExpectMsg<CounterReply>().Total);
        Assert.Equal(0, ExpectMsg<int>());
        Assert.Equal([1], Store.Sizes);
    }

    [Fact]
    public void Writes_ManyDecisions_AreCapped()
    {
        var counter = Started();
        Store.Hold();
        for (var i = 0; i < 450; i++)
            counter.Tell(new CounterCommand.Add(1), TestActor);
        AwaitAssert(() => Assert.Equal(1, Store.HeldCount));
        counter.Tell(new CounterActor.WhatWasSeen(), TestActor);
        Store.LetAll();
        for (var i = 1; i <= 450; i++)
            Assert.Equal(i, ExpectMsg<CounterReply>().Total);
        ExpectMsg<int>();
        Assert.All(Store.Sizes, size => Assert.InRange(size, 1, 200));
        Assert.Equal(450, Store.Sizes.Sum());
    }

    [Fact]
    public void Commands_MoreThanMayBeInFlight_WaitInOrderAndThenAreRefused()
    {
        var counter = Started(new ShellOptions { Jitter = 0, MaxInFlight = 3, MaxWaiting = 2 });
        Store.Hold();
        for (var i = 0; i < 6; i++)
            counter.Tell(new CounterCommand.Add(1), TestActor);
        Assert.Equal(RefusalReason.Overloaded, ExpectMsg<ShellRefusal>().Reason);
        Store.LetAll();
        Assert.Equal([1, 2, 3, 4, 5], Enumerable.Range(0, 5).Select(_ => ExpectMsg<CounterReply>().Total));
    }

    [Fact]
    public void TransientEvent_Observed_IsFoldedButNotWritten()
    {
        var counter = Started();
        Store.Hold();
        counter.Tell(new CounterCommand.Observe(42), TestActor);
        Assert.Equal(42, ExpectMsg<CounterReply>().Total);
        counter.Tell(new CounterActor.WhatWasSeen(), TestActor);
        Assert.Equal(42, ExpectMsg<int>());
        Assert.Empty(Store.Sizes);

        Kill(counter);
        var again = Started();
        again.Tell(new CounterActor.WhatWasSeen(), TestActor);
        Assert.Equal(0, ExpectMsg<int>());
    }
}
