using System.Text;
using System.Text.Json;
using ControlPlane.ClearMlDouble;
using ControlPlane.Domain.Providers;
using ControlPlane.Host.Tests.Hosting;
using ControlPlane.Providers.Tests.ClearMl;

namespace ControlPlane.Host.Tests.ClearMl;

/// <summary>A whole node that scales for a ClearML server; server and platform are doubles.</summary>
public sealed class ClearMlNodeTests(ApiFixture node) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Machine_IsTakenBackWhileItWorks_TheTaskGoesBackAndAnotherMachineDoesIt()
    {
        await using var server = await new ClearMlServer().StartAsync();
        var queue = server.Model.AddQueue("train").Id;
        using var api = new ClearMlApi(server.Url);
        await node.ApplyAsync(Document("300ms", ("train", "clearml", server.Url, "env:ACCESS")));
        var task = await api.SubmitAsync(queue);

        var first = await LaunchedAsync([]);
        await api.RegisterAsync(Worker(first), queue);
        Assert.Equal(task, await api.TakeAsync(Worker(first), queue));
        await PhaseAsync("train", "busy");

        node.World.Machines[first.Instance] = first with { State = MachineState.Ended, EndedAt = DateTimeOffset.UtcNow, End = MachineEnd.Preempted };
        await ApiFixture.EventuallyAsync(() => Task.FromResult(server.Model.QueueNamed("train").Entries.Any(e => e.Task == task)), "the task waits again");
        Assert.Contains("[ControlPlane] requeue", server.Model.Tasks[task].Comment, StringComparison.Ordinal);

        var second = await LaunchedAsync([first]);
        await api.RegisterAsync(Worker(second), queue);
        Assert.Equal(task, await api.TakeAsync(Worker(second), queue));
        await PhaseAsync("train", "busy");
        await api.EndAsync(Worker(second), task, queue);
        await ApiFixture.EventuallyAsync(() => Task.FromResult(node.World.Machines[second.Instance].State == MachineState.Ended), "the idle machine is ended");
        Assert.Equal(("completed", 2), (server.Model.Tasks[task].Status, server.Model.Tasks[task].Enqueues));
    }

    [Fact]
    public async Task Sources_ThatAreNotWell_SayWhyAndWhenNext_AndNothingIsLaunchedOrEnded()
    {
        await using var well = await new ClearMlServer().StartAsync();
        await using var page = await new ClearMlServer { Html = true }.StartAsync();
        await using var late = await new ClearMlServer().StartAsync();
        var port = new Uri(late.Url).Port;
        late.Model.AddQueue("late");
        await late.StopAsync();
        var queue = well.Model.AddQueue("steady").Id;
        using var api = new ClearMlApi(well.Url);
        await node.ApplyAsync(Document(
            "10m", ("steady", "well", well.Url, "env:ACCESS"), ("strange", "wrong-key", well.Url, "env:SECRET"), ("proxied", "proxy", page.Url, "env:ACCESS"), ("late", "late", late.Url, "env:ACCESS"),
            ("nowhere", "no-host", "http://clearml.invalid:8008", "env:ACCESS")));

        await api.SubmitAsync(queue);
        var machine = await LaunchedAsync([.. node.World.Machines.Values.Where(m => m.Queue.Value != "steady")]);
        await api.RegisterAsync(Worker(machine), queue);
        await PhaseAsync("steady", "idle");

        await FaultAsync("wrong-key", "does not accept the credentials that stand at env:SECRET");
        await FaultAsync("proxy", "Welcome to the proxy");
        await FaultAsync("late", "cannot be reached");
        await FaultAsync("no-host", "clearml.invalid");
        Assert.True((await node.GetAsync("/api/v1/sources/well")).GetProperty("state").GetProperty("healthy").GetBoolean());

        // The server of the machine that runs is lost, too: nothing is concluded from that.
        await well.StopAsync();
        await FaultAsync("well", "cannot be reached");
        Assert.Equal(MachineState.Running, node.World.Machines[machine.Instance].State);
        Assert.All(node.World.Machines.Values, m => Assert.True(m.Queue.Value is "steady" or "train"));

        await late.StartAsync(port);
        await ApiFixture.EventuallyAsync(async () => (await StateAsync("late")) is var s && s.GetProperty("healthy").GetBoolean(), "the server that was down at first is found");
    }

    private static string Worker(Machine machine) => $"dynamic_worker:{machine.Queue}-pool:process:{machine.NativeId}";

    private static string Document(string idle, params (string Queue, string Source, string Url, string Key)[] sources)
    {
        var text = new StringBuilder("version: 1\nsources:\n");
        foreach (var (_, source, url, key) in sources)
            text.Append($"  - {{ name: {source}, kind: clearml, pace: 100ms, restPace: 200ms, clearml: {{ url: \"{url}\", accessKey: \"{key}\", secretKey: \"env:SECRET\" }} }}\n");
        text.Append("providers: [{ name: laptop, kind: local, sweepEvery: 200ms, consistencyWindow: 1s, orphanGrace: 1s }]\nbudgets: [{ name: lab, limit: 10 }]\npools:\n");
        foreach (var (queue, _, _, _) in sources)
            text.Append($"  - {{ name: {queue}-pool, provider: laptop, maxInstances: 2, leaseLength: 1m, price: 1 }}\n");
        text.Append("queues:\n");
        foreach (var (queue, source, _, _) in sources)
            text.Append($"  - {{ name: {queue}, source: {source}, budget: lab, maxIdleTime: {idle}, pools: [{queue}-pool] }}\n");
        return text.ToString();
    }

    private async Task<Machine> LaunchedAsync(IReadOnlyCollection<Machine> known)
    {
        Machine? machine = null;
        await ApiFixture.EventuallyAsync(
            () => Task.FromResult((machine = node.World.Machines.Values.FirstOrDefault(m => m.State == MachineState.Running && known.All(k => k.Instance != m.Instance))) is not null),
            "a machine is launched");
        return machine!;
    }

    private Task PhaseAsync(string queue, string phase) => ApiFixture.EventuallyAsync(
        async () => (await node.ItemsAsync($"/api/v1/instances?queue={queue}")).Any(i => i.GetProperty("phase").GetString() == phase), $"an instance of {queue} is {phase}");

    private async Task FaultAsync(string source, string part)
    {
        var said = "";
        await ApiFixture.EventuallyAsync(async () => (said = (await StateAsync(source)).GetProperty("fault").GetString() ?? "").Contains(part, StringComparison.Ordinal), $"source {source} says '{part}' (it says '{said}')");
        var state = await StateAsync(source);
        Assert.False(state.GetProperty("healthy").GetBoolean());
        Assert.True(state.GetProperty("failures").GetInt32() > 0);
        Assert.True(state.GetProperty("nextLookAt").GetDateTimeOffset() > DateTimeOffset.UtcNow.AddMinutes(-1));
    }

    private async Task<JsonElement> StateAsync(string source) => (await node.GetAsync($"/api/v1/sources/{source}")).GetProperty("state");
}
