using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ControlPlane.Emulators.Ec2;
using ControlPlane.Simulation.Ec2;
using Xunit.Abstractions;
using static ControlPlane.EndToEnd.Listing;

namespace ControlPlane.EndToEnd;

/// <summary>
/// The main promise on machines of EC2, as an emulator in a process of its own has them: the node is killed, of EC2's calls one in five fails, is lost after it took effect, or is
/// throttled, and a spot machine is taken back. The emulator's own book is the judge.
/// </summary>
public sealed class SurvivesKillOnEc2Tests(ITestOutputHelper output) : IDisposable
{
    private const int Tasks = 20;
    private const decimal Limit = 3m;

    private readonly string folder = Directory.CreateTempSubdirectory("controlplane-ec2-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task TwentyTasks_NodeKilledThreeTimesAndCallsFail_OneMachineForEachIntentAndNoneLeft()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("CONTROLPLANE_TEST_SEED"), out var given) ? given : Random.Shared.Next();
        output.WriteLine($"Seed {seed}; run it again with CONTROLPLANE_TEST_SEED={seed}.");
        var random = new Random(seed);
        await using var emulator = await Ec2Emulator.StartProcessAsync("--speed", "12", "--seed", seed.ToString(CultureInfo.InvariantCulture));
        await emulator.AddFaultsAsync(
            new Ec2Fault { Kind = Ec2FaultKind.Dropped, Chance = 0.05 },
            new Ec2Fault { Kind = Ec2FaultKind.Lost, Chance = 0.06 },
            new Ec2Fault { Kind = Ec2FaultKind.ErrorAfter, Chance = 0.03 },
            new Ec2Fault { Kind = Ec2FaultKind.Error, Chance = 0.08, Code = "RequestLimitExceeded", Status = 503 },
            new Ec2Fault { Kind = Ec2FaultKind.ShownLate, Chance = 0.3, Delay = TimeSpan.FromSeconds(3) });
        using var node = new NodeProcess(folder, await WriteConfigurationAsync(emulator.Url)) { Environment = { ["AWS_ACCESS_KEY_ID"] = "AKIATEST", ["AWS_SECRET_ACCESS_KEY"] = "secret" } };
        await node.StartAsync();
        await using var guests = new Ec2Guests(emulator, node);
        var ids = await SubmitAsync(node);

        var interrupted = 0;
        for (var kill = 1; kill <= 3; kill++)
        {
            await Task.Delay(TimeSpan.FromSeconds(2 + (random.NextDouble() * 6)));
            interrupted += await InterruptOneAsync(emulator);
            await node.KillAsync();
            await Task.Delay(TimeSpan.FromSeconds(random.NextDouble() * 2));
            await node.StartAsync();
        }

        await Eventually.TrueAsync(
            async () => (await TasksAsync(node)).All(t => Text(t, "state") is "succeeded" or "failed" or "cancelled"),
            TimeSpan.FromMinutes(6),
            async () => $"all tasks have ended: {string.Join(", ", (await TasksAsync(node)).GroupBy(t => Text(t, "state")).Select(g => $"{g.Count()} {g.Key}"))}; {await StoryAsync(emulator)}");
        await Eventually.TrueAsync(
            async () => (await InstancesAsync(node)).All(i => Text(i, "phase") == "ended") && (await emulator.InstancesAsync()).Count == 0,

            // A machine whose worker never registers counts as stuck after two minutes, and ends when its worker has not been seen for three more.
            TimeSpan.FromMinutes(8),
            async () => $"all machines are gone: {await StoryAsync(emulator)}; {string.Join("; ", (await InstancesAsync(node)).Where(i => Text(i, "phase") != "ended").Select(i => i.ToJsonString()))}");

        Assert.Equal(ids, (await TasksAsync(node)).Where(t => Text(t, "state") == "succeeded").Select(t => Text(t, "id")!).ToHashSet());
        await MachinesAreAccountedForAsync(emulator, node);
        await MoneyIsAccountedForAsync(emulator, node);
        var calls = await emulator.CallsAsync();
        var failed = calls.Count(c => c.Fault is not null and not Ec2FaultKind.ShownLate);
        output.WriteLine($"{calls.Count} calls, of which {failed} failed by a fault; {interrupted} machines were taken back; {await StoryAsync(emulator)}");
        Assert.InRange((double)failed / calls.Count, 0.1, 0.4);
    }

    private async Task<string> WriteConfigurationAsync(Uri endpoint)
    {
        var file = Path.Combine(folder, "controlplane.yaml");
        await File.WriteAllTextAsync(file, $$"""
            version: 1
            sources:
              - { name: embedded, kind: embedded, pace: 500ms }
            providers:
              - { name: virginia, kind: aws, sweepEvery: 1s, consistencyWindow: 8s, orphanGrace: 8s, aws: { region: us-east-1, endpoint: "{{endpoint}}" } }
            budgets:
              - { name: lab, limit: {{Limit.ToString(CultureInfo.InvariantCulture)}}, window: total, whenDry: drain }
            pools:
              - name: spot
                provider: virginia
                maxInstances: 3
                maxBootTime: 2m
                leaseLength: 2m
                aws: { types: [g5.xlarge], zones: [us-east-1a, us-east-1b], market: spot, image: { id: ami-0a1b2c3d4e5f60002 } }
              - name: sure
                provider: virginia
                maxInstances: 3
                maxBootTime: 2m
                leaseLength: 2m
                aws: { types: [g4dn.xlarge], zones: [us-east-1a], image: { id: ami-0a1b2c3d4e5f60002 } }
            queues:
              - { name: train, source: embedded, budget: lab, maxIdleTime: 4s, pools: [spot, sure] }
            """);
        return file;
    }

    private static async Task<HashSet<string>> SubmitAsync(NodeProcess node)
    {
        HashSet<string> ids = [];
        for (var i = 0; i < Tasks; i++)
        {
            var answer = await node.Api.PostAsJsonAsync("api/v1/tasks", new { queue = "train", shell = $"sleep {1 + (i % 3)}; echo task {i} is done", maxAttempts = 8 });
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
            ids.Add(Text((await answer.Content.ReadFromJsonAsync<JsonObject>())!, "id")!);
        }

        return ids;
    }

    private static async Task<int> InterruptOneAsync(Ec2Emulator emulator)
    {
        if ((await emulator.InstancesAsync()).FirstOrDefault(m => m is { Market: "spot", NoticeAt: null, LeftAt: null, HasBooted: true }) is not { } machine)
            return 0;
        await emulator.InterruptAsync(machine.Id);
        return 1;
    }

    /// <summary>Of each intent there is one machine at most, and each machine is one that the node knows.</summary>
    private static async Task MachinesAreAccountedForAsync(Ec2Emulator emulator, NodeProcess node)
    {
        var known = (await InstancesAsync(node)).Select(i => Text(i, "id")!).ToHashSet();
        var log = await emulator.LogAsync();
        Assert.NotEmpty(log);
        Assert.All(log, m => Assert.NotNull(m.EndedAt));
        var intents = log.Select(Ec2Guests.IntentOf).ToArray();
        Assert.Equal(intents.Length, intents.Distinct().Count());
        Assert.All(intents, i => Assert.Contains(i, known));
    }

    private static async Task MoneyIsAccountedForAsync(Ec2Emulator emulator, NodeProcess node)
    {
        await Eventually.TrueAsync(
            async () => (await BalanceAsync(node))["heldMicros"]!.GetValue<long>() == 0,
            TimeSpan.FromMinutes(1),
            async () => $"no money is held: {(await BalanceAsync(node)).ToJsonString()}");
        var spent = (await BalanceAsync(node))["spentMicros"]!.GetValue<long>() / 1_000_000m;
        var bill = (await emulator.BillAsync()).Total;
        Assert.InRange(bill, 0.001m, Limit);

        // A machine is accounted for in whole seconds from its launch to the end of the second in which it ended, at the highest price seen: never below the platform's bill.
        Assert.InRange(spent, bill, Limit);
    }

    private static async Task<JsonObject> BalanceAsync(NodeProcess node) => (await node.Api.GetFromJsonAsync<JsonObject>("api/v1/budgets/lab"))!["budget"]!["current"]!.AsObject();

    private static async Task<string> StoryAsync(Ec2Emulator emulator) => string.Join(
        ", ", (await emulator.LogAsync()).GroupBy(m => (m.Market, m.State, m.Cause)).Select(g => $"{g.Count()} {g.Key.Market} {g.Key.State} {g.Key.Cause}"));
}
