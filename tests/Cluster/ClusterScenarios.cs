using Xunit.Abstractions;

namespace ControlPlane.ClusterTests;

/// <summary>
/// What may happen to a cluster, under load on 200 queues. After each, nothing is lost, doubled, orphaned or overspent, no decision is missing, and every queue scales again.
/// </summary>
public sealed class ClusterScenarios(Arena arena, ITestOutputHelper output) : IClassFixture<Arena>
{
    private const int TasksPerSecond = 10;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public Task EachNode_KilledInTurn_TheOthersGoOn() => UnderLoadAsync(async _ =>
    {
        foreach (var node in arena.Nodes)
        {
            await node.KillAsync();
            await Task.Delay(TimeSpan.FromSeconds(2));
            node.Start();
            await arena.ReadyAsync($"node {node.Number} is back after it was killed");
        }
    });

    [Fact]
    public Task Node_FrozenForThirtySeconds_IsLeftBehindAndComesBackAsANewOne() => UnderLoadAsync(async random =>
    {
        var node = arena.Nodes[random.Next(arena.Nodes.Count)];
        node.Freeze();
        await Task.Delay(TimeSpan.FromSeconds(30));
        node.Thaw();
        await arena.ReadyAsync($"node {node.Number} is back after it stood still");
    });

    [Fact]
    public Task Network_PartedInTwo_OneSideActsAndTheOtherComesBack() => UnderLoadAsync(async random =>
    {
        var alone = arena.Nodes[random.Next(arena.Nodes.Count)];
        var id = alone.ProcessId;
        foreach (var node in arena.Nodes)
            node.Proxy.Cut(caller => node == alone || caller == id);
        await Arena.EventuallyAsync(
            async () =>
            {
                var seen = await Arena.ClusterOfAsync(arena.Nodes.First(n => n != alone));
                return seen?["members"]!.AsArray().Count == 2;
            },
            Patience,
            () => Task.FromResult($"the greater side has removed node {alone.Number}"));
        await Task.Delay(TimeSpan.FromSeconds(5));
        foreach (var node in arena.Nodes)
            node.Proxy.Heal();
        await arena.ReadyAsync($"node {alone.Number} is back after the network was mended");
    });

    [Fact]
    public Task Database_StoppedAndStarted_TheNodesComeBackByThemselves() => UnderLoadAsync(async _ =>
    {
        arena.Database.Crash();
        await Arena.EventuallyAsync(
            async () => !(await Task.WhenAll(arena.Nodes.Select(n => n.IsReadyAsync()))).Any(ready => ready),
            Patience,
            () => Task.FromResult("no node says that it is ready without its database"));
        await Task.Delay(TimeSpan.FromSeconds(5));
        arena.Database.Start();
        await arena.ReadyAsync("all nodes are ready again");
    });

    [Fact]
    public Task Nodes_RestartedOneAfterAnother_NoRequestFails() => UnderLoadAsync(async _ =>
    {
        foreach (var node in arena.Nodes)
        {
            using var watch = new Watch(arena.Nodes.Where(n => n != node).Select(n => n.Url));
            Assert.Equal(0, await node.StopAsync());
            output.WriteLine($"node {node.Number}: {await watch.EndAsync()}");
            node.Start();
            await arena.ReadyAsync($"node {node.Number} is back after its restart");
        }
    });

    [Fact]
    public Task AllNodes_KilledAtOnce_FormTheirClusterAgain() => UnderLoadAsync(async _ =>
    {
        await Task.WhenAll(arena.Nodes.Select(n => n.KillAsync()));
        await Task.Delay(TimeSpan.FromSeconds(1));
        foreach (var node in arena.Nodes)
            node.Start();
        await arena.ReadyAsync("the cluster has formed again");
    });

    private async Task UnderLoadAsync(Func<Random, Task> happen)
    {
        output.WriteLine($"Seed {arena.Seed}; run it again with CONTROLPLANE_TEST_SEED={arena.Seed}.");
        var watch = System.Diagnostics.Stopwatch.StartNew();
        using var stop = new CancellationTokenSource();
        var load = arena.Load.RunAsync(TasksPerSecond, stop.Token);
        await Task.Delay(TimeSpan.FromSeconds(3));
        await happen(new Random(arena.Seed));
        await stop.CancelAsync();
        await load;
        output.WriteLine($"{watch.Elapsed.TotalSeconds:0} s: all nodes are ready; {arena.Load.Submitted.Count} tasks so far");

        var judge = new Judge(arena);
        await arena.Load.EveryQueueAsync();
        await judge.TasksAsync(Patience);
        output.WriteLine($"{watch.Elapsed.TotalSeconds:0} s: every queue has scaled and every task has ended");
        await judge.MachinesAsync();
        await judge.MoneyAsync();
        await judge.DecisionsAsync();
        await judge.SameAnswersAsync();
        output.WriteLine($"{watch.Elapsed.TotalSeconds:0} s: judged; the emulator has had {(await arena.Emulator.LogAsync()).Count} machines and billed {(await arena.Emulator.BillAsync()).Total:0.00} dollars");
    }
}
