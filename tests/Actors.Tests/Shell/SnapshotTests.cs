using Akka.Actor;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Storage.Journal;

namespace ControlPlane.Actors.Tests.Shell;

public sealed class SnapshotTests : ShellTest
{
    private static readonly ShellOptions EveryTen = new() { Jitter = 0, SnapshotEvery = 10, SnapshotInterval = TimeSpan.Zero };

    [Fact]
    public void Snapshot_EnoughEvents_IsSavedAndRecoveryStartsFromIt()
    {
        var counter = Started(EveryTen);
        Add(counter, 25);
        AwaitAssert(() => Assert.NotNull(Store.Snapshot("counter-1")));
        Assert.InRange(Store.Snapshot("counter-1")!.SequenceNr, 10, 25);
        Kill(counter);

        // Events that the snapshot stands for may go: if they were needed, recovery would fail on the hole.
        Store.DeleteToAsync("counter-1", Store.Snapshot("counter-1")!.SequenceNr, CancellationToken.None);
        Assert.Equal(25, Total(Sys.ActorOf(Counter(EveryTen))));
    }

    [Fact]
    public void Snapshot_TakenWhileMoreIsDecided_HoldsOnlyWhatIsWritten()
    {
        var counter = Started(EveryTen);
        Store.Hold();
        for (var i = 0; i < 30; i++)
            counter.Tell(new CounterCommand.Add(1), TestActor);
        AwaitAssert(() => Assert.Equal(1, Store.HeldCount));
        counter.Tell(new CounterCommand.Add(1), TestActor);
        Store.LetOne();
        AwaitAssert(() => Assert.Equal(1, Store.HeldCount));
        for (var i = 0; i < 20; i++)
            counter.Tell(new CounterCommand.Add(1), TestActor);
        Store.LetOne();
        AwaitAssert(() => Assert.NotNull(Store.Snapshot("counter-1")));
        var snapshot = (CounterState)CounterManifests.All.Read("counter.v1", Store.Snapshot("counter-1")!.Snapshot);
        Assert.Equal(snapshot.Total, Store.Snapshot("counter-1")!.SequenceNr);
        Store.LetAll();
    }

    [Fact]
    public void Stop_SomethingChanged_SavesASnapshotAndEnds()
    {
        var counter = Started();
        Add(counter, 3);
        Watch(counter);
        counter.Tell(StopEntity.Instance);
        ExpectTerminated(counter);
        Assert.Equal(3, Store.Snapshot("counter-1")!.SequenceNr);

        var again = Started();
        Watch(again);
        again.Tell(StopEntity.Instance);
        ExpectTerminated(again);
        Assert.Equal(1, Store.SnapshotsSaved);
    }

    [Fact]
    public void Stop_LittleChanged_SavesNoSnapshot()
    {
        var few = new ShellOptions { Jitter = 0, SnapshotOnStop = 10 };
        var counter = Started(few);
        Add(counter, 9);
        Watch(counter);
        counter.Tell(StopEntity.Instance);
        ExpectTerminated(counter);
        Assert.Null(Store.Snapshot("counter-1"));

        var again = Started(few);
        Assert.Equal(9, Total(again));
        Add(again, 1);
        Watch(again);
        again.Tell(StopEntity.Instance);
        ExpectTerminated(again);
        Assert.Equal(10, Store.Snapshot("counter-1")!.SequenceNr);
    }

    [Fact]
    public void Stop_WriteUnderWay_WaitsForItAndRefusesNewCommands()
    {
        var counter = Started();
        Store.Hold();
        counter.Tell(new CounterCommand.Add(4), TestActor);
        counter.Tell(StopEntity.Instance);
        counter.Tell(new CounterCommand.Add(5), TestActor);
        Assert.Equal(RefusalReason.Stopping, ExpectMsg<ShellRefusal>().Reason);
        Watch(counter);
        Store.LetAll();
        Assert.Equal(4, ExpectMsg<CounterReply>().Total);
        ExpectTerminated(counter);
    }

    [Fact]
    public void Supervisor_ToldToStop_EndsWithItsEntity()
    {
        var counter = Sys.ActorOf(ShellSupervision.Props(Counter(), "counter-1", Exact));
        Add(counter, 1);
        Watch(counter);
        counter.Tell(StopEntity.Instance);
        ExpectTerminated(counter);
        Assert.NotNull(Store.Snapshot("counter-1"));
    }

    [Theory]
    [InlineData("counter.v99", "{}")]
    [InlineData("counter.v1", "not json")]
    [InlineData("counter.added.v1", """{"amount":1}""")]
    public void Snapshot_Unreadable_IsIgnored(string manifest, string json)
    {
        var counter = Started();
        Add(counter, 6);
        Kill(counter);
        var row = new SnapshotRow("counter-1", 4, Time.GetUtcNow().UtcTicks, manifest, Serialization.Identifier, System.Text.Encoding.UTF8.GetBytes(json));
        Store.Replace(row);

        var again = Sys.ActorOf(ShellSupervision.Props(Counter(), "counter-1", Exact));
        AwaitAssert(() =>
        {
            ((Akka.TestKit.TestScheduler)Sys.Scheduler).Advance(Exact.RestartAfter * 2);
            var asker = CreateTestProbe();
            again.Tell(new CounterCommand.Ask(), asker);
            Assert.Equal(6, asker.ExpectMsg<CounterReply>(TimeSpan.FromMilliseconds(500)).Total);
        });
    }

    [Fact]
    public void Recovery_EventsMissing_FailsInsteadOfGuessing()
    {
        var counter = Started();
        Add(counter, 6);
        Kill(counter);
        Store.DeleteToAsync("counter-1", 3, CancellationToken.None);
        var again = Sys.ActorOf(Counter());
        Watch(again);
        ExpectTerminated(again);
        Assert.False(Health.Status.Healthy);
    }

    private void Add(IActorRef counter, int times)
    {
        for (var i = 0; i < times; i++)
        {
            counter.Tell(new CounterCommand.Add(1), TestActor);
            ExpectMsg<CounterReply>();
        }
    }

    private static class Serialization
    {
        public const int Identifier = Actors.Serialization.ManifestSerializer.StoredIdentifier;
    }
}
