using System.Text.Json.Nodes;
using ControlPlane.Cli;

namespace ControlPlane.Host.Tests.Cli;

public sealed class ConfigurationVerbTests : IDisposable
{
    private const string Good = """
        version: 1
        sources: [{ name: embedded, kind: embedded }]
        providers: [{ name: local, kind: local }]
        budgets: [{ name: lab, limit: 5 }]
        pools: [{ name: small, provider: local, maxInstances: 2, price: 0.36 }]
        queues: [{ name: default, source: embedded, budget: lab, pools: [small] }]
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("controlplane-cli-");

    public void Dispose() => _folder.Delete(true);

    [Fact]
    public async Task Validate_OfAGoodDocument_SaysWhatItDeclares()
    {
        using var server = new ScriptedServer();

        var result = await server.RunAsync("validate", "-f", Write(Good));

        Assert.Equal(0, result.Exit);
        Assert.EndsWith("is valid: 1 queue, 1 pool, 1 budget.\n", result.Output, StringComparison.Ordinal);
        Assert.Empty(server.Seen);
    }

    [Fact]
    public async Task Validate_OfAFaultyDocument_NamesEveryFaultWithItsPlace()
    {
        using var server = new ScriptedServer();
        var file = Write(Good.Replace("limit: 5", "limit: -5", StringComparison.Ordinal).Replace("maxInstances: 2", "maxInstance: 2", StringComparison.Ordinal));

        var result = await server.RunAsync("validate", "-f", file);

        Assert.Equal(ExitCode.Refused, result.Exit);
        Assert.Matches($@"(?m)^{System.Text.RegularExpressions.Regex.Escape(file)}:4:\d+ budgets\[0\]\.limit: ", result.Error);
        Assert.Matches($@"(?m)^{System.Text.RegularExpressions.Regex.Escape(file)}:5:\d+ pools\[0\]\.maxInstance: ", result.Error);
    }

    [Fact]
    public async Task Validate_OfStandardInput_ReadsIt() =>
        Assert.Equal(0, (await CommandResult.OfAsync(new ScriptedServer(), ["validate", "-f", "-"], input: Good)).Exit);

    [Fact]
    public async Task Validate_OfNoFile_SaysSo()
    {
        var result = await CommandResult.OfAsync(new ScriptedServer(), ["validate", "-f", Path.Combine(_folder.FullName, "none.yaml")]);

        Assert.Equal(ExitCode.Refused, result.Exit);
        Assert.Contains("none.yaml cannot be read", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_PutsTheDocumentAndPrintsTheChanges()
    {
        using var server = new ScriptedServer().Answer("PUT /api/v1/configuration", """{"revision":4,"changes":[{"kind":"added","sentence":"queue default is added."}]}""");

        var result = await server.RunAsync("apply", "-f", Write(Good), "--expect-revision", "3");

        Assert.Equal(["queue default is added.", "1 change made. Revision 4 is in force."], result.Lines);
        var request = server.Seen.Single();
        Assert.Equal(Good, request.Body);
        Assert.Equal("\"3\"", request.Headers["If-Match"]);
        Assert.StartsWith("application/yaml", request.Headers["Content-Type"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_DryRun_AsksForOneAndSaysThatNothingWasDone()
    {
        using var server = new ScriptedServer().Answer("PUT /api/v1/configuration?dryRun=true", """{"revision":3,"changes":[{"sentence":"queue default is added."}]}""");

        var result = await server.RunAsync("apply", "-f", Write(Good), "--dry-run");

        Assert.Contains("dry run", result.Output, StringComparison.Ordinal);
        Assert.False(server.Seen.Single().Headers.ContainsKey("If-Match"));
    }

    [Fact]
    public async Task Apply_OfWhatIsInForce_ChangesNothing()
    {
        using var server = new ScriptedServer().Answer("PUT /api/v1/configuration", """{"revision":3,"changes":[]}""");

        Assert.Equal(["Nothing changes. Revision 3 is in force."], (await server.RunAsync("apply", "-f", Write(Good))).Lines);
    }

    [Fact]
    public async Task Apply_OfAFaultyDocument_AsksNobody()
    {
        using var server = new ScriptedServer();

        Assert.Equal(ExitCode.Refused, (await server.RunAsync("apply", "-f", Write("version: 2"))).Exit);
        Assert.Empty(server.Seen);
    }

    [Fact]
    public async Task Apply_AgainstAnotherRevision_IsRefused()
    {
        using var server = new ScriptedServer().Answer("PUT /api/v1/configuration", """{"title":"Another revision is in force","detail":"Revision 5 is."}""", 412);

        var result = await server.RunAsync("apply", "-f", Write(Good), "--expect-revision", "3");

        Assert.Equal((ExitCode.Refused, "Another revision is in force\nRevision 5 is.\n"), (result.Exit, result.Error));
    }

    [Fact]
    public async Task Schema_IsJson() => Assert.NotNull(JsonNode.Parse((await new ScriptedServer().RunAsync("schema")).Output)!["properties"]);

    private string Write(string text)
    {
        var file = Path.Combine(_folder.FullName, "controlplane.yaml");
        File.WriteAllText(file, text);
        return file;
    }
}
