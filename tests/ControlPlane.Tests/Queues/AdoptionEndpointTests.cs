using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ControlPlane.Domain.Queues;
using ControlPlane.Host.Tests.Hosting;

namespace ControlPlane.Host.Tests.Queues;

/// <summary>Taking over machines of another autoscaler, through a whole node. Each test has a queue of its own.</summary>
public sealed class AdoptionEndpointTests(AdoptionEndpointTests.Node node) : IClassFixture<AdoptionEndpointTests.Node>
{
    private ApiFixture Api => node.Api;

    public sealed class Node : IAsyncLifetime
    {
        public ApiFixture Api { get; } = new();

        public async Task InitializeAsync()
        {
            await Api.InitializeAsync();
            foreach (var queue in (string[])["taken", "gone"])
                Api.World.Foreign[$"i-{queue}"] = (new QueueName(queue), $"dynamic_worker:{queue}-pool:m5.large:i-{queue}");
            await Api.ApplyAsync(ApiFixture.Document(10, 2, "5m", "taken", "gone"));
        }

        public Task DisposeAsync() => Api.DisposeAsync();
    }

    [Fact]
    public async Task Adopt_MachineOfAnotherAutoscaler_IsOursOnceAndPaidForFromThenOn()
    {
        var dry = await AdoptAsync("taken", new { dryRun = true });
        Assert.Null(dry.GetProperty("instance").GetString());
        Assert.Empty(await Api.ItemsAsync("/api/v1/instances?queue=taken"));

        var id = (await AdoptAsync("taken", new { })).GetProperty("instance").GetString()!;
        Assert.Equal(id, (await AdoptAsync("taken", new { machines = (string[])["i-taken"] })).GetProperty("instance").GetString());
        await ApiFixture.EventuallyAsync(async () => (await Api.ItemsAsync("/api/v1/instances?queue=taken&phase=idle")).Length == 1, "its worker is the instance's");
        var detail = await Api.GetAsync($"/api/v1/instances/{id}");
        Assert.Equal("i-taken", detail.GetProperty("instance").GetProperty("nativeId").GetString());
        Assert.Contains("another autoscaler", detail.GetProperty("history")[0].GetProperty("sentence").GetString(), StringComparison.Ordinal);
        Assert.True(detail.GetProperty("instance").GetProperty("startedAt").GetDateTimeOffset() > DateTimeOffset.UtcNow.AddHours(-1));
        Assert.DoesNotContain(Api.World.Launches, l => l.Value == id);
        await ApiFixture.EventuallyAsync(
            async () => (await Api.ItemsAsync("/api/v1/decisions?queue=taken")).Any(d => d.GetRawText().Contains("take over i-taken", StringComparison.Ordinal)), "the decision is shown");
        Assert.Single(await Api.ItemsAsync("/api/v1/instances?queue=taken"));
    }

    [Fact]
    public async Task Adopt_MachineThatIsNotThereAnyMore_EndsWithoutALaunch()
    {
        await ApiFixture.EventuallyAsync(async () => (await Api.GetAsync("/api/v1/queues/gone")).GetProperty("observedAt").ValueKind == JsonValueKind.String, "the queue was looked at");
        await AdoptAsync("gone", new { dryRun = true });
        Api.World.Foreign.TryRemove("i-gone", out _);
        using var answer = await Api.Http.PostAsJsonAsync("/api/v1/queues/gone/adopt", new { machines = (string[])["i-gone"] });
        var choice = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("machines")[0];
        if (choice.GetProperty("instance").GetString() is not { } id)
        {
            // The queue was looked at in between: then there is nothing to take over.
            Assert.NotNull(choice.GetProperty("refusal").GetString());
            return;
        }

        await ApiFixture.EventuallyAsync(async () => (await Api.ItemsAsync("/api/v1/instances?queue=gone&outcome=launchFailed")).Length == 1, "it is given up");
        Assert.DoesNotContain(Api.World.Launches, l => l.Value == id);
    }

    [Fact]
    public async Task Adopt_UnknownQueueAndBadIds_AreRefused()
    {
        await ApiFixture.ProblemAsync(HttpStatusCode.NotFound, "not-found", await Api.Http.PostAsJsonAsync("/api/v1/queues/nowhere/adopt", new { }));
        var problem = await ApiFixture.ProblemAsync(HttpStatusCode.BadRequest, "invalid-request", await Api.Http.PostAsJsonAsync("/api/v1/queues/taken/adopt", new { machines = (string[])[""] }));
        Assert.True(problem.GetProperty("errors").TryGetProperty("machines", out _));
    }

    private async Task<JsonElement> AdoptAsync(string queue, object request)
    {
        JsonElement? machine = null;
        await ApiFixture.EventuallyAsync(
            async () =>
            {
                using var answer = await Api.Http.PostAsJsonAsync($"/api/v1/queues/{queue}/adopt", request);
                if (answer.StatusCode == HttpStatusCode.Conflict)
                    return false;
                var text = await answer.Content.ReadAsStringAsync();
                Assert.True(answer.IsSuccessStatusCode, text);
                machine = Assert.Single(JsonDocument.Parse(text).RootElement.GetProperty("machines").EnumerateArray()).Clone();
                return true;
            },
            "the queue was looked at");
        return machine!.Value;
    }
}
