using System.Net;
using System.Text;
using System.Text.Json;
using ControlPlane.ClearMl;

namespace ControlPlane.Host.Tests.ClearMl;

public sealed class ClearMlEndpointsTests
{
    private const string Worker = "cp:pool-a:process:01ARZ3NDEKTSV4RRFFQ69G5FAV";

    [Fact]
    public async Task Worker_FromRegistrationToResult()
    {
        await using var host = await QueueHost.StartAsync();
        var id = await host.SubmitAsync(new { queue = "gpu", command = new[] { "echo", "hi" }, environment = new Dictionary<string, string> { ["A"] = "1" }, maxAttempts = 2, name = "greet" });
        var queue = (await host.CallAsync("queues.get_all", new { name = new[] { "^gpu$" } })).GetProperty("queues")[0];
        var queueId = queue.GetProperty("id").GetString();
        Assert.Equal(id, queue.GetProperty("entries")[0].GetProperty("task").GetString());

        await host.CallAsync("workers.register", new { worker = Worker, queues = new[] { queueId }, timeout = 600 });
        var entry = (await host.CallAsync("queues.get_next_task", new { queue = queueId, worker = Worker })).GetProperty("entry");
        Assert.Equal(id, entry.GetProperty("task").GetString());

        var task = (await host.CallAsync("tasks.get_by_id", new { task = id })).GetProperty("task");
        Assert.Equal(("greet", "in_progress", Worker), (task.GetProperty("name").GetString(), task.GetProperty("status").GetString(), task.GetProperty("last_worker").GetString()));
        var item = task.GetProperty("configuration").GetProperty("controlplane");
        Assert.Equal("json", item.GetProperty("type").GetString());
        var command = JsonDocument.Parse(item.GetProperty("value").GetString()!).RootElement;
        Assert.Equal(["echo", "hi"], command.GetProperty("command").EnumerateArray().Select(part => part.GetString()));
        Assert.Equal(("1", 1, 2), (command.GetProperty("environment").GetProperty("A").GetString(), command.GetProperty("attempt").GetInt32(), command.GetProperty("maxAttempts").GetInt32()));

        Assert.Equal(1, (await host.CallAsync("tasks.started", new { task = id, worker = Worker, attempt = 1 })).GetProperty("started").GetInt32());
        var report = await host.CallAsync("workers.status_report", new { worker = Worker, timestamp = 1, queues = new[] { queueId }, task = id });
        Assert.False(report.TryGetProperty("draining", out _));
        var shown = (await host.CallAsync("workers.get_all")).GetProperty("workers")[0];
        Assert.Equal((Worker, id, "gpu"), (shown.GetProperty("id").GetString(), shown.GetProperty("task").GetProperty("id").GetString(), shown.GetProperty("queues")[0].GetProperty("name").GetString()));
        Assert.False((await host.CallAsync("tasks.ping", new { task = id, worker = Worker, attempt = 1 })).TryGetProperty("cancelled", out _));

        await host.CallAsync("tasks.completed", new { task = id, worker = Worker, attempt = 1, exit_code = 0, status_reason = "completed", force = true });
        Assert.Equal(0, (await host.CallAsync("tasks.completed", new { task = id, worker = Worker, attempt = 1, exit_code = 0, force = true })).GetProperty("updated").GetInt32());
        Assert.Equal("completed", (await host.CallAsync("tasks.get_by_id", new { task = id })).GetProperty("task").GetProperty("status").GetString());
        Assert.False((await host.CallAsync("queues.get_next_task", new { queue = queueId, worker = Worker })).TryGetProperty("entry", out _));
        await host.CallAsync("workers.unregister", new { worker = Worker });
        Assert.Equal((400, 1004), Codes(await host.RefusedAsync("workers.unregister", new { worker = Worker })));
    }

    [Fact]
    public async Task LateResult_IsRefusedWith110()
    {
        await using var host = await QueueHost.StartAsync();
        var id = await host.SubmitAsync();
        var queueId = await host.QueueIdAsync();
        await host.CallAsync("queues.get_next_task", new { queue = queueId, worker = Worker });
        await host.CallAsync("tasks.started", new { task = id, worker = Worker, attempt = 1 });
        await host.CallAsync("tasks.stop", new { task = id });

        Assert.True((await host.CallAsync("tasks.ping", new { task = id, worker = Worker, attempt = 1 })).GetProperty("cancelled").GetBoolean());
        Assert.Equal((400, 110), Codes(await host.RefusedAsync("tasks.completed", new { task = id, worker = Worker, attempt = 1, force = true })));
        Assert.Equal((400, 110), Codes(await host.RefusedAsync("tasks.failed", new { task = id, worker = Worker, force = true })));
    }

    [Fact]
    public async Task WorkerHeader_SaysWhoClaims()
    {
        await using var host = await QueueHost.StartAsync();
        var id = await host.SubmitAsync();
        host.Http.DefaultRequestHeaders.Add(ClearMlEndpoints.WorkerHeader, Worker);

        await host.CallAsync("queues.get_next_task", new { queue = await host.QueueIdAsync() });

        Assert.Equal(Worker, (await host.CallAsync("tasks.get_by_id", new { task = id })).GetProperty("task").GetProperty("last_worker").GetString());
    }

    [Fact]
    public async Task StockClient_CreatesEnqueuesAndTakesBack()
    {
        await using var host = await QueueHost.StartAsync();
        var created = await host.CallAsync("tasks.create", new
        {
            name = "exp",
            type = "training",
            script = new { repository = "git@example.org:a.git", entry_point = "train.py" },
            configuration = new { other = new { name = "other", type = "txt", value = "kept" } },
        });
        var id = created.GetProperty("id").GetString();

        Assert.Equal(1, (await host.CallAsync("tasks.enqueue", new { task = id, queue_name = "made on the way" })).GetProperty("queued").GetInt32());
        Assert.Equal((400, 706), Codes(await host.RefusedAsync("tasks.enqueue", new { task = id, queue_name = "gpu" })));
        var queues = (await host.CallAsync("queues.get_all_ex")).GetProperty("queues").EnumerateArray().ToDictionary(queue => queue.GetProperty("name").GetString()!);
        var entry = queues["made on the way"].GetProperty("entries")[0];
        Assert.Equal((id, "exp"), (entry.GetProperty("task").GetProperty("id").GetString(), entry.GetProperty("task").GetProperty("name").GetString()));
        var queueId = queues["made on the way"].GetProperty("id").GetString();
        Assert.Equal(1, (await host.CallAsync("queues.get_num_entries", new { queue = queueId })).GetProperty("num").GetInt32());
        Assert.Equal(id, (await host.CallAsync("queues.peek_task", new { queue = queueId })).GetProperty("task").GetString());

        Assert.Equal(1, (await host.CallAsync("queues.remove_task", new { queue = queueId, task = id })).GetProperty("removed").GetInt32());
        Assert.Equal((400, 703), Codes(await host.RefusedAsync("tasks.dequeue", new { task = id })));
        Assert.Equal(1, (await host.CallAsync("queues.add_task", new { queue = queueId, task = id })).GetProperty("added").GetInt32());
        var task = (await host.CallAsync("tasks.get_by_id", new { task = id })).GetProperty("task");
        Assert.Equal(("queued", "training", "train.py", "kept"), (
            task.GetProperty("status").GetString(),
            task.GetProperty("type").GetString(),
            task.GetProperty("script").GetProperty("entry_point").GetString(),
            task.GetProperty("configuration").GetProperty("other").GetProperty("value").GetString()));
    }

    [Fact]
    public async Task TasksGetAll_FiltersAndPages()
    {
        await using var host = await QueueHost.StartAsync();
        var ids = new List<string>();
        for (var i = 0; i < 3; i++) ids.Add(await host.SubmitAsync());
        await host.CallAsync("queues.get_next_task", new { queue = await host.QueueIdAsync(), worker = Worker });

        Assert.Equal([ids[2], ids[1]], await FindAsync(new { status = new[] { "queued" } }));
        Assert.Equal([ids[0]], await FindAsync(new { last_worker = Worker, status = "in_progress" }));
        Assert.Equal([ids[1]], await FindAsync(new { id = ids, page = 1, page_size = 1 }));
        Assert.Equal((400, 12), Codes(await host.RefusedAsync("tasks.get_all", new { status = new[] { "sleeping" } })));
        Assert.Equal((400, 1104), Codes(await host.RefusedAsync("tasks.get_all", new { scroll_id = "x" })));

        async Task<IEnumerable<string?>> FindAsync(object request) =>
            (await host.CallAsync("tasks.get_all", request)).GetProperty("tasks").EnumerateArray().Select(task => task.GetProperty("id").GetString());
    }

    [Fact]
    public async Task Events_AreKeptOncePerSequence_AndOthersCounted()
    {
        await using var host = await QueueHost.StartAsync();
        var id = await host.SubmitAsync();
        await host.CallAsync("queues.get_next_task", new { queue = await host.QueueIdAsync(), worker = Worker });
        var batch = $$"""
            {"type":"log","task":"{{id}}","worker":"w","timestamp":1767225600000,"level":"info","msg":"one","attempt":1,"sequence":1}
            {"type":"log","task":"{{id}}","worker":"w","timestamp":1767225600001,"level":"info","msg":"two","attempt":1,"sequence":2}

            {"type":"training_stats_scalar","task":"{{id}}","value":1}
            {"type":"log","task":"unknown","msg":"lost"}
            """;

        var first = await SendAsync(batch);
        var repeated = await SendAsync(batch);

        Assert.Equal((2, 2), (first.GetProperty("added").GetInt32(), first.GetProperty("errors").GetInt32()));
        Assert.Equal(2, repeated.GetProperty("added").GetInt32());
        Assert.Equal("one\ntwo\n", await host.Http.GetStringAsync($"/api/v1/tasks/{id}/logs"));

        async Task<JsonElement> SendAsync(string lines) =>
            (await QueueHost.EnvelopeAsync(await host.Http.PostAsync("/events.add_batch", new StringContent(lines, Encoding.UTF8, "application/x-ndjson")))).GetProperty("data");
    }

    [Theory]
    [InlineData("queues.get_next_task", "{\"queue\":\"nowhere\"}", 400, 701)]
    [InlineData("queues.get_by_id", "{}", 400, 12)]
    [InlineData("queues.get_all", "{\"name\":\"(\"}", 400, 21)]
    [InlineData("queues.create", "{\"name\":\"gpu\"}", 400, 801)]
    [InlineData("tasks.get_by_id", "{\"task\":\"nothing\"}", 400, 101)]
    [InlineData("tasks.ping", "{\"task\":\"nothing\"}", 400, 101)]
    [InlineData("tasks.started", "{\"task\":7}", 400, 12)]
    [InlineData("tasks.create", "{\"name\":\"x\",\"configuration\":{\"controlplane\":{\"value\":\"{\\\"maxAttempts\\\":0}\"}}}", 400, 12)]
    [InlineData("workers.register", "{\"worker\":\"w\",\"queues\":[\"nowhere\"]}", 400, 701)]
    [InlineData("workers.register", "not json", 400, 12)]
    [InlineData("events.add_batch", "", 400, 17)]
    [InlineData("tasks.publish", "{}", 400, 0)]
    public async Task BadCall_IsRefusedInTheEnvelope(string call, string body, int code, int subcode)
    {
        await using var host = await QueueHost.StartAsync();

        var response = await host.Http.PostAsync($"/v2.30/{call}", new StringContent(body, Encoding.UTF8, "application/json"));

        var meta = (await QueueHost.EnvelopeAsync(response)).GetProperty("meta");
        Assert.Equal((code, code, subcode), ((int)response.StatusCode, meta.GetProperty("result_code").GetInt32(), meta.GetProperty("result_subcode").GetInt32()));
        Assert.Equal(call, meta.GetProperty("endpoint").GetProperty("name").GetString());
    }

    [Fact]
    public async Task DraftWithoutAnythingToRun_CannotBeQueued()
    {
        await using var host = await QueueHost.StartAsync();
        var id = (await host.CallAsync("tasks.create", new { name = "empty", type = "custom" })).GetProperty("id").GetString();

        Assert.Equal((400, 122), Codes(await host.RefusedAsync("tasks.enqueue", new { task = id, queue_name = "gpu" })));
    }

    [Fact]
    public async Task BodyOverTheLimit_IsRefusedInTheEnvelope()
    {
        await using var host = await QueueHost.StartAsync();

        var response = await host.Http.PostAsync("/events.add_batch", new ByteArrayContent(new byte[ClearMlEndpoints.MaxBodyBytes + 1]));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Equal(413, (await QueueHost.EnvelopeAsync(response)).GetProperty("meta").GetProperty("result_code").GetInt32());
    }

    [Fact]
    public async Task Login_GivesATokenThatSaysWhenItEnds_AlsoToGet()
    {
        await using var host = await QueueHost.StartAsync();

        var data = (await QueueHost.EnvelopeAsync(await host.Http.GetAsync("/auth.login"))).GetProperty("data");

        var claims = data.GetProperty("token").GetString()!.Split('.')[1];
        var json = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(claims)).RootElement;
        Assert.True(json.GetProperty("exp").GetInt64() > json.GetProperty("iat").GetInt64());
        Assert.Equal("2.30", (await host.CallAsync("server.info")).GetProperty("api_version").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/favicon.ico")).StatusCode);
    }

    private static (int Code, int Subcode) Codes((int Code, int Subcode, string Message) refusal) => (refusal.Code, refusal.Subcode);
}
