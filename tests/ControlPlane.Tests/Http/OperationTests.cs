using System.Net;
using ControlPlane.Host.Tests.Hosting;

namespace ControlPlane.Host.Tests.Http;

/// <summary>What people may ask of queues, instances and pools; each test has a queue of its own.</summary>
public sealed class OperationTests(OperationTests.Node node) : IClassFixture<OperationTests.Node>
{
    private ApiFixture Api => node.Api;

    public sealed class Node : IAsyncLifetime
    {
        public ApiFixture Api { get; } = new();

        public async Task InitializeAsync()
        {
            await Api.InitializeAsync();
            await Api.ApplyAsync(ApiFixture.Document(10, 2, "5m", "drained", "one", "gone", "reset"));
        }

        public Task DisposeAsync() => Api.DisposeAsync();
    }

    [Fact]
    public async Task DrainQueue_AllItsInstancesLeaveAndThePersonIsRecorded()
    {
        await StartAsync("drained");
        using var answer = await Api.Http.PostAsync("/api/v1/queues/drained/drain", null);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Api.World.Finish();
        await ApiFixture.EventuallyAsync(async () => (await Api.ItemsAsync("/api/v1/instances?queue=drained&outcome=operator&phase=ended")).Length == 1, "the instance has left");
        var decision = (await Api.ItemsAsync("/api/v1/decisions?queue=drained")).First(d => d.GetProperty("rule").GetString() == "operator");
        Assert.Equal("anonymous@loopback", decision.GetProperty("by").GetString());
    }

    [Fact]
    public async Task TerminateInstance_EndsItAndALaterRequestIsRefused()
    {
        var id = await StartAsync("gone");
        using var answer = await Api.Http.PostAsync($"/api/v1/instances/{id}/terminate", null);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal($"/api/v1/instances/{id}", answer.Headers.Location?.ToString());
        Api.World.Finish();
        await ApiFixture.EventuallyAsync(
            async () => (await Api.GetAsync($"/api/v1/instances/{id}")).GetProperty("instance") is var i && i.GetProperty("settled").GetBoolean(), "the instance is settled");
        var problem = await ApiFixture.ProblemAsync(HttpStatusCode.Conflict, "refused", await Api.Http.PostAsync($"/api/v1/instances/{id}/drain", null));
        Assert.Contains("has no live instance", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.True((await Api.GetAsync($"/api/v1/instances/{id}")).GetProperty("instance").GetProperty("costMicros").GetInt64() > 0);
    }

    [Fact]
    public async Task DrainInstance_IsAccepted()
    {
        var id = await StartAsync("one");
        Assert.Equal(HttpStatusCode.Accepted, (await Api.Http.PostAsync($"/api/v1/instances/{id}/drain", null)).StatusCode);
        await ApiFixture.EventuallyAsync(
            async () => (await Api.GetAsync($"/api/v1/instances/{id}")).GetProperty("instance").GetProperty("outcome").GetString() == "operator", "the instance drains");
    }

    [Fact]
    public async Task ResetPool_IsAccepted()
    {
        using var answer = await Api.Http.PostAsync("/api/v1/pools/reset-pool/reset", null);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal("/api/v1/pools/reset-pool", answer.Headers.Location?.ToString());
    }

    private async Task<string> StartAsync(string queue)
    {
        Api.World.Submit(queue, 1);
        await ApiFixture.EventuallyAsync(async () => (await Api.ItemsAsync($"/api/v1/instances?queue={queue}&phase=idle")).Length == 1, "an instance is idle");
        Api.World.Pick();
        await ApiFixture.EventuallyAsync(async () => (await Api.ItemsAsync($"/api/v1/instances?queue={queue}&phase=busy")).Length == 1, "it is busy");
        return (await Api.ItemsAsync($"/api/v1/instances?queue={queue}"))[0].GetProperty("id").GetString()!;
    }
}
