using ControlPlane.Cli;

namespace ControlPlane.Host.Tests.Cli;

public sealed class ParsingTests
{
    private static readonly ScriptedServer _silent = new();

    [Theory]
    [InlineData("run --data d --listen http://127.0.0.1:1 -c c.yaml --log-file l --set A:B=c --set D=e")]
    [InlineData("demo --speed 2 --seed 7 --plain --keep --record a.svg")]
    [InlineData("apply -f a.yaml --dry-run --expect-revision 3")]
    [InlineData("validate -f a.yaml")]
    [InlineData("schema")]
    [InlineData("get sources")]
    [InlineData("get providers local -o json")]
    [InlineData("get pools -o wide")]
    [InlineData("get queues default -o yaml --watch")]
    [InlineData("get instances --queue default --limit 5")]
    [InlineData("get budgets")]
    [InlineData("get entries lab")]
    [InlineData("get decisions --queue default")]
    [InlineData("get tasks")]
    [InlineData("get configuration")]
    [InlineData("get cluster")]
    [InlineData("explain queue default")]
    [InlineData("drain queue default")]
    [InlineData("drain instance 01J")]
    [InlineData("terminate instance 01J")]
    [InlineData("reset pool gpu")]
    [InlineData("tasks submit --queue q --name n --env A=b -e C=d=e --priority -5 --max-attempts 2 --wait --follow -- sh -c true")]
    [InlineData("tasks submit --file tasks.jsonl --wait")]
    [InlineData("tasks list --queue q --state queued,running")]
    [InlineData("tasks show id")]
    [InlineData("tasks cancel id")]
    [InlineData("tasks logs id --follow")]
    [InlineData("version")]
    [InlineData("get queues --server http://localhost:1 --token t --timeout 5s")]
    [InlineData("tasks submit --help")]
    public void CommandLine_OfEveryVerb_IsRead(string line) => Assert.Empty(Parse(line));

    [Theory]
    [InlineData("nonsense")]
    [InlineData("get")]
    [InlineData("get nonsense")]
    [InlineData("get entries")]
    [InlineData("get cluster one")]
    [InlineData("get decisions one")]
    [InlineData("get budgets --queue q")]
    [InlineData("get queues --limit 0")]
    [InlineData("get queues -o csv")]
    [InlineData("get queues --server nonsense")]
    [InlineData("get queues --server ftp://localhost")]
    [InlineData("get queues --timeout 5")]
    [InlineData("apply")]
    [InlineData("apply -f a.yaml --expect-revision many")]
    [InlineData("tasks")]
    [InlineData("tasks submit --queue q")]
    [InlineData("tasks submit -- true")]
    [InlineData("tasks submit --queue q --file f -- true")]
    [InlineData("tasks submit --file f --follow")]
    [InlineData("tasks submit --queue q --env A -- true")]
    [InlineData("demo --speed 100")]
    [InlineData("run --set novalue")]
    [InlineData("run --listen nonsense")]
    [InlineData("drain pool gpu")]
    public async Task CommandLine_ThatIsWrong_SaysSoAndExitsWithTwo(string line)
    {
        var result = await _silent.RunAsync(line.Split(' '));

        Assert.Equal(ExitCode.Usage, result.Exit);
        Assert.Contains("--help'", result.Error, StringComparison.Ordinal);
        Assert.Equal("", result.Output);
    }

    [Theory]
    [InlineData("")]
    [InlineData("run")]
    public async Task Run_IsTheDefaultVerb(string verb)
    {
        RunArguments? seen = null;
        string[] options = ["--data", "folder", "--listen", "http://127.0.0.1:9", "--config", "c.yaml", "--set", "Node:Cluster=x"];

        var result = await CommandResult.OfAsync(_silent, verb.Length == 0 ? options : [verb, .. options], parts => parts with
        {
            Run = (arguments, _) =>
            {
                seen = arguments;
                return Task.FromResult(42);
            },
        });

        Assert.Equal(42, result.Exit);
        Assert.Equal(("folder", "http://127.0.0.1:9", "c.yaml"), (seen!.DataFolder, seen.Listen, seen.ConfigurationFile));
        Assert.Equal(["Node:Cluster=x"], seen.Settings);
    }

    [Fact]
    public async Task Run_WithoutOptions_TakesTheDefaults()
    {
        RunArguments? seen = null;

        await CommandResult.OfAsync(_silent, [], parts => parts with { Run = (arguments, _) => Task.FromResult((seen = arguments) is null ? 1 : 0) });

        Assert.Equal((null, null, null), (seen!.DataFolder, seen.Listen, seen.ConfigurationFile));
        Assert.Empty(seen.ToHostArguments());
    }

    [Fact]
    public void RunArguments_BecomeSettingsOfTheHost_OptionsLast()
    {
        var arguments = new RunArguments { DataFolder = "d", Listen = "http://127.0.0.1:1", ConfigurationFile = "c.yaml", Settings = ["Node:Cluster=x", "A:B=c=d"] };

        Assert.Equal(["--Node:Cluster=x", "--A:B=c=d", "--Node:DataFolder=d", "--Node:Url=http://127.0.0.1:1", "--Node:ConfigurationFile=c.yaml"], arguments.ToHostArguments());
    }

    [Fact]
    public async Task Run_ThatIsCancelled_ExitsAsInterrupted()
    {
        using var cancel = new CancellationTokenSource();
        using var output = new StringWriter();
        var parts = CommandResult.Parts(_silent, new Terminal(output, output, TextReader.Null, false, _ => null)) with
        {
            Run = async (_, token) =>
            {
                await cancel.CancelAsync();
                token.ThrowIfCancellationRequested();
                return 0;
            },
        };

        Assert.Equal(ExitCode.Interrupted, await CommandLine.InvokeAsync([], parts, cancel.Token));
    }

    [Theory]
    [InlineData("worker")]
    [InlineData("simulate")]
    [InlineData("emulate")]
    public async Task PassingVerbs_PassWhatFollows(string verb)
    {
        IReadOnlyList<string> seen = [];
        Func<IReadOnlyList<string>, CancellationToken, Task<int>> take = (arguments, _) =>
        {
            seen = arguments;
            return Task.FromResult(7);
        };

        var result = await CommandResult.OfAsync(_silent, [verb, "--queue", "q", "--slots=2"], parts => parts with { Worker = take, Simulate = take, Emulate = take });

        Assert.Equal(7, result.Exit);
        Assert.Equal(["--queue", "q", "--slots=2"], seen);
    }

    [Fact]
    public async Task Simulate_WithoutItsPart_IsNoVerb() => Assert.Equal(ExitCode.Usage, (await _silent.RunAsync("simulate")).Exit);

    [Fact]
    public async Task Help_ListsTheVerbs()
    {
        var result = await _silent.RunAsync("--help");

        Assert.Equal(0, result.Exit);
        foreach (var verb in new[] { "run", "apply", "validate", "get", "explain", "drain", "terminate", "reset", "tasks", "schema", "worker", "version", "demo" })
            Assert.Matches($@"(?m)^\s+{verb}\b", result.Output);
    }

    [Fact]
    public async Task Help_DoesNotShowTheToken()
    {
        using var output = new StringWriter();
        var terminal = new Terminal(output, output, TextReader.Null, false, name => name == "CONTROLPLANE_TOKEN" ? "geheim" : null);

        Assert.Equal(0, await CommandLine.InvokeAsync(["get", "--help"], CommandResult.Parts(_silent, terminal)));
        Assert.DoesNotContain("geheim", output.ToString(), StringComparison.Ordinal);
        Assert.Matches(@"(?m)^  \S+ get <WHAT>", output.ToString());
    }

    [Fact]
    public async Task Version_IsPrinted() => Assert.Matches(@"^\d+\.\d+\.\d+", (await _silent.RunAsync("version")).Output);

    [Fact]
    public async Task Server_OfTheEnvironment_IsAsked()
    {
        using var server = new ScriptedServer().Answer("GET /api/v1/cluster", "{}");
        using var output = new StringWriter();
        var variables = new Dictionary<string, string> { ["CONTROLPLANE_SERVER"] = "http://example.test:81", ["CONTROLPLANE_TOKEN"] = "secret" };
        var terminal = new Terminal(output, output, TextReader.Null, false, variables.GetValueOrDefault);

        var exit = await CommandLine.InvokeAsync(["get", "cluster"], CommandResult.Parts(server, terminal));

        Assert.Equal(0, exit);
        Assert.Equal("Bearer secret", server.Seen.Single().Headers["Authorization"]);
        Assert.Equal("example.test:81", server.Seen.Single().Headers.GetValueOrDefault("Host") ?? "example.test:81");
    }

    [Fact]
    public async Task Server_OfTheEnvironmentThatIsFaulty_IsAUsageError()
    {
        using var output = new StringWriter();
        var terminal = new Terminal(output, output, TextReader.Null, false, name => name == "CONTROLPLANE_SERVER" ? "nonsense" : null);

        Assert.Equal(ExitCode.Usage, await CommandLine.InvokeAsync(["get", "cluster"], CommandResult.Parts(_silent, terminal)));
        Assert.Contains("CONTROLPLANE_SERVER", output.ToString(), StringComparison.Ordinal);
    }

    private static IReadOnlyList<string> Parse(string line)
    {
        var terminal = new Terminal(TextWriter.Null, TextWriter.Null, TextReader.Null, false, _ => null);
        return [.. CommandLine.Build(CommandResult.Parts(_silent, terminal)).Parse(line.Split(' ')).Errors.Select(e => e.Message)];
    }
}
