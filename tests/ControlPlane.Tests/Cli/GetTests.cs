using ControlPlane.Cli;

namespace ControlPlane.Host.Tests.Cli;

public sealed class GetTests
{
    private const string Queues = """
        {"items":[
          {"name":"default","budget":"lab","instances":{"busy":1,"idle":2},"maxInstances":4,"lastDecision":"3 tasks wait. Launching 1 in pool cpu."},
          {"name":"training","budget":"lab","instances":{},"maxInstances":1,"lastDecision":null}],
         "next":null}
        """;

    [Fact]
    public async Task Table_HasAHeaderAndALineForEachItem()
    {
        using var server = new ScriptedServer().Answer("GET /api/v1/queues", Queues);

        var result = await server.RunAsync("get", "queues");

        Assert.Equal(0, result.Exit);
        Assert.Equal(3, result.Lines.Count);
        Assert.Matches(@"^NAME +BUDGET +INSTANCES +MAX +PHASES +DECIDED +LAST DECISION$", result.Lines[0]);
        Assert.Matches(@"^default +lab +3 +4 +1 busy, 2 idle +- +3 tasks wait\. Launching 1 in pool cpu\.$", result.Lines[1]);
        Assert.Matches(@"^training +lab +0 +1 +- +- +-$", result.Lines[2]);
        Assert.DoesNotContain('\e', result.Output);
    }

    [Fact]
    public async Task Wide_HasMoreColumns()
    {
        using var server = new ScriptedServer().Answer("GET /api/v1/queues", Queues);

        var result = await server.RunAsync("get", "queues", "-o", "wide");

        Assert.Contains("PAUSED", result.Lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_IsTheItemsAsTheyCame()
    {
        using var server = new ScriptedServer().Answer("GET /api/v1/queues", Queues);

        var items = System.Text.Json.Nodes.JsonNode.Parse((await server.RunAsync("get", "queues", "-o", "json")).Output)!.AsArray();

        Assert.Equal(["default", "training"], items.Select(i => (string)i!["name"]!));
    }

    [Fact]
    public async Task OneObject_IsPrintedAsYaml_AndQuotesWhatLooksLikeSomethingElse()
    {
        using var server = new ScriptedServer().Answer("GET /api/v1/queues/a%2Fb", """{"name":"123","paused":false,"pools":["x"],"text":"yes"}""");

        var result = await server.RunAsync("get", "queues", "a/b");

        Assert.Equal(["name: \"123\"", "paused: false", "pools:", "- x", "text: \"yes\""], result.Lines.Select(l => l.Replace('\'', '"')));
    }

    [Fact]
    public async Task Lists_AreReadPageByPage_UpToTheLimit()
    {
        using var server = new ScriptedServer()
            .Answer("GET /api/v1/instances?queue=q&limit=4", """{"items":[{"id":"1"},{"id":"2"}],"next":"a b"}""")
            .Answer("GET /api/v1/instances?queue=q&limit=2&after=a%20b", """{"items":[{"id":"3"},{"id":"4"}],"next":"c"}""");

        var result = await server.RunAsync("get", "instances", "--queue", "q", "--limit", "3");

        Assert.Equal(4, result.Lines.Count);
        Assert.Contains("--limit", result.Error, StringComparison.Ordinal);
        Assert.Equal(2, server.Seen.Count);
    }

    [Fact]
    public async Task Nothing_IsSaidBesideTheResults()
    {
        using var server = new ScriptedServer().Answer("GET /api/v1/instances", """{"items":[],"next":null}""");

        var result = await server.RunAsync("get", "instances");

        Assert.Equal((0, "", "There are no instances.\n"), (result.Exit, result.Output, result.Error));
    }

    [Fact]
    public async Task Money_IsShownInDollars()
    {
        using var server = new ScriptedServer().Answer(
            "GET /api/v1/budgets", """{"items":[{"name":"lab","window":"day","limitMicros":2000000,"instances":2,"waiting":1,"current":{"spentMicros":1250000,"heldMicros":333400,"windowEnd":"2026-01-02T00:00:00Z"}}]}""");

        Assert.Matches(@"^lab +\$1\.25 +\$0\.3334 +\$2\.00 +day +2 +1 +2026-01-02 00:00:00$", (await server.RunAsync("get", "budgets")).Lines[1]);
    }

    [Fact]
    public async Task ControlCharacters_OfOthers_DoNotReachTheTerminal()
    {
        using var server = new ScriptedServer().Answer("GET /api/v1/tasks", """{"items":[{"id":"1","name":"a\u001b[2Jb\nc\u202ed"}]}""");

        var result = await server.RunAsync("get", "tasks");

        Assert.DoesNotContain('\e', result.Output);
        Assert.EndsWith("a [2Jb c d", result.Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configuration_IsPrintedAsTheDocumentThatItIs()
    {
        using var server = new ScriptedServer().Answer("GET /api/v1/configuration", "version: 1\nqueues: []\n", type: "application/yaml");

        var result = await server.RunAsync("get", "configuration");

        Assert.Equal("version: 1\nqueues: []\n", result.Output);
        Assert.StartsWith("application/yaml", server.Seen.Single().Headers["Accept"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cluster_IsPrintedAsADocument()
    {
        using var server = new ScriptedServer().Answer("GET /api/v1/cluster", """{"nodes":[{"address":"a","status":"up"}]}""");

        Assert.Equal(["nodes:", "- address: a", "  status: up"], (await server.RunAsync("get", "cluster")).Lines);
    }

    [Fact]
    public async Task Watch_PrintsAgainWhenSomethingChanged()
    {
        using var cancel = new CancellationTokenSource();
        using var server = new ScriptedServer()
            .Answer("GET /api/v1/events", "event: changed\ndata: {}\n\nevent: changed\ndata: {}\n\n", type: "text/event-stream")
            .Answer("GET /api/v1/sources", """{"items":[{"name":"first"}]}""")
            .Answer("GET /api/v1/sources", """{"items":[{"name":"second"}]}""")
            .Fail("GET /api/v1/sources", () => new HttpRequestException(HttpRequestError.InvalidResponse, "the end"));

        var result = await server.RunAsync("get", "sources", "--watch", "--timeout", "5s");

        Assert.Contains("first", result.Output, StringComparison.Ordinal);
        Assert.Contains("second", result.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Unreachable, result.Exit);
    }

    [Fact]
    public async Task Explain_PrintsTheSentences()
    {
        using var server = new ScriptedServer().Answer("GET /api/v1/queues/q/explain", """{"sentences":["Queue q has 1 instance.","Pool gpu is full."]}""");

        Assert.Equal(["Queue q has 1 instance.", "Pool gpu is full."], (await server.RunAsync("explain", "queue", "q")).Lines);
    }

    [Theory]
    [InlineData("drain queue q", "POST /api/v1/queues/q/drain")]
    [InlineData("drain instance i", "POST /api/v1/instances/i/drain")]
    [InlineData("terminate instance i", "POST /api/v1/instances/i/terminate")]
    [InlineData("reset pool p", "POST /api/v1/pools/p/reset")]
    public async Task Operators_AskTheServer(string line, string request)
    {
        using var server = new ScriptedServer().Answer(request, "", 202);

        var result = await server.RunAsync(line.Split(' '));

        Assert.Equal(0, result.Exit);
        Assert.Equal(request, server.Seen.Single().ToString());
        Assert.NotEqual("", result.Output);
    }
}
