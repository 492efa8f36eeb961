using System.Diagnostics;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace ControlPlane.ClusterTests;

/// <summary>
/// What may happen to a cluster, under load on 200 queues. After each, nothing is lost, doubled, orphaned or overspent, no decision is missing, and every queue scales again.
/// </summary>
[TestCaseOrderer("ControlPlane.ClusterTests.InOrder", "ControlPlane.Cluster.Tests")]
public sealed class ClusterScenarios(Arena arena, ITestOutputHelper output) : IClassFixture<Arena>
{
    private const int TasksPerSecond = 6;

    private const int SomeQueues = 40;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    [Fact, Place(0)]
    public Task EachNode_Asked_AnswersTheSame() => ScenarioAsync(async watch =>
    {
        var judge = new Judge(arena);
        var last = arena.Decisions.Events.LastOrDefault().Id;
        var followers = arena.Nodes.Select(n => new Follower([n.Url], "", last)).ToArray();
        try
        {
            await arena.Load.OneEachAsync([.. Document.Free.Take(SomeQueues)]);
            await judge.TasksAsync();
            await judge.NoMachineIsLeftAsync();
            output.WriteLine($"{watch.Elapsed.TotalSeconds:0} s: {SomeQueues} queues have scaled out and in");
            output.WriteLine($"{await new SameAnswers(arena).CompareAsync()} questions are answered the same by all nodes");
            await judge.HeardTheSameAsync(followers);
            output.WriteLine($"{watch.Elapsed.TotalSeconds:0} s: each node's stream told the same {followers[0].Events.Count} events");
        }
        finally
        {
            foreach (var follower in followers)
                await follower.DisposeAsync();
        }
    });

    [Fact, Place(1)]
    public Task EachNode_KilledInTurn_TheOthersGoOn() => UnderLoadAsync(async random =>
    {
        foreach (var node in arena.Nodes)
        {
            await node.KillAsync();
            await Task.Delay(TimeSpan.FromSeconds(3 * random.NextDouble()));
            node.Start();
            await arena.ReadyAsync($"node {node.Number} is back after it was killed");
        }
    });

    [Fact, Place(2)]
    public Task Node_KilledWhileItHandsOver_NoQueueIsStuck() => UnderLoadAsync(async random =>
    {
        var node = arena.Nodes[random.Next(arena.Nodes.Count)];
        var pause = TimeSpan.FromMilliseconds(random.Next(700));
        var moved = await node.KillWhileLeavingAsync(pause);
        output.WriteLine($"node {node.Number} was {(moved ? "killed" : "gone already")} {pause.TotalMilliseconds:0} ms after its requests had ended");
        var answers = await arena.Nodes.First(n => n != node).Api.GetFromJsonAsync<JsonObject>("api/v1/cluster/answers?within=28");
        output.WriteLine($"the others: {answers!.ToJsonString()}");
        Assert.Equal(Document.Queues.Count, answers["answered"]!.GetValue<int>());
        Assert.Empty(answers["silent"]!.AsArray());
        node.Start();
        await arena.ReadyAsync($"node {node.Number} is back after it was killed");
    });

    [Fact, Place(3)]
    public Task Node_FrozenForThirtySeconds_IsLeftBehindAndComesBackAsANewOne() => UnderLoadAsync(async random =>
    {
        var node = arena.Nodes[random.Next(arena.Nodes.Count)];
        output.WriteLine($"node {node.Number} stands still");
        node.Freeze();
        await Task.Delay(TimeSpan.FromSeconds(30));
        node.Thaw();
        await arena.ReadyAsync($"node {node.Number} is back after it stood still");
    });

    [Fact, Place(4)]
    public Task Network_PartedInTwo_OneSideActsAndTheOtherComesBack() => UnderLoadAsync(async random =>
    {
        var alone = arena.Nodes[random.Next(arena.Nodes.Count)];
        output.WriteLine($"node {alone.Number} is alone");
        var id = alone.ProcessId;
        foreach (var node in arena.Nodes)
            node.Proxy.Cut(caller => node == alone || caller == id);
        await Arena.EventuallyAsync(
            async () => (await Arena.ClusterOfAsync(arena.Nodes.First(n => n != alone)))?["members"]!.AsArray().Count == 2,
            Patience,
            () => Task.FromResult($"the greater side has removed node {alone.Number}"));
        await Task.Delay(TimeSpan.FromSeconds(5));
        foreach (var node in arena.Nodes)
            node.Proxy.Heal();
        await arena.ReadyAsync($"node {alone.Number} is back after the network was mended");
    });

    [Fact, Place(5)]
    public Task Database_StoppedAndStarted_TheNodesComeBackByThemselves() => UnderLoadAsync(async _ =>
    {
        arena.Database.Crash();
        await Arena.EventuallyAsync(
            async () => (await Task.WhenAll(arena.Nodes.Select(n => n.UnreadyAsync()))).All(why => why is not null),
            Patience,
            () => Task.FromResult("no node says that it is ready without its database"));
        await Task.Delay(TimeSpan.FromSeconds(5));
        arena.Database.Start();
        await arena.ReadyAsync("all nodes are ready again");
    });

    [Fact, Place(6)]
    public Task Nodes_TwoKilledAtOnceAndThenAll_GoOnAloneAndFormTheirClusterAgain() => UnderLoadAsync(async random =>
    {
        // The one that is left is the smaller side: it cannot know whether the others are dead or cut off, ends itself, and begins anew once their rows in the database are old.
        var last = arena.Nodes[random.Next(arena.Nodes.Count)];
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(arena.Nodes.Where(n => n != last).Select(n => n.KillAsync()));
        await Arena.EventuallyAsync(
            async () => (await Arena.ClusterOfAsync(last))?["members"]!.AsArray().Count == 1 && await last.UnreadyAsync() is null,
            Patience,
            async () => $"node {last.Number} is ready alone: {await last.UnreadyAsync()}");
        var answers = await last.Api.GetFromJsonAsync<JsonObject>("api/v1/cluster/answers?within=28");
        output.WriteLine($"node {last.Number} is alone, and after {watch.Elapsed.TotalSeconds:0} s has: {answers!.ToJsonString()}");
        Assert.Equal(Document.Queues.Count, answers["answered"]!.GetValue<int>());
        foreach (var node in arena.Nodes.Where(n => n != last))
            node.Start();
        await arena.ReadyAsync("the two are back");
        await Task.WhenAll(arena.Nodes.Select(n => n.KillAsync()));
        foreach (var node in arena.Nodes)
            node.Start();
        await arena.ReadyAsync("the cluster has formed again");
    });

    /// <summary>Last, because there is no way back from it.</summary>
    [Fact, Place(7)]
    public Task Nodes_UpgradedOneAfterAnother_NoRequestFailsAndOlderNodesReadWhatNewerWrite() => UnderLoadAsync(async _ =>
    {
        var judge = new Judge(arena);
        var first = arena.Nodes[0];
        await ReplaceAsync(first, next: true);
        output.WriteLine($"node 1 runs the next release: {await VersionsAsync()}");

        // Nothing moves without need while releases differ, and what must move goes to the newest. So it gets the queues of one that is restarted; then it dies, the others,
        // which are older, take over what it wrote, and it goes back to this release.
        await ReplaceAsync(arena.Nodes[1], next: false);
        var queues = await ScalersAsync(first);
        await first.KillAsync();
        var answers = await arena.Nodes[1].Api.GetFromJsonAsync<JsonObject>("api/v1/cluster/answers?within=28");
        output.WriteLine($"it died with {queues} queues; the others: {answers!.ToJsonString()}");
        Assert.NotEqual(0, queues);
        Assert.Equal(Document.Queues.Count, answers["answered"]!.GetValue<int>());
        first.NextRelease = false;
        first.Start();
        await arena.ReadyAsync("node 1 is back as this release");
        foreach (var node in arena.Nodes)
        {
            Assert.Equal(0, await judge.OfNextReleaseAsync());
            await ReplaceAsync(node, next: true);
        }

        output.WriteLine($"all run the next release: {await VersionsAsync()}");
        await Arena.EventuallyAsync(async () => await judge.OfNextReleaseAsync() > 0, Patience, () => Task.FromResult("the next release writes as it would"));
        await first.KillAsync();
        first.NextRelease = false;
        var (code, said) = await first.RefuseAsync();
        output.WriteLine($"this release refuses: {said.Trim()}");
        Assert.Equal(1, code);
        Assert.Contains("it was written by a newer version", said, StringComparison.Ordinal);
        first.NextRelease = true;
        first.Start();
        await arena.ReadyAsync("node 1 is back as the next release");
    });

    private async Task ReplaceAsync(ClusterNode node, bool next)
    {
        using var watch = new Watch(arena.Nodes.Where(n => n != node).Select(n => n.Url));
        Assert.Equal((0, true), await node.StopAsync());
        node.NextRelease = next;
        node.Start();
        await arena.ReadyAsync($"node {node.Number} is back as another release");
        output.WriteLine($"node {node.Number} was replaced: {await watch.EndAsync()}");
    }

    /// <summary>Scalers that this node has, as it says itself.</summary>
    private static async Task<int> ScalersAsync(ClusterNode node) => (await Arena.ClusterOfAsync(node)) is not { } cluster
        ? 0
        : cluster["members"]!.AsArray().Where(m => m!["address"]!.ToString() == cluster["self"]!.ToString())
            .SelectMany(m => m!["shards"]!.AsArray()).Where(s => s!["region"]!.ToString() == "scalers").Sum(s => s!["entities"]!.GetValue<int>());

    private async Task<string> VersionsAsync() => (await Arena.ClusterOfAsync(arena.Nodes[^1]))?["versions"]?.ToJsonString() ?? "no answer";

    private Task UnderLoadAsync(Func<Random, Task> happen, [CallerMemberName] string name = "") => ScenarioAsync(async watch =>
    {
        var judge = new Judge(arena);
        await LoadedAsync(judge, happen);
        output.WriteLine($"{watch.Elapsed.TotalSeconds:0} s: it has happened, and all nodes are ready; {arena.Load.Submitted.Count} tasks so far");
        await judge.TasksAsync();
        output.WriteLine($"{watch.Elapsed.TotalSeconds:0} s: every task has ended");
        await judge.NoMachineIsLeftAsync();
        output.WriteLine($"{watch.Elapsed.TotalSeconds:0} s: every queue has scaled in");
        await judge.MoneyAsync();
        await judge.EveryQueueScalesAsync();
        output.WriteLine($"{watch.Elapsed.TotalSeconds:0} s: every queue has scaled out");
        await judge.MachinesAsync();
        await judge.DecisionsAsync();
        var (book, bill) = (await arena.Emulator.LogAsync(), await arena.Emulator.BillAsync());
        output.WriteLine($"{watch.Elapsed.TotalSeconds:0} s: judged; {book.Count} machines so far, {bill.Total:0.00} dollars, {arena.Decisions.Events.Count} decisions heard over {arena.Decisions.Breaks + 1} streams");
    }, name);

    /// <summary>What failed is said with where the nodes' logs are, and how they end.</summary>
    private async Task ScenarioAsync(Func<Stopwatch, Task> scenario, [CallerMemberName] string name = "")
    {
        Assert.True(arena.Failed is null, $"Not run: {arena.Failed} has failed, and the scenarios share one cluster.");
        output.WriteLine($"Seed {arena.Seed}; run it again with CONTROLPLANE_TEST_SEED={arena.Seed}.");
        var watch = Stopwatch.StartNew();
        try
        {
            await scenario(watch);
        }
        catch (Exception fault)
        {
            arena.Failed = name;
            output.WriteLine($"{DateTimeOffset.UtcNow:HH:mm:ss}, after {watch.Elapsed.TotalSeconds:0} s: failed. {fault.Message}\nThe nodes' logs are in {arena.Folder}.");
            foreach (var node in arena.Nodes)
                output.WriteLine($"Node {node.Number}'s log ends with:\n{node.Tail()}");
            throw;
        }
    }

    private async Task LoadedAsync(Judge judge, Func<Random, Task> happen)
    {
        using var stop = new CancellationTokenSource();
        var load = arena.Load.RunAsync(TasksPerSecond, stop.Token);
        try
        {
            await judge.TightenAsync();
            await arena.Load.OneEachAsync(Document.Tight);
            await happen(new Random(arena.Seed));
            await judge.BudgetHasBittenAsync();
            await arena.LimitAsync(Document.Limit);
        }
        finally
        {
            await stop.CancelAsync();
            await load;
        }
    }
}
