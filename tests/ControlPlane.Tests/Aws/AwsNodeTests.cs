using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using ControlPlane.ClearMlDouble;
using ControlPlane.Emulators.Ec2;
using ControlPlane.Host.Tests.Hosting;
using ControlPlane.Providers.Tests.ClearMl;
using ControlPlane.Simulation.Ec2;

namespace ControlPlane.Host.Tests.Aws;

/// <summary>A whole node that launches on EC2: the platform is the emulator, over HTTP; the tasks are those of a ClearML server that is a double.</summary>
public sealed class AwsNodeTests(ApiFixture node) : IClassFixture<ApiFixture>, IAsyncLifetime
{
    private ClearMlServer server = null!;
    private Ec2Emulator emulator = null!;
    private ClearMlApi api = null!;

    public async Task InitializeAsync()
    {
        server = await new ClearMlServer().StartAsync();
        api = new ClearMlApi(server.Url);
        emulator = await Ec2Emulator.StartAsync(new Ec2Settings
        {
            Pending = TimeSpan.FromMilliseconds(200),
            Boot = TimeSpan.FromMilliseconds(500),
            Shutdown = TimeSpan.FromMilliseconds(200),
            InterruptionNotice = TimeSpan.FromSeconds(8),
        });
    }

    public async Task DisposeAsync()
    {
        api.Dispose();
        await emulator.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Interruption_ItsMachineDrainsAndIsReplacedAtTheNotice_AndItsTaskGoesBackOnce()
    {
        var queue = server.Model.AddQueue("spot").Id;
        await node.ApplyAsync(Document("spot", "market: spot"));
        var task = await api.SubmitAsync(queue);
        var first = await LaunchedAsync(1);
        await api.RegisterAsync(Worker("spot", first[0]), queue);
        Assert.Equal(task, await api.TakeAsync(Worker("spot", first[0]), queue));
        await PhaseAsync("spot", "busy");

        await emulator.InterruptAsync(first[0].Id);
        var both = await LaunchedAsync(2);
        var marked = (await emulator.LogAsync()).Single(e => e.Id == first[0].Id);
        Assert.Equal("running", marked.State);
        await InstanceAsync("spot", i => i.GetProperty("nativeId").GetString() == first[0].Id && i.GetProperty("outcome").GetString() == "preempted");

        await ApiFixture.EventuallyAsync(() => Task.FromResult(server.Model.QueueNamed("spot").Entries.Any(e => e.Task == task)), "the task waits again");
        var second = both.Single(e => e.Id != first[0].Id);
        await api.RegisterAsync(Worker("spot", second), queue);
        Assert.Equal(task, await api.TakeAsync(Worker("spot", second), queue));
        await api.EndAsync(Worker("spot", second), task, queue);
        Assert.Equal(("completed", 2), (server.Model.Tasks[task].Status, server.Model.Tasks[task].Enqueues));
    }

    public static TheoryData<string, string, string> Wrong => new()
    {
        { "image: { id: ami-0a1b2c3d4e5f6ffff }", "InvalidAMIID.NotFound", "image of this region" },
        { "subnet: subnet-0e0e0e0e0e0effff0", "InvalidSubnetID.NotFound", "subnet of this account" },
        { "prices: { x9.large: 1 }", "InvalidParameterValue", "aws keys" },
        { "denied", "UnauthorizedOperation", "check provider" },
        { "quota", "VcpuLimitExceeded", "Service Quotas" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Pool_ThatCanNeverLaunch_SaysWhyAndHowToMendItAndStops_AndCostsNothing(string what, string words, string fix)
    {
        var name = $"wrong-{words.Split('.')[0].ToLowerInvariant()}";
        if (what == "denied")
            await emulator.ChangeAsync(new JsonObject { ["denied"] = new JsonArray("RunInstances") });
        if (what == "quota")
            await emulator.ChangeAsync(new JsonObject { ["cpuQuotas"] = new JsonObject { ["g"] = 0 } });
        var queue = server.Model.AddQueue(name).Id;
        await node.ApplyAsync(Document(name, what is "denied" or "quota" ? "market: onDemand" : what));
        await api.SubmitAsync(queue);

        var message = "";
        await ApiFixture.EventuallyAsync(
            async () => (await node.ItemsAsync("/api/v1/pools")).Single(p => p.GetProperty("name").GetString() == $"{name}-pool").GetProperty("breaker") is { ValueKind: JsonValueKind.Object } breaker
                && (message = breaker.GetProperty("message").GetString()!).Length > 0,
            $"the pool of {name} is stopped");

        Assert.Contains(words, message, StringComparison.Ordinal);
        Assert.Contains(fix, message, StringComparison.Ordinal);
        Assert.Empty(await emulator.LogAsync());
        Assert.Equal(0, (await emulator.BillAsync()).Total);
    }

    [Fact]
    public async Task Check_TellsWhatIsWrongAndThePolicy_AndLaunchesNothing()
    {
        await node.ApplyAsync(Document("checked", "keyPair: nobody"));

        using var answer = await node.Http.PostAsync("/api/v1/providers/cloud-checked/check", null);
        var report = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.False(report.GetProperty("ok").GetBoolean());
        var failed = Assert.Single(report.GetProperty("findings").EnumerateArray(), f => f.GetProperty("verdict").GetString() == "failed");
        Assert.Equal("pool checked-pool: key pair", failed.GetProperty("subject").GetString());
        Assert.Contains("key pair of this region", failed.GetProperty("fix").GetString(), StringComparison.Ordinal);
        Assert.Contains("ec2:RunInstances", report.GetProperty("policy").GetString(), StringComparison.Ordinal);
        Assert.Empty(await emulator.LogAsync());
    }

    [Fact]
    public async Task StuckBoot_ItsStoryKeepsTheLastLinesOfItsConsole()
    {
        await emulator.AddFaultsAsync(new Ec2Fault { Kind = Ec2FaultKind.NeverBoots });
        var queue = server.Model.AddQueue("stuck").Id;
        await node.ApplyAsync(Document("stuck", "market: onDemand", "maxBootTime: 3s"));
        await api.SubmitAsync(queue);

        var stuck = await InstanceAsync("stuck", i => i.GetProperty("outcome").GetString() == "stuckBooting");
        var id = stuck.GetProperty("id").GetString();
        JsonElement story = default;
        await ApiFixture.EventuallyAsync(
            async () => (story = await node.GetAsync($"/api/v1/instances/{id}")).GetProperty("history").EnumerateArray().Any(h => h.GetProperty("what").GetString() == "console-kept"),
            "the console is kept in the instance's history");
        var console = await node.GetAsync($"/api/v1/instances/{id}/console?bytes=30");

        Assert.Contains("Kernel panic", story.GetProperty("console").EnumerateArray().Last().GetString(), StringComparison.Ordinal);
        Assert.EndsWith("No working init found.\n", console.GetProperty("text").GetString(), StringComparison.Ordinal);

        // Its platform will not have it for long.
        await emulator.ChangeAsync(new JsonObject { ["denied"] = new JsonArray("GetConsoleOutput") });
        story = await node.GetAsync($"/api/v1/instances/{id}");
        Assert.Contains("Kernel panic", story.GetProperty("console").EnumerateArray().Last().GetString(), StringComparison.Ordinal);
        await node.ProblemAsync(HttpStatusCode.BadRequest, "invalid-request", $"/api/v1/instances/{id}/console?bytes=0");
        await node.ProblemAsync(HttpStatusCode.NotFound, "not-found", "/api/v1/instances/nobody/console");
    }

    private static string Worker(string queue, Ec2LogEntry machine) => $"dynamic_worker:{queue}-pool:{machine.Type}:{machine.Id}";

    /// <summary>Each test has a provider of its own, so that queues of others, which the node is giving up, do not reach its emulator.</summary>
    private string Document(string queue, string aws, string pool = "slots: 1")
    {
        var types = aws.StartsWith("prices", StringComparison.Ordinal) ? "x9.large" : "g5.xlarge";
        var image = aws.StartsWith("image", StringComparison.Ordinal) ? "" : "image: { id: ami-0a1b2c3d4e5f60002 }";
        return $$"""
            version: 1
            sources: [{ name: clearml, kind: clearml, pace: 100ms, restPace: 200ms, clearml: { url: "{{server.Url}}", accessKey: "env:ACCESS", secretKey: "env:SECRET" } }]
            providers:
            - name: cloud-{{queue}}
              kind: aws
              sweepEvery: 500ms
              consistencyWindow: 5s
              aws: { region: us-east-1, endpoint: "{{emulator.Url}}", accessKey: "env:ACCESS", secretKey: "env:SECRET" }
            budgets: [{ name: lab, limit: 100 }]
            pools:
            - name: {{queue}}-pool
              provider: cloud-{{queue}}
              maxInstances: 2
              {{pool}}
              aws:
                types: [{{types}}]
                {{image}}
                {{aws}}
            queues: [{ name: {{queue}}, source: clearml, budget: lab, maxIdleTime: 10m, pools: [{{queue}}-pool] }]
            """;
    }

    private async Task<IReadOnlyList<Ec2LogEntry>> LaunchedAsync(int count)
    {
        IReadOnlyList<Ec2LogEntry> log = [];
        await ApiFixture.EventuallyAsync(async () => (log = await emulator.LogAsync()).Count >= count, $"{count} machines were launched");
        Assert.Equal(count, log.Count);
        return log;
    }

    private Task<JsonElement> PhaseAsync(string queue, string phase) => InstanceAsync(queue, i => i.GetProperty("phase").GetString() == phase);

    private async Task<JsonElement> InstanceAsync(string queue, Func<JsonElement, bool> isIt)
    {
        JsonElement found = default;
        await ApiFixture.EventuallyAsync(
            async () => (found = (await node.ItemsAsync($"/api/v1/instances?queue={queue}")).FirstOrDefault(isIt)).ValueKind == JsonValueKind.Object, $"queue {queue} has such an instance");
        return found;
    }
}
