using System.Text.RegularExpressions;
using ControlPlane.Cli;
using ControlPlane.Security;
using Microsoft.Data.Sqlite;

namespace ControlPlane.Host.Tests.Cli;

public sealed class TokenVerbTests : IDisposable
{
    private readonly string _data = Path.Combine(Directory.CreateTempSubdirectory("controlplane-tokens-").FullName, "data");

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(Path.GetDirectoryName(_data)!, true);
    }

    [Fact]
    public async Task Offline_ATokenIsMade_Listed_AndRevoked()
    {
        using var server = new ScriptedServer();

        var made = await server.RunAsync("tokens", "create", "anna", "--role", "admin", "--expires", "90d", "--data", _data);
        Assert.Equal((0, 1), (made.Exit, made.Lines.Count));
        Assert.True(ApiToken.TryParse(made.Lines[0], out var token), made.Output + made.Error);
        Assert.Contains(token.Id, made.Error, StringComparison.Ordinal);

        var listed = await server.RunAsync("tokens", "list", "--data", _data);
        Assert.Matches($"^{token.Id} +anna +admin +good ", listed.Lines[1]);
        Assert.DoesNotContain(token.Text, listed.Output, StringComparison.Ordinal);

        Assert.Equal(0, (await server.RunAsync("tokens", "revoke", token.Id, "--data", _data)).Exit);
        Assert.Matches($"^{token.Id} +anna +admin +revoked ", (await server.RunAsync("tokens", "list", "--data", _data)).Lines[1]);
        Assert.Empty(server.Seen);
    }

    [Fact]
    public async Task AtAServer_TheApiIsAsked()
    {
        using var server = new ScriptedServer()
            .Answer("POST /api/v1/tokens", """{"token":{"id":"0123456789abcdef"},"secret":"cp_secret"}""", 201)
            .Answer("GET /api/v1/tokens", """{"items":[{"id":"0123456789abcdef","name":"anna","role":"viewer","state":"good"}],"next":null}""")
            .Answer("POST /api/v1/tokens/0123456789abcdef/revoke", """{"name":"anna"}""");

        Assert.Equal(["cp_secret"], (await server.RunAsync("tokens", "create", "anna", "--role", "viewer", "--server", "http://127.0.0.1:9")).Lines);
        Assert.Matches("^0123456789abcdef +anna +viewer +good", (await server.RunAsync("tokens", "list", "--server", "http://127.0.0.1:9")).Lines[1]);
        Assert.Equal(["The token of anna is revoked."], (await server.RunAsync("tokens", "revoke", "0123456789abcdef", "--server", "http://127.0.0.1:9")).Lines);
    }

    [Theory]
    [InlineData("tokens", "create", "anna")]
    [InlineData("tokens", "create", "anna", "--role", "root")]
    [InlineData("tokens", "create", "anna", "--role", "viewer", "--expires", "soon")]
    public async Task FaultyCommands_AreRefused(params string[] arguments)
    {
        using var server = new ScriptedServer();
        Assert.Equal(ExitCode.Usage, (await server.RunAsync(arguments)).Exit);
    }

    [Fact]
    public async Task ATokenThatIsNotThere_IsNamed()
    {
        using var server = new ScriptedServer();
        var result = await server.RunAsync("tokens", "revoke", "nobody", "--data", _data);
        Assert.Equal(ExitCode.Refused, result.Exit);
        Assert.Contains("'nobody'", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheToken_ComesFromAFile()
    {
        Directory.CreateDirectory(_data);
        var file = Path.Combine(_data, "token");
        await File.WriteAllTextAsync(file, "cp_from_a_file\n");
        using var server = new ScriptedServer().Answer("GET /api/v1/cluster", "{}");

        await server.RunAsync("get", "cluster", "--token-file", file);
        Assert.Equal("Bearer cp_from_a_file", server.Seen.Single().Headers["Authorization"]);
        var missing = await server.RunAsync("get", "cluster", "--token-file", file + ".no");
        Assert.Equal(ExitCode.Refused, missing.Exit);
        Assert.Matches(new Regex("token's file .*cannot be read"), missing.Error);
    }

    [Theory]
    [InlineData("live", 200, 0)]
    [InlineData("unready", 503, 3)]
    public async Task Health_IsToldByTheExitCode(string status, int answered, int exit)
    {
        using var server = new ScriptedServer().Answer("GET /health/ready", $$"""{"status":"{{status}}","reasons":[]}""", answered);
        var result = await server.RunAsync("health", "--ready");
        Assert.Equal(exit, result.Exit);
    }
}
