using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ControlPlane.Providers.Embedded;
using ControlPlane.Tasks;

namespace ControlPlane.Host.Tests.Tasks;

public sealed class TaskEndpointsTests
{
    [Fact]
    public async Task Submit_ThenGet_ShowsTheTaskAndItsAttempts()
    {
        await using var host = await QueueHost.StartAsync();
        var response = await host.Http.PostAsJsonAsync("/api/v1/tasks", new { queue = "gpu", shell = "echo $A", environment = new { A = "1" }, priority = 7 });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var queueId = await host.QueueIdAsync();
        var claim = (await host.Queue.ClaimAsync(queueId, "w", null, default)).Task!;

        var task = await ReadAsync(await host.Http.GetAsync(response.Headers.Location));

        Assert.Equal((claim.Id, "running", "gpu", 7, 3, 1), (
            Text(task, "id"), Text(task, "state"), Text(task, "queue"), task.GetProperty("priority").GetInt32(), task.GetProperty("maxAttempts").GetInt32(), task.GetProperty("attempt").GetInt32()));
        Assert.Equal(["/bin/sh", "-c", "echo $A"], task.GetProperty("command").EnumerateArray().Select(part => part.GetString()));
        Assert.Equal("w", Text(Assert.Single(task.GetProperty("attempts").EnumerateArray()), "worker"));
    }

    [Fact]
    public async Task Submit_ABatch_IsAllOrNothing()
    {
        await using var host = await QueueHost.StartAsync();
        object good = new { queue = "gpu", command = new[] { "true" } };

        var refused = await host.Http.PostAsJsonAsync("/api/v1/tasks", new { tasks = new[] { good, new { queue = "gup", command = new[] { "true" } } } });
        Assert.Equal(["tasks[1].queue"], await ErrorsAsync(refused));
        var accepted = await host.Http.PostAsJsonAsync("/api/v1/tasks", new { tasks = new[] { good, good } });

        Assert.Equal(HttpStatusCode.Created, accepted.StatusCode);
        Assert.Equal(2, (await ReadAsync(accepted)).GetProperty("items").GetArrayLength());
        Assert.Equal(2, (await ReadAsync(await host.Http.GetAsync("/api/v1/tasks"))).GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData("{\"queue\":\"gpu\"}", "command")]
    [InlineData("{\"command\":[\"true\"]}", "queue")]
    [InlineData("{\"queue\":\"gpu\",\"command\":[]}", "command")]
    [InlineData("{\"queue\":\"gpu\",\"command\":[\"\"]}", "command")]
    [InlineData("{\"queue\":\"gpu\",\"command\":\"echo\"}", "command")]
    [InlineData("{\"queue\":\"gpu\",\"command\":[\"a\"],\"shell\":\"b\"}", "shell")]
    [InlineData("{\"queue\":\"gpu\",\"shell\":\" \"}", "shell")]
    [InlineData("{\"queue\":\"gpu\",\"shell\":\"a\\u0000b\"}", "shell")]
    [InlineData("{\"queue\":\"gpu\",\"shell\":\"a\",\"comand\":\"b\"}", "comand")]
    [InlineData("{\"queue\":\"gpu\",\"shell\":\"a\",\"priority\":1001,\"maxAttempts\":0}", "maxAttempts priority")]
    [InlineData("{\"queue\":\"gpu\",\"shell\":\"a\",\"priority\":1.5}", "priority")]
    [InlineData("{\"queue\":\"gpu\",\"shell\":\"a\",\"environment\":{\"1A\":\"x\",\"B\":2}}", "environment.1A environment.B")]
    [InlineData("{\"queue\":\"gpu\",\"shell\":\"\\ud800\"}", "$")]
    [InlineData("{\"tasks\":[]}", "tasks")]
    [InlineData("{\"tasks\":[7]}", "tasks[0] tasks[0].command tasks[0].queue")]
    [InlineData("[]", "$")]
    [InlineData("{", "$")]
    public async Task Submit_BadInput_NamesTheFields(string body, string fields)
    {
        await using var host = await QueueHost.StartAsync();

        var response = await host.Http.PostAsync("/api/v1/tasks", new StringContent(body, Encoding.UTF8, "application/json"));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(fields, string.Join(' ', await ErrorsAsync(response)));
        Assert.Empty(await host.Queue.TasksAsync(new TaskFilter(), default));
    }

    [Fact]
    public async Task Submit_TooLarge_IsRefused()
    {
        await using var host = await QueueHost.StartAsync();

        var response = await host.Http.PostAsync("/api/v1/tasks", new ByteArrayContent(new byte[TaskEndpoints.MaxBodyBytes + 1]));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Equal("urn:controlplane:problem:too-large", Text(await ReadAsync(response), "type"));
    }

    [Fact]
    public async Task Submit_WithAnIdempotencyKey_MakesItOnce()
    {
        await using var host = await QueueHost.StartAsync();
        host.Http.DefaultRequestHeaders.Add("Idempotency-Key", "wave-1");

        var first = await host.SubmitAsync();
        var second = await host.SubmitAsync();
        var reused = await host.Http.PostAsJsonAsync("/api/v1/tasks", new { queue = "gpu", shell = "something else" });

        Assert.Equal(first, second);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, reused.StatusCode);
        Assert.Equal("urn:controlplane:problem:idempotency-key-reused", Text(await ReadAsync(reused), "type"));
    }

    [Fact]
    public async Task List_PagesWithoutGapsOrDoubles_AndFilters()
    {
        await using var host = await QueueHost.StartAsync();
        var ids = new List<string>();
        for (var i = 0; i < 5; i++) ids.Add(await host.SubmitAsync());
        await host.Queue.CancelAsync(ids[0], "no", default);

        var (seen, next) = (new List<string>(), "");
        while (next is not null)
        {
            var page = await ReadAsync(await host.Http.GetAsync($"/api/v1/tasks?limit=2{(next.Length == 0 ? "" : $"&after={next}")}"));
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(task => Text(task, "id")!));
            next = Text(page, "next");
        }

        Assert.Equal(Enumerable.Reverse(ids), seen);
        var cancelled = await ReadAsync(await host.Http.GetAsync("/api/v1/tasks?state=cancelled,failed&queue=gpu"));
        Assert.Equal([ids[0]], cancelled.GetProperty("items").EnumerateArray().Select(task => Text(task, "id")));
        Assert.Equal(0, (await ReadAsync(await host.Http.GetAsync("/api/v1/tasks?queue=other"))).GetProperty("items").GetArrayLength());
        Assert.Equal(["after", "limit", "state"], await ErrorsAsync(await host.Http.GetAsync("/api/v1/tasks?limit=0&after=x&state=asleep")));
    }

    [Fact]
    public async Task Cancel_IsIdempotent_AndRefusedForWhatEnded()
    {
        await using var host = await QueueHost.StartAsync();
        var id = await host.SubmitAsync();
        var done = await host.SubmitAsync();
        await host.Queue.StartedAsync(done, TaskSpeaker.Unknown, default);
        await host.Queue.EndAsync(done, TaskSpeaker.Unknown, QueueTaskState.Succeeded, 0, null, null, default);

        for (var i = 0; i < 2; i++) Assert.Equal("cancelled", Text(await ReadAsync(await host.Http.PostAsync($"/api/v1/tasks/{id}/cancel", null)), "state"));
        var conflict = await host.Http.PostAsync($"/api/v1/tasks/{done}/cancel", null);

        Assert.Equal((HttpStatusCode.Conflict, "urn:controlplane:problem:task-ended"), (conflict.StatusCode, Text(await ReadAsync(conflict), "type")));
        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.PostAsync("/api/v1/tasks/nothing/cancel", null)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/api/v1/tasks/nothing")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/api/v1/tasks/nothing/logs")).StatusCode);
    }

    [Fact]
    public async Task Logs_ShowAttemptsAndTheTail()
    {
        await using var host = await QueueHost.StartAsync();
        var id = await host.SubmitAsync();
        var queueId = await host.QueueIdAsync();
        foreach (var worker in new[] { "w1", "w2" })
        {
            await host.Queue.ClaimAsync(queueId, worker, null, default);
            await host.Queue.AppendLogAsync([new LogPiece(id, $"a {worker}\nb {worker}")], default);
            await host.Queue.UnregisterAsync(worker, default);
        }

        Assert.Equal("a w1\nb w1\n--- attempt 2 ---\na w2\nb w2\n", await host.Http.GetStringAsync($"/api/v1/tasks/{id}/logs"));
        Assert.Equal("b w2\n", await host.Http.GetStringAsync($"/api/v1/tasks/{id}/logs?tail=1"));
        Assert.Equal("b w1\n--- attempt 2 ---\na w2\nb w2\n", await host.Http.GetStringAsync($"/api/v1/tasks/{id}/logs?tail=3"));
        Assert.Equal(["follow", "tail"], await ErrorsAsync(await host.Http.GetAsync($"/api/v1/tasks/{id}/logs?tail=0&follow=perhaps")));
    }

    [Fact]
    public async Task Logs_Followed_ArriveWhileItRunsAndEndWithIt()
    {
        await using var host = await QueueHost.StartAsync();
        var id = await host.SubmitAsync();
        await host.Queue.ClaimAsync(await host.QueueIdAsync(), "w", null, default);
        await host.Queue.AppendLogAsync([new LogPiece(id, "first")], default);
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var reader = new StreamReader(await host.Http.GetStreamAsync($"/api/v1/tasks/{id}/logs?follow=true", timeout.Token));

        Assert.Equal("first", await reader.ReadLineAsync(timeout.Token));
        await host.Queue.AppendLogAsync([new LogPiece(id, "second")], default);
        Assert.Equal("second", await reader.ReadLineAsync(timeout.Token));
        await host.Queue.AppendLogAsync([new LogPiece(id, "last")], default);
        await host.Queue.EndAsync(id, TaskSpeaker.Unknown, QueueTaskState.Failed, 1, "exit code 1", null, default);

        Assert.Equal("last", await reader.ReadLineAsync(timeout.Token));
        Assert.Null(await reader.ReadLineAsync(timeout.Token));
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response) => JsonDocument.Parse(await response.Content.ReadAsStreamAsync()).RootElement;

    private static async Task<List<string>> ErrorsAsync(HttpResponseMessage response) =>
        [.. (await ReadAsync(response)).GetProperty("errors").EnumerateObject().Select(error => error.Name).Order(StringComparer.Ordinal)];

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
