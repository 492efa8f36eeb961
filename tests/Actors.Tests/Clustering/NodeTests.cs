using Akka.Actor;
using ControlPlane.Actors.Serialization;
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
        node.Counters.Tell(new Akka.Cluster.Sharding.ShardingEnvelope("a", new CounterCommand.Crash()));
        Assert.Equal(new CounterReply(1, true), await node.AskAsync("b", new CounterCommand.Add(1)));
        Assert.Equal(1, await node.TotalAsync("a"));
    }

    /// <summary>A rolling upgrade, and its way back: the older program does not know one of the newer one's facts.</summary>
    [Fact]
    public async Task OlderProgram_MeetsANewerFact_StopsThatEntityOnlyAndTheNewerOneGoesOn()
    {
        using var directory = new TemporaryStorage();
        var older = Manifests.Of(OlderCounterManifests.Table, ShellManifests.Table);
        await using (var node = await NodeFixture.StartAsync(directory.Options(), manifests: older, serialize: false))
        {
            await node.AskAsync("a", new CounterCommand.Add(1));
            await node.AskAsync("b", new CounterCommand.Add(1));
        }

        await using (var node = await NodeFixture.StartAsync(directory.Options(), serialize: false))
        {
            Assert.Equal(new CounterReply(3, true), await node.AskAsync("a", new CounterCommand.Add(2)));
            node.Counters.Tell(new Akka.Cluster.Sharding.ShardingEnvelope("a", new CounterCommand.Start("x")));
            Assert.Equal(new CounterReply(3, true), await node.AskAsync("a", new CounterCommand.Ask()));
        }

        await using (var node = await NodeFixture.StartAsync(directory.Options(), manifests: older, serialize: false))
        {
            Assert.Equal(new CounterReply(2, true), await node.AskAsync("b", new CounterCommand.Add(1)));
            for (var attempt = 0; attempt < 5; attempt++)
            {
                // Starting again or silent, but never with a state that lacks the fact.
                object? answer = null;
                try
                {
                    answer = await node.Counters.Ask<object>(new Akka.Cluster.Sharding.ShardingEnvelope("a", new CounterCommand.Add(100)), TimeSpan.FromSeconds(1));
                }
                catch (AskTimeoutException)
                {
                }

                Assert.True(answer is null or ShellRefusal, answer?.ToString());
            }
        }

        await using (var node = await NodeFixture.StartAsync(directory.Options(), serialize: false))
        {
            Assert.Equal(3, await node.TotalAsync("a"));
            Assert.Equal(2, await node.TotalAsync("b"));
        }
    }

    private static class OlderCounterManifests
    {
        public static ManifestTable Table { get; } = new ManifestTable()
            .Event("counter.added.v1", CounterJson.Default.Added)
            .Message("counter.add.v1", CounterJson.Default.Add)
            .Message("counter.ask.v1", CounterJson.Default.Ask)
            .Message("counter.reply.v1", CounterJson.Default.CounterReply);
    }
}
