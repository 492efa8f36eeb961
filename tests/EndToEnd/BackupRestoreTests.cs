using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ControlPlane.Tests.PostgreSql;

namespace ControlPlane.EndToEnd;

/// <summary>docs/operations.md, "Backup and restore": a dump is restored into a new database while machines run that it knows, and one that it does not.</summary>
public sealed class BackupRestoreTests : IDisposable
{
    private const long Limit = 5_000_000;
    private readonly string folder = Directory.CreateTempSubdirectory("controlplane-restore-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task RestoredWhileMachinesRun_KnownOnesGoOn_UnknownOnesAreReaped_AndTheBudgetHolds()
    {
        var configuration = Path.Combine(folder, "controlplane.yaml");
        await File.WriteAllTextAsync(configuration, $$"""
            version: 1
            sources: [{ name: embedded, kind: embedded, pace: 500ms }]
            providers: [{ name: local, kind: local, sweepEvery: 1s, consistencyWindow: 3s, orphanGrace: 5s }]
            budgets: [{ name: lab, limit: {{Limit / 1_000_000}}, window: total, whenDry: drain }]
            pools: [{ name: small, provider: local, maxInstances: 3, maxBootTime: 2m, leaseLength: 2m, price: 1.00, local: { bootDelay: 0s, orphanTimeout: 10m } }]
            queues: [{ name: default, source: embedded, budget: lab, maxIdleTime: 3s, pools: [small] }]
            """);
        var lost = PostgresServer.Shared.NewDatabase();
        using var node = new NodeProcess(folder, configuration, lost);
        await node.StartAsync();
        var go = Path.Combine(folder, "go");
        string[] known = [await SubmitAsync(node, go), await SubmitAsync(node, go)];
        await BusyAsync(node, 2);
        var machines = node.LiveMachines();
        Assert.Equal(2, machines.Count);

        // The backup is taken while the node works. What happens after it is lost with the old database: a task and the machine that it was given.
        var dump = PostgresServer.Shared.Dump(lost);
        var later = await SubmitAsync(node, go);
        await BusyAsync(node, 3);
        var stranger = Assert.Single(node.LiveMachines().Except(machines));
        await node.KillAsync();
        Assert.Equal(3, node.LiveMachines().Count);

        node.UseDatabase(PostgresServer.Shared.Restore(dump));
        await node.StartAsync();

        // The machine that the restored journal does not know is ended and recorded; those that it knows were never touched.
        await Eventually.TrueAsync(() => Task.FromResult(!node.LiveMachines().Contains(stranger)), TimeSpan.FromMinutes(2), () => Task.FromResult($"machine {stranger} is ended"));
        Assert.Equal(machines.Order(), node.LiveMachines().Order());
        var phases = (await ItemsAsync(node, "api/v1/instances?limit=1000")).ToDictionary(i => Text(i, "id")!, i => Text(i, "phase"));
        Assert.Equal(machines.Order(), phases.Keys.Order());
        Assert.All(phases.Values, p => Assert.Equal("busy", p));
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await node.Api.GetAsync($"api/v1/tasks/{later}")).StatusCode);

        await File.WriteAllTextAsync(go, "");
        foreach (var id in known)
        {
            await Eventually.TrueAsync(async () => Text(await TaskAsync(node, id), "state") == "succeeded", TimeSpan.FromMinutes(2), async () => $"task {id} has succeeded: {await TaskAsync(node, id)}");
            Assert.Equal(1, (await TaskAsync(node, id))["attempt"]!.GetValue<int>());
        }

        // The queue scales again, and the money adds up under the limit.
        var next = await SubmitAsync(node, go);
        await Eventually.TrueAsync(async () => Text(await TaskAsync(node, next), "state") == "succeeded", TimeSpan.FromMinutes(2), () => Task.FromResult("a new task has succeeded"));
        await Eventually.TrueAsync(() => Task.FromResult(node.LiveMachines().Count == 0), TimeSpan.FromMinutes(2), () => Task.FromResult("all machines are gone"));
        await Eventually.TrueAsync(
            async () => (await ItemsAsync(node, "api/v1/instances?limit=1000")).All(i => Text(i, "phase") == "ended" && i["settled"]!.GetValue<bool>()), TimeSpan.FromMinutes(1), () => Task.FromResult("all instances are settled"));
        long held = 0, spent = 0;
        foreach (var entry in (await ItemsAsync(node, "api/v1/budgets/lab/entries?limit=1000")).Reverse())
        {
            held += entry["heldMicros"]!.GetValue<long>();
            spent += entry["spentMicros"]!.GetValue<long>();
            Assert.InRange(held + spent, 0, Limit);
        }

        Assert.Equal(0, held);
        Assert.True(spent > 0);
    }

    private static async Task<string> SubmitAsync(NodeProcess node, string go)
    {
        var answer = await node.Api.PostAsJsonAsync("api/v1/tasks", new { queue = "default", shell = $"while [ ! -e {go} ]; do sleep 0.2; done" });
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return Text((await answer.Content.ReadFromJsonAsync<JsonObject>())!, "id")!;
    }

    private static Task BusyAsync(NodeProcess node, int machines) => Eventually.TrueAsync(
        async () => (await ItemsAsync(node, "api/v1/instances?phase=busy")).Count == machines, TimeSpan.FromMinutes(2), () => Task.FromResult($"{machines} machines are busy"));

    private static async Task<JsonObject> TaskAsync(NodeProcess node, string id) => (await node.Api.GetFromJsonAsync<JsonObject>($"api/v1/tasks/{id}"))!;

    private static async Task<IReadOnlyList<JsonObject>> ItemsAsync(NodeProcess node, string path) =>
        [.. (await node.Api.GetFromJsonAsync<JsonObject>(path))!["items"]!.AsArray().Select(i => i!.AsObject())];

    private static string? Text(JsonObject from, string name) => from[name]?.GetValue<string>();
}
