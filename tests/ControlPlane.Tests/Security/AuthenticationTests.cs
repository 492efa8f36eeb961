using System.Net;
using System.Text;
using System.Text.Json;
using ControlPlane.Audit;
using ControlPlane.Host.Tests.Hosting;
using ControlPlane.Security;
using Microsoft.Data.Sqlite;

namespace ControlPlane.Host.Tests.Security;

/// <summary>Who may ask what.</summary>
public sealed class AuthenticationTests
{
    private static readonly object Submission = new { queue = "gpu", command = new[] { "true" } };

    [Fact]
    public async Task OnTheLoopback_WithoutTokens_EverythingIsOpen()
    {
        await using var host = await GuardedHost.StartAsync();

        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync("/api/v1/tasks", null));
        Assert.Equal(HttpStatusCode.Created, (await host.SendAsync(HttpMethod.Post, "/api/v1/tokens", null, new { name = "anna", role = "admin" })).StatusCode);
    }

    [Fact]
    public async Task OnTheLoopback_OnceATokenWasMade_TokensAreNeeded_EvenAfterItsEnd()
    {
        await using var host = await GuardedHost.StartAsync();
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync("/api/v1/tasks", null));
        var token = await host.TokenAsync(Role.Viewer, TimeSpan.FromHours(1));

        host.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync("/api/v1/tasks", null));
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync("/api/v1/tasks", token));

        host.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync("/api/v1/tasks", token));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync("/api/v1/tasks", null));
    }

    [Fact]
    public async Task BeyondTheLoopback_NothingIsOpen_AndTheNodeDoesNotStartWithoutAuthentication()
    {
        await using var host = await GuardedHost.StartAsync("http://0.0.0.0:8470");

        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync("/api/v1/tasks", null));
        var reason = await host.Gate.WhyNotStartAsync("http://0.0.0.0:8470", default);
        Assert.Contains("http://0.0.0.0:8470", reason, StringComparison.Ordinal);
        Assert.Contains("controlplane tokens create", reason, StringComparison.Ordinal);

        await host.TokenAsync(Role.Worker);
        Assert.NotNull(await host.Gate.WhyNotStartAsync("http://0.0.0.0:8470", default));
        await host.TokenAsync(Role.Admin, TimeSpan.FromHours(1));
        Assert.Null(await host.Gate.WhyNotStartAsync("http://0.0.0.0:8470", default));
        host.Time.Advance(TimeSpan.FromHours(2));
        Assert.NotNull(await host.Gate.WhyNotStartAsync("http://0.0.0.0:8470", default));
    }

    [Theory]
    [InlineData(Role.Worker, 403, 403, 403, 200)]
    [InlineData(Role.Viewer, 200, 403, 403, 403)]
    [InlineData(Role.Operator, 200, 201, 403, 200)]
    [InlineData(Role.Admin, 200, 201, 200, 200)]
    public async Task EachRole_MayWhatItMay(Role role, int reads, int submits, int administers, int speaksAsAWorker)
    {
        await using var host = await GuardedHost.StartAsync(options: new SecurityOptions { RequireTokens = true });
        var token = await host.TokenAsync(role);

        Assert.Equal(reads, (int)await host.StatusAsync("/api/v1/tasks", token));
        Assert.Equal(submits, (int)(await host.SendAsync(HttpMethod.Post, "/api/v1/tasks", token, Submission)).StatusCode);
        Assert.Equal(administers, (int)await host.StatusAsync("/api/v1/tokens", token));
        Assert.Equal(administers, (int)await host.StatusAsync("/api/v1/audit", token));
        Assert.Equal(administers, (int)await host.StatusAsync("/forgotten", token));
        Assert.Equal(speaksAsAWorker, (int)(await host.SendAsync(HttpMethod.Post, "/workers.get_all", token, new { })).StatusCode);
    }

    [Fact]
    public async Task Refusals_AreProblems_AndSayWhatIsNeeded()
    {
        await using var host = await GuardedHost.StartAsync(options: new SecurityOptions { RequireTokens = true });
        var worker = await host.TokenAsync(Role.Viewer);

        var unknown = await host.SendAsync(HttpMethod.Get, "/api/v1/tokens", null);
        Assert.Equal("Bearer", unknown.Headers.WwwAuthenticate.Single().Scheme);
        await ApiFixture.ProblemAsync(HttpStatusCode.Unauthorized, "unauthorized", unknown);
        var problem = await ApiFixture.ProblemAsync(HttpStatusCode.Forbidden, "forbidden", await host.SendAsync(HttpMethod.Get, "/api/v1/tokens", worker));
        Assert.Contains("the role admin is needed", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cp_0123456789abcdef_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("cw_01JC8Z4V9GQ6T3M5N7P9R1S2T4_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("cw__")]
    [InlineData("cw_x_!")]
    [InlineData("a.b.c")]
    [InlineData("..")]
    [InlineData("garbage")]
    public async Task WhatIsNoToken_IsRefused(string token)
    {
        await using var host = await GuardedHost.StartAsync(options: new SecurityOptions { RequireTokens = true });

        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync("/api/v1/tasks", token));
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.SendAsync(HttpMethod.Get, "/api/v1/tasks", token, scheme: "Basic")).StatusCode);
    }

    [Fact]
    public async Task AKnownIdWithAnotherSecret_IsRefused()
    {
        await using var host = await GuardedHost.StartAsync(options: new SecurityOptions { RequireTokens = true });
        var token = await host.TokenAsync(Role.Admin);
        var forged = token[..^1] + (token[^1] == 'A' ? 'B' : 'A');

        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync("/api/v1/tasks", token));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync("/api/v1/tasks", forged));
    }

    [Fact]
    public async Task RevokedAtAnotherNode_IsRefusedWithinTwoSeconds()
    {
        await using var host = await GuardedHost.StartAsync(options: new SecurityOptions { RequireTokens = true });
        var token = await host.TokenAsync(Role.Viewer);
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync("/api/v1/tasks", token));
        using var database = new SecurityDatabase(Providers.Storage.DatabaseKind.Sqlite, host.Database);
        var other = new TokenStore(database, new AuditLog(database, Listening.Of("http://127.0.0.1:2"), host.Time), host.Time);

        Assert.True(ApiToken.TryParse(token, out var parsed));
        Assert.NotNull(await other.RevokeAsync(parsed.Id, new AuditCaller("anna", "admin", null), default));
        Assert.Null(await other.FindGoodAsync(parsed, default));
        host.Time.Advance(TokenStore.Belief);
        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync("/api/v1/tasks", token));
    }

    [Fact]
    public async Task TheDatabase_HoldsNoSecret()
    {
        await using var host = await GuardedHost.StartAsync(options: new SecurityOptions { RequireTokens = true });
        var admin = await host.TokenAsync(Role.Admin);
        var made = JsonDocument.Parse(await (await host.SendAsync(HttpMethod.Post, "/api/v1/tokens", admin, new { name = "anna", role = "viewer" })).Content.ReadAsStringAsync());
        var secret = made.RootElement.GetProperty("secret").GetString()!;
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync("/api/v1/tasks", secret));
        SqliteConnection.ClearAllPools();

        var contents = string.Concat(Directory.EnumerateFiles(Path.GetDirectoryName(host.DatabaseFile)!).Select(f => Encoding.Latin1.GetString(File.ReadAllBytes(f))));
        Assert.Contains(ApiToken.HashOf(secret), contents, StringComparison.Ordinal);
        Assert.DoesNotContain(secret[20..], contents, StringComparison.Ordinal);
        Assert.DoesNotContain(admin[20..], contents, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ClearMlClients_LogInWithKeyAndSecret_AndAreToldInAnEnvelopeWhenTheyMayNot()
    {
        await using var host = await GuardedHost.StartAsync(options: new SecurityOptions { RequireTokens = true });
        var token = await host.TokenAsync(Role.Worker);
        Assert.True(ApiToken.TryParse(token, out var parsed));
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{parsed.Id}:{token}"));

        var refused = await host.SendAsync(HttpMethod.Post, "/v2.30/queues.get_all", null, new { });
        var meta = (await QueueHost.EnvelopeAsync(refused)).GetProperty("meta");
        Assert.Equal((HttpStatusCode.Unauthorized, 401), (refused.StatusCode, meta.GetProperty("result_code").GetInt32()));

        var login = await QueueHost.EnvelopeAsync(await host.SendAsync(HttpMethod.Post, "/auth.login", basic, new { }, "Basic"));
        var session = login.GetProperty("data").GetProperty("token").GetString()!;
        Assert.Equal(3, session.Split('.').Length);
        Assert.Equal(HttpStatusCode.OK, (await host.SendAsync(HttpMethod.Post, "/v2.30/queues.get_all", session, new { })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, await host.StatusAsync("/api/v1/tasks", session));
    }

    [Fact]
    public async Task AWorkersToken_IsGoodForItsNodesKeyOnly()
    {
        await using var host = await GuardedHost.StartAsync(options: new SecurityOptions { RequireTokens = true });
        var instance = new Domain.Instances.InstanceId("01JC8Z4V9GQ6T3M5N7P9R1S2T4");

        Assert.Equal(HttpStatusCode.OK, (await host.SendAsync(HttpMethod.Post, "/workers.get_all", new WorkerTokens(new byte[32]).Of(instance), new { })).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.SendAsync(HttpMethod.Post, "/workers.get_all", new WorkerTokens([.. Enumerable.Repeat((byte)1, 32)]).Of(instance), new { })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, await host.StatusAsync("/api/v1/tasks", new WorkerTokens(new byte[32]).Of(instance)));
    }

    [Fact]
    public async Task Metrics_AreForViewers_UnlessTheNodeListensOnTheLoopbackOnly()
    {
        await using var near = await GuardedHost.StartAsync(options: new SecurityOptions { RequireTokens = true });
        await using var far = await GuardedHost.StartAsync("http://10.0.0.1:8470");

        Assert.Equal(HttpStatusCode.OK, await near.StatusAsync("/metrics", null));
        Assert.Equal(HttpStatusCode.Unauthorized, await far.StatusAsync("/metrics", null));
        Assert.Equal(HttpStatusCode.OK, await far.StatusAsync("/metrics", await far.TokenAsync(Role.Viewer)));
    }

    [Fact]
    public async Task TokensFromFiles_AreGood_AndShortSecretsAreRefused()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, new string('s', 40) + "\n");
            var options = new SecurityOptions();
            options.Tokens.Add(new TokenFileOptions { Name = "prometheus", Role = "viewer", File = file });
            await using var host = await GuardedHost.StartAsync(options: options);

            Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync("/api/v1/tasks", null));
            Assert.Equal(HttpStatusCode.OK, await host.StatusAsync("/api/v1/tasks", new string('s', 40)));
            Assert.Equal(HttpStatusCode.Forbidden, await host.StatusAsync("/api/v1/tokens", new string('s', 40)));
            Assert.Null(await host.Gate.WhyNotStartAsync("http://0.0.0.0:8470", default));

            await File.WriteAllTextAsync(file, "short");
            Assert.Contains("prometheus", Assert.Throws<IOException>(() => new TokenFiles(options)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
