using System.Net.Sockets;
using ControlPlane.Cli;

namespace ControlPlane.Host.Tests.Cli;

public sealed class ProblemTests
{
    private static HttpRequestException Refused => new(HttpRequestError.ConnectionError, "x", new SocketException((int)SocketError.ConnectionRefused));

    [Fact]
    public async Task Problem_IsPrintedWithItsFields()
    {
        using var server = new ScriptedServer().Answer(
            "POST /api/v1/pools/p/reset",
            """{"title":"Faulty request","status":400,"detail":"Two fields are wrong.","errors":{"queue":["There is none."],"name":["Too long.","Not printable."]}}""",
            400,
            "application/problem+json");

        var result = await server.RunAsync("reset", "pool", "p");

        Assert.Equal(ExitCode.Refused, result.Exit);
        Assert.Equal("Faulty request\nTwo fields are wrong.\n  queue: There is none.\n  name: Too long.\n  name: Not printable.\n", result.Error);
        Assert.Equal("", result.Output);
    }

    [Fact]
    public void Problem_WithPlacesInADocument_IsReadWithThem()
    {
        var problem = Problem.Read(422, """{"title":"Faulty","errors":{"queues[0].budget":["There is none."]},"faults":[{"path":"queues[0].budget","message":"There is no budget 'x'.","fix":"Declare it.","line":3,"column":5},"also this"]}""");

        Assert.Equal(["3:5 queues[0].budget: There is no budget 'x'. Declare it.", "also this"], problem.Errors.Select(e => e.ToString()));
    }

    [Theory]
    [InlineData("<html>gateway</html>")]
    [InlineData("")]
    [InlineData("[1]")]
    public void Problem_ThatIsNoDocument_IsItsStatus(string body) => Assert.Equal("The server answered 502 Bad Gateway", Problem.Read(502, body).Title);

    [Fact]
    public async Task Server_ThatRefusesTheConnection_IsTriedAgain()
    {
        using var server = new ScriptedServer().Fail("GET /api/v1/cluster", () => Refused).Answer("GET /api/v1/cluster", """{"nodes":[]}""");

        Assert.Equal(0, (await server.RunAsync("get", "cluster")).Exit);
        Assert.Equal(2, server.Seen.Count);
    }

    [Fact]
    public async Task Server_ThatIsAway_ExitsWithThree()
    {
        using var server = new ScriptedServer().Fail("GET /api/v1/cluster", () => Refused);

        var result = await server.RunAsync("get", "cluster");

        Assert.Equal(ExitCode.Unreachable, result.Exit);
        Assert.Contains("refused", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        Assert.Equal(4, server.Seen.Count);
    }

    [Fact]
    public async Task Server_ThatIsNotReady_IsTriedAgainAndThenSaysWhy()
    {
        using var server = new ScriptedServer().Answer("GET /api/v1/cluster", """{"title":"Unavailable","detail":"The journal fails."}""", 503);

        var result = await server.RunAsync("get", "cluster");

        Assert.Equal((ExitCode.Unreachable, 4), (result.Exit, server.Seen.Count));
        Assert.Contains("The journal fails.", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Act_ThatIsNotRepeatable_IsTriedOnce()
    {
        using var server = new ScriptedServer().Fail("POST /api/v1/queues/q/drain", () => Refused);

        Assert.Equal(ExitCode.Unreachable, (await server.RunAsync("drain", "queue", "q")).Exit);
        Assert.Single(server.Seen);
    }

    [Fact]
    public async Task Answer_ThatIsNoJson_SaysThatItIsAnotherServer()
    {
        using var server = new ScriptedServer().Answer("GET /api/v1/cluster", "hello", type: "text/plain");

        var result = await server.RunAsync("get", "cluster");

        Assert.Equal(ExitCode.Unreachable, result.Exit);
        Assert.Contains("no ControlPlane", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silence_EndsWithTheTimeout()
    {
        using var server = new SilentServer();

        var result = await CommandResult.OfAsync(server, ["get", "cluster", "--timeout", "100ms"]);

        Assert.Equal(ExitCode.Unreachable, result.Exit);
        Assert.Contains("--timeout", result.Error, StringComparison.Ordinal);
    }

    private sealed class SilentServer : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
            throw new InvalidOperationException("Never reached.");
        }
    }
}
