using ControlPlane.Actors.Storage;
using ControlPlane.Actors.Tests.Storage;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;

namespace ControlPlane.Actors.Tests.WholeNode;

public abstract class WholeNodeTests(StorageProvider provider) : IDisposable
{
    private readonly TemporaryStorage storage = new(provider);

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        storage.Dispose();
    }

    [Fact]
    public async Task Tasks_Submitted_InstancesComeWorkAndLeaveAndTheMoneyAddsUp()
    {
        var world = new FakeWorld();
        await using var node = await EntityNode.StartAsync(storage.Options(), world);
        await node.ApplyAsync(EntityNode.Configuration(10, 3, TimeSpan.FromMilliseconds(300), "a", "b"));
        world.Submit("a", 5);
        await EntityNode.Eventually(() => Task.FromResult(world.Living == 3), "three instances run");

        world.Pick();
        await EntityNode.Eventually(async () => (await node.ScalerAsync("a")).Instances.Count(i => i.Phase == Phase.Busy) == 3, "all three are seen busy");
        var full = await node.ScalerAsync("a");
        Assert.Contains(full.LastDecision!.HeldBack, h => h.Pool == "a-pool");
        Assert.Equal(3, (await node.LedgerAsync()).Leases);

        world.Finish();
        world.Pick();
        world.Finish();
        await EntityNode.Eventually(async () => world.Living == 0 && (await node.ScalerAsync("a")).Instances.Count == 0, "all have left");
        var ledger = await node.LedgerAsync();
        var balance = Assert.Single(Assert.Single(ledger.Budgets).Windows).Value;
        Assert.Equal(0, ledger.Leases);
        Assert.Equal(Money.Zero, balance.Held);
        Assert.InRange(balance.Spent.Micros, 1, 60_000);
        Assert.Equal(world.Machines.Count, world.Launches.Count);
    }

    [Fact]
    public async Task Answers_OfLaunchesAreLost_NoMachineIsDoubled()
    {
        var world = new FakeWorld { LostAnswers = 3 };
        await using var node = await EntityNode.StartAsync(storage.Options(), world);
        await node.ApplyAsync(EntityNode.Configuration(10, 4, TimeSpan.FromMinutes(1), "a"));
        world.Submit("a", 4);
        await EntityNode.Eventually(async () => (await node.ScalerAsync("a")).Instances.Count(i => i.Phase == Phase.Idle) == 4, "four instances are idle");
        Assert.Equal(4, world.Living);
        Assert.Equal(4, world.Machines.Count);
    }

    [Fact]
    public async Task Budget_TooSmall_InstancesWaitForMoneyAndSayWhy()
    {
        var world = new FakeWorld();
        await using var node = await EntityNode.StartAsync(storage.Options(), world);
        await node.ApplyAsync(EntityNode.Configuration(0.04m, 5, TimeSpan.FromMinutes(1), "a"));
        world.Submit("a", 5);
        await EntityNode.Eventually(async () => (await node.ScalerAsync("a")).Instances.Count(i => i.Waiting is not null) == 3, "three instances wait for money");
        await EntityNode.Eventually(() => Task.FromResult(world.Living == 2), "the other two run");
        var view = await node.ScalerAsync("a");
        Assert.Contains(view.Instances, i => i.Waiting?.StartsWith("budget lab has", StringComparison.Ordinal) == true);
        Assert.Contains(view.Instances, i => i.Waiting == "others stand in line before it for budget lab");
        var balance = Assert.Single(Assert.Single((await node.LedgerAsync()).Budgets).Windows).Value;
        Assert.True(balance.Committed <= Money.FromDollars(0.04m));
    }

    [Fact]
    public async Task Node_CrashesAndStartsAgain_KnowsItsInstancesAndReapsStrangers()
    {
        var world = new FakeWorld();
        var node = await EntityNode.StartAsync(storage.Options(), world);
        await node.ApplyAsync(EntityNode.Configuration(10, 2, TimeSpan.FromSeconds(2), "a", "b"));
        world.Submit("a", 2);
        await EntityNode.Eventually(() => Task.FromResult(world.Living == 2), "two instances run");
        await node.CrashAsync();

        var stranger = new Machine(new InstanceId("01ARZ3NDEKTSV4RRFFQ69G5FAV"), new("b"), "m-x", MachineState.Running, DateTimeOffset.UtcNow, null, default, null);
        world.Machines[stranger.Instance] = stranger;
        node = await EntityNode.StartAsync(storage.Options(), world);
        await EntityNode.Eventually(async () => (await node.CatalogAsync()) is var c && c.Awake == c.Entities && c.Entities > 0, "all entities are awake");
        await EntityNode.Eventually(() => Task.FromResult(world.Machines[stranger.Instance].State == MachineState.Ended), "the stranger is ended");
        Assert.Equal(2, (await node.ScalerAsync("a")).Instances.Count);
        Assert.Equal(2, world.Living);

        world.Pick();
        await EntityNode.Eventually(async () => (await node.ScalerAsync("a")).Instances.All(i => i.Phase == Phase.Busy), "both are busy");
        world.Finish();
        await EntityNode.Eventually(() => Task.FromResult(world.Living == 0), "all have left");
        Assert.Equal(3, world.Machines.Count);
        await node.DisposeAsync();
    }

    [Fact]
    public async Task Gateway_AndWatcherStartAgainAlone_AreToldWhatConcernsThemAndGoOn()
    {
        var world = new FakeWorld();
        await using var node = await EntityNode.StartAsync(storage.Options(), world);
        await node.ApplyAsync(EntityNode.Configuration(10, 2, TimeSpan.FromMinutes(5), "a"));
        await EntityNode.Eventually(async () => (await node.CatalogAsync()) is var c && c.Awake == c.Entities && c.Entities > 0, "all entities are awake");
        node.StopGatewayAndWatcher("fake");
        world.Submit("a", 1);
        await EntityNode.Eventually(() => Task.FromResult(world.Living == 1), "an instance runs");
    }

    [Fact]
    public async Task Queue_RemovedFromTheConfiguration_DrainsAndIsForgotten()
    {
        var world = new FakeWorld();
        await using var node = await EntityNode.StartAsync(storage.Options(), world);
        await node.ApplyAsync(EntityNode.Configuration(10, 2, TimeSpan.FromMinutes(5), "a", "b"));
        world.Submit("a", 2);
        await EntityNode.Eventually(async () => (await node.ScalerAsync("a")).Instances.Count(i => i.Phase == Phase.Idle) == 2, "two instances are idle");
        await node.ApplyAsync(EntityNode.Configuration(10, 2, TimeSpan.FromMinutes(5), "b"));
        await EntityNode.Eventually(() => Task.FromResult(world.Living == 0), "its instances have left");
        await EntityNode.Eventually(async () => (await node.ScalerAsync("a")) is { Retired: true, Instances.Count: 0 }, "nothing is left");
    }
}

public sealed class WholeNodeSqliteTests() : WholeNodeTests(StorageProvider.Sqlite);

public sealed class WholeNodePostgreSqlTests() : WholeNodeTests(StorageProvider.PostgreSql);
