using System.Net;
using System.Net.Http.Json;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Queues;
using ControlPlane.Host.Tests.Hosting;
using ControlPlane.Providers.Bootstrap;
using Microsoft.Extensions.DependencyInjection;

namespace ControlPlane.Host.Tests.Bootstrap;

/// <summary>Machines ask a whole node for what makes them workers. Each test has a queue of its own; no worker ever registers.</summary>
public sealed class BootstrapEndpointsTests(BootstrapEndpointsTests.Node node) : IClassFixture<BootstrapEndpointsTests.Node>
{
    private const string Claim = "0123456789abcdef0123456789abcdef";

    private ApiFixture Api => node.Api;

    public sealed class Node : IAsyncLifetime
    {
        public ApiFixture Api { get; } = new();

        public async Task InitializeAsync()
        {
            await Api.InitializeAsync();
            Api.World.Silent = true;
            await Api.ApplyAsync("""
                version: 1
                sources: [{ name: here, kind: embedded, pace: 100ms }]
                providers: [{ name: laptop, kind: local, sweepEvery: 200ms, consistencyWindow: 1s, orphanGrace: 1s }]
                budgets: [{ name: lab, limit: 10.00, window: day }]
                pools:
                  - { name: once-pool, provider: laptop, maxInstances: 1, price: 1.00, bootstrap: { clearml: { api: "https://api.example.org", accessKey: "env:ACCESS", secretKey: "env:SECRET" } } }
                  - { name: unread-pool, provider: laptop, maxInstances: 1, price: 1.00, bootstrap: { clearml: { api: "https://api.example.org", accessKey: "env:ACCESS", secretKey: "env:NOWHERE" } } }
                  - { name: alive-pool, provider: laptop, maxInstances: 1, price: 1.00, bootstrap: { worker: command, initScript: "echo mine" } }
                queues:
                  - { name: once, source: here, budget: lab, pools: [once-pool] }
                  - { name: unread, source: here, budget: lab, pools: [unread-pool] }
                  - { name: alive, source: here, budget: lab, pools: [alive-pool] }

                """);
        }

        public Task DisposeAsync() => Api.DisposeAsync();
    }

    [Fact]
    public async Task Fetch_FirstMachine_GetsItsScript_AndNobodyElseDoes()
    {
        var (id, native) = await StartAsync("once");
        using var first = await AskAsync("once", id, native);
        var script = await first.Content.ReadAsStringAsync();
        Assert.True(first.StatusCode == HttpStatusCode.OK, script);
        Assert.StartsWith("#!/bin/bash\n", script, StringComparison.Ordinal);
        Assert.Contains($"CP_NATIVE_ID='{native}'", script, StringComparison.Ordinal);
        Assert.Contains("api_server", script, StringComparison.Ordinal);
        Assert.True(first.Headers.CacheControl?.NoStore);

        // Its own answer may have been lost on the way.
        using var repeated = await AskAsync("once", id, native);
        Assert.Equal(script, await repeated.Content.ReadAsStringAsync());

        var problem = await ApiFixture.ProblemAsync(HttpStatusCode.Forbidden, "ticket-refused", await AskAsync("once", id, native, claim: new string('f', 32)));
        Assert.Contains("used already", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        await ApiFixture.EventuallyAsync(async () => (await Api.ItemsAsync("/api/v1/decisions?queue=once")).Any(d => d.GetProperty("rule").GetString() == "warning"), "the warning is shown");
        await ApiFixture.EventuallyAsync(
            async () => (await Api.Http.GetStringAsync("/metrics")).Contains("controlplane_bootstrap_requests_total{call=\"fetch\",outcome=\"refused\"", StringComparison.Ordinal)
                || (await Api.Http.GetStringAsync("/metrics")).Split('\n').Any(l => l.StartsWith("controlplane_bootstrap_requests", StringComparison.Ordinal) && l.Contains("refused", StringComparison.Ordinal)),
            "the refusal is counted");
        await ApiFixture.EventuallyAsync(
            async () => (await Api.GetAsync($"/api/v1/instances/{id}")).GetProperty("history").EnumerateArray().Any(h => h.GetProperty("what").GetString() == "bootstrap-fetched"), "the story has it");
        await ApiFixture.ProblemAsync(HttpStatusCode.Forbidden, "ticket-refused", await AskAsync("once", id, "i-stranger"));
    }

    [Fact]
    public async Task Fetch_SecretThatIsNotThere_CanBeAskedAgain()
    {
        var (id, native) = await StartAsync("unread");
        var problem = await ApiFixture.ProblemAsync(HttpStatusCode.ServiceUnavailable, "unavailable", await AskAsync("unread", id, native));
        Assert.DoesNotContain("NOWHERE", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        await ApiFixture.ProblemAsync(HttpStatusCode.ServiceUnavailable, "unavailable", await AskAsync("unread", id, native));
    }

    [Fact]
    public async Task Renew_LivingInstance_IsThere_AndAnEndedOneIsGone()
    {
        var (id, native) = await StartAsync("alive");
        Assert.Equal(HttpStatusCode.NoContent, (await AskAsync("alive", id, native, path: "/renew")).StatusCode);
        await ApiFixture.ProblemAsync(HttpStatusCode.Gone, "instance-ended", await AskAsync("alive", id, "i-stranger", path: "/renew"));
        using var end = await Api.Http.PostAsync($"/api/v1/instances/{id}/terminate", null);
        await ApiFixture.EventuallyAsync(async () => (await AskAsync("alive", id, native, path: "/renew")).StatusCode == HttpStatusCode.Gone, "its end is known");
    }

    [Theory]
    [InlineData("""{"ticket":"x.y","nativeId":"i-1","claim":"0123456789abcdef0123456789abcdef"}""", HttpStatusCode.Forbidden, "ticket-refused")]
    [InlineData("""{"ticket":"x","nativeId":"../etc","claim":"0123456789abcdef0123456789abcdef"}""", HttpStatusCode.BadRequest, "invalid-request")]
    [InlineData("""{"ticket":"x","nativeId":"i-1","claim":"short"}""", HttpStatusCode.BadRequest, "invalid-request")]
    [InlineData("""{"nativeId":7}""", HttpStatusCode.BadRequest, "invalid-request")]
    [InlineData("[]", HttpStatusCode.BadRequest, "invalid-request")]
    [InlineData("not json", HttpStatusCode.BadRequest, "invalid-request")]
    public async Task Fetch_BadInput_IsRefused(string body, HttpStatusCode status, string type)
    {
        foreach (var path in (string[])["/api/v1/bootstrap", "/api/v1/bootstrap/renew"])
        {
            using var answer = await Api.Http.PostAsync(path, Json(body));
            await ApiFixture.ProblemAsync(status, type, answer);
        }
    }

    [Fact]
    public async Task Fetch_HugeBody_IsRefused()
    {
        using var answer = await Api.Http.PostAsync("/api/v1/bootstrap", Json(new string('x', 20_000)));
        await ApiFixture.ProblemAsync(HttpStatusCode.RequestEntityTooLarge, "too-large", answer);
    }

    private static StringContent Json(string body) => new(body, System.Text.Encoding.UTF8, "application/json");

    private Task<HttpResponseMessage> AskAsync(string queue, string id, string native, string claim = Claim, string path = "")
    {
        var ticket = Api.Services.GetRequiredService<BootstrapTickets>().Write(new BootstrapTicket("batch", new QueueName(queue), [new InstanceId(id)]));
        return Api.Http.PostAsJsonAsync($"/api/v1/bootstrap{path}", new { ticket, nativeId = native, claim });
    }

    private async Task<(string Id, string NativeId)> StartAsync(string queue)
    {
        Api.World.Submit(queue, 1);
        string? id = null;
        string? native = null;
        await ApiFixture.EventuallyAsync(
            async () =>
            {
                var found = await Api.ItemsAsync($"/api/v1/instances?queue={queue}&phase=booting");
                id = found.Length == 0 ? null : found[0].GetProperty("id").GetString();
                native = found.Length == 0 ? null : found[0].GetProperty("nativeId").GetString();
                return native is not null;
            },
            "an instance boots");
        return (id!, native!);
    }
}
