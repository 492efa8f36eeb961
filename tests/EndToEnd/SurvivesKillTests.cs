using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ControlPlane.Tests.PostgreSql;
using Xunit.Abstractions;
using static ControlPlane.EndToEnd.Listing;

namespace ControlPlane.EndToEnd;

/// <summary>The product's main promise on one node: whatever moment the node is killed at, tasks, machines and money are all accounted for.</summary>
public sealed class SurvivesKillTests(ITestOutputHelper output) : IDisposable
{
    private const int Tasks = 30;
    private const long Limit = 5_000_000;

    private readonly string folder = Directory.CreateTempSubdirectory("controlplane-e2e-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgresql")]
    public async Task ThirtyTasks_NodeKilledThreeTimes_EveryTaskMachineAndDollarIsAccountedFor(string database)
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("CONTROLPLANE_TEST_SEED"), out var given) ? given : Random.Shared.Next();
        output.WriteLine($"Seed {seed}; run it again with CONTROLPLANE_TEST_SEED={seed}.");
        var random = new Random(seed);
        var runs = Path.Combine(folder, "runs.log");
        using var node = new NodeProcess(folder, await WriteConfigurationAsync(), database == "postgresql" ? PostgresServer.Shared.NewDatabase() : null);
        await node.StartAsync();
        var ids = await SubmitAsync(node, runs, random);

        for (var kill = 1; kill <= 3; kill++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1 + (random.NextDouble() * 5)));
            await node.KillAsync();
            await Task.Delay(TimeSpan.FromSeconds(random.NextDouble() * 2));
            await node.StartAsync();
        }

        await Eventually.TrueAsync(
            async () => (await TasksAsync(node)).All(t => Text(t, "state") is "succeeded" or "failed" or "cancelled"),
            TimeSpan.FromMinutes(4),
            async () => $"all tasks have ended: {string.Join(", ", (await TasksAsync(node)).GroupBy(t => Text(t, "state")).Select(g => $"{g.Count()} {g.Key}"))}");
        await Eventually.TrueAsync(
            async () => (await LiveInstancesAsync(node)).Count == 0,
            TimeSpan.FromMinutes(2),
            async () => $"all machines are gone: {string.Join("; ", (await LiveInstancesAsync(node)).Select(i => i.ToJsonString()))}");

        Assert.Equal(database == "sqlite", File.Exists(Path.Combine(node.DataFolder, "controlplane.db")));
        await TasksAreAccountedForAsync(node, ids, runs);
        await MachinesAreAccountedForAsync(node);
        await MoneyIsAccountedForAsync(node);

        var (exitCode, words) = await node.RunVerbAsync("explain", "queue", "red");
        Assert.Equal(0, exitCode);
        Assert.Contains("red", words, StringComparison.Ordinal);
    }

    private async Task<string> WriteConfigurationAsync()
    {
        var file = Path.Combine(folder, "controlplane.yaml");
        await File.WriteAllTextAsync(file, $$"""
            version: 1
            sources:
              - { name: embedded, kind: embedded, pace: 500ms }
            providers:
              - { name: local, kind: local, sweepEvery: 1s, consistencyWindow: 3s, orphanGrace: 5s }
            budgets:
              - { name: lab, limit: {{(Limit / 1_000_000m).ToString(CultureInfo.InvariantCulture)}}, window: total, whenDry: drain }
            pools:
              - { name: red-pool, provider: local, maxInstances: 3, maxBootTime: 1m, leaseLength: 30s, price: 3.60, local: { bootDelay: 500ms, orphanTimeout: 1m } }
              - { name: blue-pool, provider: local, maxInstances: 2, slots: 2, maxBootTime: 1m, leaseLength: 30s, price: 7.20, local: { bootDelay: 1s, orphanTimeout: 1m } }
            queues:
              - { name: red, source: embedded, budget: lab, maxIdleTime: 3s, pools: [red-pool] }
              - { name: blue, source: embedded, budget: lab, maxIdleTime: 3s, pools: [blue-pool] }
            """);
        return file;
    }

    private static async Task<HashSet<string>> SubmitAsync(NodeProcess node, string runs, Random random)
    {
        HashSet<string> ids = [];
        for (var i = 0; i < Tasks; i++)
        {
            var seconds = (0.5 + (random.NextDouble() * 2)).ToString("0.0", CultureInfo.InvariantCulture);
            var answer = await node.Api.PostAsJsonAsync("api/v1/tasks", new
            {
                queue = i % 2 == 0 ? "red" : "blue",
                shell = $"sleep {seconds}; echo $CONTROLPLANE_TASK $CONTROLPLANE_ATTEMPT >> {runs}; echo task {i} is done",
                maxAttempts = 5,
            });
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
            ids.Add(Text((await answer.Content.ReadFromJsonAsync<JsonObject>())!, "id")!);
        }

        return ids;
    }

    private static async Task TasksAreAccountedForAsync(NodeProcess node, HashSet<string> ids, string runs)
    {
        var tasks = await TasksAsync(node);
        Assert.Equal(ids, tasks.Select(t => Text(t, "id")!).ToHashSet());
        var finished = (await File.ReadAllLinesAsync(runs)).Select(line => line.Split(' ')).ToLookup(words => words[0], words => int.Parse(words[1], CultureInfo.InvariantCulture));
        foreach (var listed in tasks)
        {
            var id = Text(listed, "id")!;
            var task = (await node.Api.GetFromJsonAsync<JsonObject>($"api/v1/tasks/{id}"))!;
            Assert.Equal("succeeded", Text(task, "state"));
            var attempts = task["attempts"]!.AsArray().Select(a => a!.AsObject()).ToArray();
            Assert.Equal(task["attempt"]!.GetValue<int>(), attempts.Length);

            // The one attempt that counts is the last; each earlier one says why it did not.
            Assert.Equal("succeeded", Text(attempts[^1], "outcome"));
            Assert.All(attempts[..^1], a => Assert.False(string.IsNullOrWhiteSpace(Text(a, "reason")), task.ToJsonString()));
            Assert.Contains(attempts.Length, finished[id]);
            Assert.True(finished[id].Count() <= attempts.Length, $"task {id} ran {finished[id].Count()} times in {attempts.Length} attempts");
            Assert.Contains("is done", await node.Api.GetStringAsync($"api/v1/tasks/{id}/logs"), StringComparison.Ordinal);
        }
    }

    private static async Task MachinesAreAccountedForAsync(NodeProcess node)
    {
        await Eventually.TrueAsync(
            () => Task.FromResult(node.Processes().Count == 0),
            TimeSpan.FromSeconds(20),
            () => Task.FromResult($"no process is left behind: {string.Join(", ", node.Processes())}"));
        var known = (await ItemsAsync(node, "api/v1/instances?limit=1000")).ToDictionary(i => Text(i, "id")!);
        var folders = Directory.GetDirectories(Path.Combine(node.DataFolder, "instances", "local")).Select(Path.GetFileName).ToArray();
        Assert.NotEmpty(folders);
        Assert.All(folders, id => Assert.Contains(id!, known.Keys));
        Assert.All(known.Values, i => Assert.Equal("ended", Text(i, "phase")));
    }

    private static async Task MoneyIsAccountedForAsync(NodeProcess node)
    {
        var current = (await node.Api.GetFromJsonAsync<JsonObject>("api/v1/budgets/lab"))!["budget"]!["current"]!;
        var (held, spent, left) = (current["heldMicros"]!.GetValue<long>(), current["spentMicros"]!.GetValue<long>(), current["leftMicros"]!.GetValue<long>());
        Assert.Equal(0, held);
        Assert.InRange(spent, 1, Limit);
        Assert.Equal(Limit - spent, left);

        // The lines, the oldest first, add up to the balance, and no line ever went over the limit.
        var entries = (await ItemsAsync(node, "api/v1/budgets/lab/entries?limit=1000")).Reverse().ToArray();
        long runningHeld = 0, runningSpent = 0;
        foreach (var entry in entries)
        {
            runningHeld += entry["heldMicros"]!.GetValue<long>();
            runningSpent += entry["spentMicros"]!.GetValue<long>();
            Assert.InRange(runningHeld + runningSpent, 0, Limit);
        }

        Assert.Equal(0, runningHeld);
        Assert.Equal(spent, runningSpent);
    }

    private static async Task<IReadOnlyList<JsonObject>> LiveInstancesAsync(NodeProcess node) => [.. (await InstancesAsync(node)).Where(i => Text(i, "phase") != "ended")];
}
