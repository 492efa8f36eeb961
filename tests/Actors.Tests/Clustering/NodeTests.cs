using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Storage;
using ControlPlane.Actors.Tests.Shell;
using ControlPlane.Actors.Tests.Storage;

namespace ControlPlane.Actors.Tests.Clustering;

public sealed class NodeTests
{
    [Theory]
    [InlineData(JournalPlugin.Grouped, JournalPlugin.Grouped, JournalPlugins.Entities)]
    [InlineData(JournalPlugin.Grouped, JournalPlugin.AkkaPersistenceSql, JournalPlugins.Entities)]
    [InlineData(JournalPlugin.AkkaPersistenceSql, JournalPlugin.Grouped, JournalPlugins.Ledger)]
    public async Task Node_StoppedAndStarted_KnowsWhatItAnswered(JournalPlugin first, JournalPlugin second, string journal)
    {
        using var directory = new TemporaryStorage();
        await using (var node = await NodeFixture.StartAsync(directory.Options(first), journal))
        {
            for (var i = 1; i <= 5; i++)
            {
                Assert.Equal(new CounterReply(i, true), await node.AskAsync("a", new CounterCommand.Add(1)));
                Assert.Equal(new CounterReply(10 * i, true), await node.AskAsync("b", new CounterCommand.Add(10)));
            }
        }

        await using (var node = await NodeFixture.StartAsync(directory.Options(second), journal))
        {
            Assert.Equal(new CounterReply(5, true), await node.AskAsync("a", new CounterCommand.Ask()));
            Assert.Equal(new CounterReply(51, true), await node.AskAsync("b", new CounterCommand.Add(1)));
            Assert.True(node.Health.Status.Healthy);
        }
    }

    [Fact]
    public async Task TwoNodes_SameEntity_TheLoserIsRefusedAndThenSeesTheWinnersEvents()
    {
        using var directory = new TemporaryStorage();
        await using var one = await NodeFixture.StartAsync(directory.Options(), serialize: false);
        await using var two = await NodeFixture.StartAsync(directory.Options(), serialize: false);
        Assert.Equal(new CounterReply(0, true), await one.AskAsync("a", new CounterCommand.Ask()));
        Assert.Equal(new CounterReply(0, true), await two.AskAsync("a", new CounterCommand.Ask()));

        Assert.Equal(new CounterReply(1, true), await one.AskAsync("a", new CounterCommand.Add(1)));
        Assert.Equal(new ShellRefusal("a", RefusalReason.NotPersisted), await two.AskAsync("a", new CounterCommand.Add(100)));
        Assert.Equal(1, await two.TotalAsync("a"));
        Assert.Equal(new CounterReply(101, true), await two.AskAsync("a", new CounterCommand.Add(100)));
        Assert.Equal(1, two.Health.Status.Fenced);
    }

    [Fact]
    public async Task Crash_InOneEntity_OthersAndLaterQuestionsAreAnswered()
    {
        using var directory = new TemporaryStorage();
        await using var node = await NodeFixture.StartAsync(directory.Options());
        await node.AskAsync("a", new CounterCommand.Add(1));
        Akka.Actor.ActorRefImplicitSenderExtensions.Tell(node.Counters, new Akka.Cluster.Sharding.ShardingEnvelope("a", new CounterCommand.Crash()));
        Assert.Equal(new CounterReply(1, true), await node.AskAsync("b", new CounterCommand.Add(1)));
        Assert.Equal(1, await node.TotalAsync("a"));
    }
}
