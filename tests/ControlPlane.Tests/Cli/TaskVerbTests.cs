using System.Text.Json.Nodes;
using ControlPlane.Cli;

namespace ControlPlane.Host.Tests.Cli;

public sealed class TaskVerbTests
{
    [Fact]
    public async Task Submit_SendsWhatWasAskedFor()
    {
        using var server = new ScriptedServer().Answer("POST /api/v1/tasks", """{"id":"t1","state":"queued"}""", 201);

        var result = await server.RunAsync(
            "tasks", "submit", "--queue", "q", "--name", "n", "--env", "A=b=c", "--priority", "-5", "--max-attempts", "2", "--", "python", "train.py", "--epochs", "3");

        Assert.Equal((0, "t1\n"), (result.Exit, result.Output));
        var expected = JsonNode.Parse("""{"queue":"q","name":"n","priority":-5,"maxAttempts":2,"environment":{"A":"b=c"},"command":["python","train.py","--epochs","3"]}""");
        Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(server.Seen.Single().Body)), server.Seen.Single().Body);
        Assert.NotEqual("", server.Seen.Single().Headers["Idempotency-Key"]);
    }

    [Theory]
    [InlineData("succeeded", 0, 0)]
    [InlineData("failed", 1, 1)]
    [InlineData("cancelled", 0, 1)]
    public async Task Submit_WithWait_ExitsAsTheTaskEnded(string state, int taskExit, int exit)
    {
        using var server = new ScriptedServer()
            .Answer("POST /api/v1/tasks", """{"id":"t1","state":"queued"}""", 201)
            .Answer("GET /api/v1/tasks/t1", """{"id":"t1","state":"running"}""")
            .Answer("GET /api/v1/tasks/t1", $$"""{"id":"t1","state":"{{state}}","exitCode":{{taskExit}},"attempt":2,"reason":"because"}""");

        var result = await server.RunAsync("tasks", "submit", "--queue", "q", "--wait", "--", "true");

        Assert.Equal((exit, "t1\n"), (result.Exit, result.Output));
        Assert.StartsWith($"Task t1 {state} with exit code {taskExit} in attempt 2", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_WithFollow_PassesTheLogOn()
    {
        using var server = new ScriptedServer()
            .Answer("POST /api/v1/tasks", """{"id":"t1","state":"queued"}""", 201)
            .Answer("GET /api/v1/tasks/t1/logs?follow=true", "line 1\nline 2\n", type: "text/plain")
            .Answer("GET /api/v1/tasks/t1", """{"id":"t1","state":"succeeded","exitCode":0}""");

        var result = await server.RunAsync("tasks", "submit", "--queue", "q", "--follow", "--", "true");

        Assert.Equal((0, "t1\nline 1\nline 2\n"), (result.Exit, result.Output));
    }

    [Fact]
    public async Task Submit_OfAFile_SendsItsLinesWithTheDefaults()
    {
        using var server = new ScriptedServer().Answer("POST /api/v1/tasks", """{"items":[{"id":"t1"},{"id":"t2"}]}""", 201);

        var result = await CommandResult.OfAsync(
            server, ["tasks", "submit", "--file", "-", "--queue", "q"], input: "{\"command\":[\"a\"]}\n\n{\"command\":[\"b\"],\"queue\":\"other\"}\n");

        Assert.Equal((0, "t1\nt2\n"), (result.Exit, result.Output));
        Assert.Equal(["q", "other"], JsonNode.Parse(server.Seen.Single().Body)!["tasks"]!.AsArray().Select(t => (string)t!["queue"]!));
    }

    [Fact]
    public async Task Submit_OfAFaultyFile_NamesItsLinesAndSubmitsNothing()
    {
        using var server = new ScriptedServer();

        var result = await CommandResult.OfAsync(server, ["tasks", "submit", "--file", "-"], input: "{}\nnonsense\n[1]\n");

        Assert.Equal(ExitCode.Refused, result.Exit);
        Assert.Contains("-:2: ", result.Error, StringComparison.Ordinal);
        Assert.Contains("-:3: ", result.Error, StringComparison.Ordinal);
        Assert.Empty(server.Seen);
    }

    [Fact]
    public void Batches_StayBelowTheRequestsLimits()
    {
        var small = Enumerable.Range(0, 1_001).Select(n => new JsonObject { ["name"] = $"{n}" }).ToList();
        var large = Enumerable.Range(0, 5).Select(_ => new JsonObject { ["name"] = new string('x', 400_000) }).ToList();

        Assert.Equal([500, 500, 1], TaskClient.Batches(small).Select(b => b.Count));
        Assert.Equal([2, 2, 1], TaskClient.Batches(large).Select(b => b.Count));
    }

    [Fact]
    public async Task Submit_ToAServerThatIsAwayForAMoment_IsRepeatedWithTheSameKey()
    {
        using var server = new ScriptedServer()
            .Answer("POST /api/v1/tasks", """{"title":"Unavailable"}""", 503)
            .Answer("POST /api/v1/tasks", """{"id":"t1"}""", 201);

        Assert.Equal(0, (await server.RunAsync("tasks", "submit", "--queue", "q", "--", "true")).Exit);
        Assert.Equal(2, server.Seen.Count);
        Assert.Single(server.Seen.Select(r => r.Headers["Idempotency-Key"]).Distinct());
    }

    [Fact]
    public async Task List_FiltersByQueueAndState()
    {
        using var server = new ScriptedServer().Answer(
            "GET /api/v1/tasks?state=queued%2Crunning&queue=q&limit=101", """{"items":[{"id":"t1","queue":"q","state":"queued","attempt":0,"name":"train"}]}""");

        Assert.Matches(@"^t1 +q +queued +0 +- +- +train$", (await server.RunAsync("tasks", "list", "--queue", "q", "--state", "queued,running")).Lines[1]);
    }

    [Fact]
    public async Task Show_Cancel_Logs_AskForOneTask()
    {
        using var server = new ScriptedServer()
            .Answer("GET /api/v1/tasks/t1", """{"id":"t1","state":"running"}""")
            .Answer("POST /api/v1/tasks/t1/cancel", """{"id":"t1","state":"cancelled"}""")
            .Answer("GET /api/v1/tasks/t1/logs", "out\n", type: "text/plain");

        Assert.Equal(["id: t1", "state: running"], (await server.RunAsync("tasks", "show", "t1")).Lines);
        Assert.Equal(["Task t1 is cancelled."], (await server.RunAsync("tasks", "cancel", "t1")).Lines);
        Assert.Equal("out\n", (await server.RunAsync("tasks", "logs", "t1")).Output);
    }
}
