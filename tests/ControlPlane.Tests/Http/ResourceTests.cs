using System.Net;
using System.Text.Json;
using ControlPlane.Actors.Queues;
using ControlPlane.Host.Tests.Hosting;
using ControlPlane.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ControlPlane.Host.Tests.Http;

/// <summary>Every resource, on a node that has scaled real queues.</summary>
public sealed class ResourceTests(ResourceTests.BusyNode node) : IClassFixture<ResourceTests.BusyNode>
{
    private ApiFixture Api => node.Api;

    /// <summary>Five queues; the first had three tasks, on machines that work on them, and room for two machines only.</summary>
    public sealed class BusyNode : IAsyncLifetime
    {
        public ApiFixture Api { get; } = new();

        public async Task InitializeAsync()
        {
            await Api.InitializeAsync();
            await Api.ApplyAsync(ApiFixture.Document(10, 2, "5m", "alpha", "beta", "gamma", "delta", "omega"));
            Api.World.Submit("alpha", 3);
            await Until("idle", 2);
            Api.World.Pick();
            await Until("busy", 2);
        }

        public Task DisposeAsync() => Api.DisposeAsync();

        private Task Until(string phase, int count) => ApiFixture.EventuallyAsync(
            async () => (await Api.ItemsAsync($"/api/v1/instances?queue=alpha&phase={phase}")).Length == count, $"{count} instances are {phase}");
    }

    [Fact]
    public async Task Sources_AreListedWithTheirState()
    {
        var source = Assert.Single(await Api.ItemsAsync("/api/v1/sources"));
        Assert.Equal("100ms", source.GetProperty("pace").GetString());
        Assert.True(source.GetProperty("state").GetProperty("healthy").GetBoolean());
        Assert.Equal("here", (await Api.GetAsync("/api/v1/sources/here")).GetProperty("name").GetString());
    }

    [Fact]
    public async Task Providers_AreListedWithTheirState()
    {
        var provider = Assert.Single(await Api.ItemsAsync("/api/v1/providers"));
        Assert.Equal("laptop", provider.GetProperty("name").GetString());
        await ApiFixture.EventuallyAsync(
            async () => (await Api.GetAsync("/api/v1/providers/laptop")).GetProperty("state").GetProperty("machines").GetInt32() == 2, "the sweep shows two machines");
    }

    [Fact]
    public async Task Pools_HaveTheirOffersAndCounts()
    {
        var pool = await Api.GetAsync("/api/v1/pools/alpha-pool");
        Assert.Equal(("alpha", 2, 2), (pool.GetProperty("queue").GetString(), pool.GetProperty("instances").GetInt32(), pool.GetProperty("maxInstances").GetInt32()));
        var offer = Assert.Single(pool.GetProperty("offers").EnumerateArray());
        Assert.Equal(("onDemand", 1_000_000), (offer.GetProperty("market").GetString(), offer.GetProperty("rateMicrosPerHour").GetInt64()));
        Assert.Equal("beta-pool", Assert.Single(await Api.ItemsAsync("/api/v1/pools?queue=beta")).GetProperty("name").GetString());
    }

    [Fact]
    public async Task Queue_AsItsScalerSeesIt_AgreesWithTheLists()
    {
        var queue = await Api.GetAsync("/api/v1/queues/alpha");
        Assert.Equal((1, 2), (queue.GetProperty("situation").GetProperty("pending").GetInt32(), queue.GetProperty("situation").GetProperty("busy").GetInt32()));
        Assert.Contains(queue.GetProperty("heldBack").EnumerateArray(), h => h.GetProperty("kind").GetString() == "poolFull");
        var live = await Api.Services.GetRequiredService<EntityAsks>().ScalerAsync("alpha", default);
        foreach (var instance in live.Instances)
            Same(instance, (await Api.GetAsync($"/api/v1/instances/{instance.Id}")).GetProperty("instance"));
        var listed = (await Api.ItemsAsync("/api/v1/queues")).Single(q => q.GetProperty("name").GetString() == "alpha");
        Assert.Equal(2, listed.GetProperty("instances").GetProperty("busy").GetInt32());
        Assert.Equal(live.LastDecision!.Sentence(), listed.GetProperty("lastDecision").GetString());
    }

    [Fact]
    public async Task Explain_FullPool_SaysWhyNotMore()
    {
        var text = (await Api.GetAsync("/api/v1/queues/alpha/explain")).GetProperty("text").GetString();
        Assert.Contains("In queue alpha 1 task waits", text, StringComparison.Ordinal);
        Assert.Contains("It has 2 instances (2 busy), and may have up to 2.", text, StringComparison.Ordinal);
        Assert.Contains("Pool alpha-pool has its maximum of 2 instances.", text, StringComparison.Ordinal);
        Assert.Contains("The last decision", text, StringComparison.Ordinal);
        Assert.Contains("It has no instance", (await Api.GetAsync("/api/v1/queues/omega/explain")).GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instances_AreFiltered()
    {
        Assert.Equal(2, (await Api.ItemsAsync("/api/v1/instances?queue=alpha")).Length);
        Assert.Equal(2, (await Api.ItemsAsync("/api/v1/instances?pool=alpha-pool&live=true")).Length);
        Assert.Empty(await Api.ItemsAsync("/api/v1/instances?queue=beta"));
        Assert.Empty(await Api.ItemsAsync("/api/v1/instances?since=2999-01-01T00:00:00Z"));
        Assert.Empty(await Api.ItemsAsync("/api/v1/instances?live=false"));
    }

    [Fact]
    public async Task Instance_HasItsHistoryInSentences()
    {
        var id = (await Api.ItemsAsync("/api/v1/instances?queue=alpha"))[0].GetProperty("id").GetString();
        var history = (await Api.GetAsync($"/api/v1/instances/{id}")).GetProperty("history").EnumerateArray().Select(h => h.GetProperty("what").GetString()).ToList();
        Assert.Equal(["requested", "lease-granted", "launch-started", "launched", "worker-registered", "worker-busy"], history.Take(6));
    }

    [Fact]
    public async Task Budgets_HaveBalancesAndLinesThatAddUp()
    {
        var lab = (await Api.GetAsync("/api/v1/budgets/lab")).GetProperty("budget");
        Assert.Equal((2, 10_000_000), (lab.GetProperty("instances").GetInt32(), lab.GetProperty("limitMicros").GetInt64()));
        var (lines, pages) = await Api.AllPagesAsync("/api/v1/budgets/lab/entries", 1);
        Assert.True(pages > 2);
        var latest = lines.Where(l => l.GetProperty("heldMicros").GetInt64() != 0).ToList();
        Assert.Equal(latest.Sum(l => l.GetProperty("heldMicros").GetInt64()), latest[0].GetProperty("heldAfterMicros").GetInt64());
        Assert.All(latest, l => Assert.Equal("alpha", l.GetProperty("queue").GetString()));
        Assert.Equal(2, (await Api.ItemsAsync("/api/v1/budgets/team/entries?kind=granted&queue=alpha")).Length);
        Assert.Equal(["lab", "team"], (await Api.ItemsAsync("/api/v1/budgets?ledger=lab")).Select(b => b.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task Decisions_SayWhatWasSeenAndWhatHeldThemBack()
    {
        var decision = (await Api.ItemsAsync("/api/v1/decisions?queue=alpha"))[^1];
        Assert.Equal("perTask", decision.GetProperty("rule").GetString());
        Assert.Equal(3, decision.GetProperty("inputs").GetProperty("pending").GetInt32());
        Assert.Equal(2, Assert.Single(decision.GetProperty("launch").EnumerateArray()).GetProperty("count").GetInt32());
        Assert.Contains("Launching 2 in pool alpha-pool.", decision.GetProperty("sentence").GetString(), StringComparison.Ordinal);
        Assert.Empty(await Api.ItemsAsync("/api/v1/decisions?since=2999-01-01T00:00:00Z"));
    }

    [Theory]
    [InlineData("/api/v1/queues", "name")]
    [InlineData("/api/v1/pools", "name")]
    public async Task Lists_ByPages_ShowEverythingOnceInOrder(string path, string key)
    {
        var (items, pages) = await Api.AllPagesAsync(path, 2);
        Assert.Equal(3, pages);
        var names = items.Select(i => i.GetProperty(key).GetString()).ToList();
        Assert.Equal(5, names.Distinct().Count());
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
    }

    [Fact]
    public async Task Cluster_ShowsNodesEntitiesAndJournal()
    {
        var cluster = await Api.GetAsync("/api/v1/cluster");
        Assert.True(cluster.GetProperty("up").GetBoolean());
        Assert.Single(cluster.GetProperty("members").EnumerateArray());
        Assert.Equal(cluster.GetProperty("entities").GetInt32(), cluster.GetProperty("awake").GetInt32());
        Assert.Equal(8, cluster.GetProperty("entities").GetInt32());
        Assert.True(cluster.GetProperty("journal").GetProperty("healthy").GetBoolean());
    }

    [Fact]
    public async Task ClusterAnswers_EveryScalerIsAsked()
    {
        var answers = await Api.GetAsync("/api/v1/cluster/answers?within=20");
        var queues = await Api.GetAsync("/api/v1/queues");
        Assert.Equal(queues.GetProperty("items").GetArrayLength(), answers.GetProperty("asked").GetInt32());
        Assert.Equal(answers.GetProperty("asked").GetInt32(), answers.GetProperty("answered").GetInt32());
        Assert.Empty(answers.GetProperty("silent").EnumerateArray());
        Assert.InRange(answers.GetProperty("medianSeconds").GetDouble(), 0, answers.GetProperty("slowestSeconds").GetDouble());
    }

    [Theory]
    [InlineData("0")]
    [InlineData("301")]
    [InlineData("soon")]
    public async Task ClusterAnswers_BadTime_IsRefused(string within)
    {
        using var answer = await Api.Http.GetAsync($"/api/v1/cluster/answers?within={within}");
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("within", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_HaveGaugesByQueueAndBudget()
    {
        await Api.Services.GetRequiredService<ControlPlane.Metrics.ReadModelGauges>().ReadAsync(default);
        var text = "";
        await ApiFixture.EventuallyAsync(
            async () => (text = await Api.Http.GetStringAsync("/metrics")).Contains("controlplane_instances", StringComparison.Ordinal), "the gauges are shown");
        Assert.Matches("(?m)^controlplane_instances\\{.*phase=\"busy\".*queue=\"alpha\".*\\} 2|(?m)^controlplane_instances\\{.*queue=\"alpha\".*phase=\"busy\".*\\} 2", text);
        Assert.Matches("(?m)^controlplane_queue_pending\\{.*queue=\"alpha\".*\\} 1", text);
        Assert.Matches("(?m)^controlplane_budget_dollars.*budget=\"lab\".*what=\"limit\".*\\} 10", text);
    }

    [Theory]
    [InlineData("/api/v1/sources/nowhere", "source")]
    [InlineData("/api/v1/providers/nowhere", "provider")]
    [InlineData("/api/v1/pools/nowhere", "pool")]
    [InlineData("/api/v1/queues/nowhere", "queue")]
    [InlineData("/api/v1/queues/nowhere/explain", "queue")]
    [InlineData("/api/v1/instances/nowhere", "instance")]
    [InlineData("/api/v1/budgets/nowhere", "budget")]
    [InlineData("/api/v1/budgets/nowhere/entries", "budget")]
    [InlineData("/api/v1/configuration/revisions/99", "revision")]
    public async Task Unknown_IsNotFoundByName(string path, string what)
    {
        var problem = await Api.ProblemAsync(HttpStatusCode.NotFound, "not-found", path);
        Assert.StartsWith($"There is no {what} '", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/v1/queues/nowhere/drain")]
    [InlineData("/api/v1/instances/nowhere/drain")]
    [InlineData("/api/v1/instances/nowhere/terminate")]
    [InlineData("/api/v1/pools/nowhere/reset")]
    public Task Operations_OnTheUnknown_AreNotFound(string path) => Api.ProblemAsync(HttpStatusCode.NotFound, "not-found", new HttpRequestMessage(HttpMethod.Post, path));

    [Theory]
    [InlineData("/api/v1/queues?limit=0", "limit", "out of range")]
    [InlineData("/api/v1/queues?limit=1001", "limit", "out of range")]
    [InlineData("/api/v1/queues?limit=many", "limit", "not a whole number")]
    [InlineData("/api/v1/instances?phase=sleeping", "phase", "one of requested, leased")]
    [InlineData("/api/v1/instances?phase=77", "phase", "not one of requested")]
    [InlineData("/api/v1/instances?since=yesterday", "since", "a time such as")]
    [InlineData("/api/v1/instances?live=perhaps", "live", "true or false")]
    [InlineData("/api/v1/instances?qeue=alpha", "qeue", "Did you mean 'queue'?")]
    [InlineData("/api/v1/decisions?after=xyz", "after", "not a cursor")]
    [InlineData("/api/v1/budgets/lab/entries?kind=gift", "kind", "none of granted")]
    [InlineData("/api/v1/events?kinds=weather", "kinds", "none of instance, decision")]
    [InlineData("/api/v1/events?after=-1", "after", "no id of an event")]
    public async Task BadInput_IsRefusedNamingTheField(string path, string field, string says)
    {
        var problem = await Api.ProblemAsync(HttpStatusCode.BadRequest, "invalid-request", path);
        var error = Assert.Single(problem.GetProperty("errors").EnumerateObject());
        Assert.Equal(field, error.Name);
        Assert.Contains(says, error.Value[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public Task UnknownPath_IsAProblemToo() => Assert404Async("/api/v1/weather");

    private async Task Assert404Async(string path)
    {
        using var answer = await Api.Http.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    private static void Same(InstanceView live, JsonElement shown)
    {
        Assert.Equal(live.Pool, shown.GetProperty("pool").GetString());
        Assert.Equal(live.Phase.ToString(), shown.GetProperty("phase").GetString(), ignoreCase: true);
        Assert.Equal(live.NativeId, shown.GetProperty("nativeId").GetString());
        Assert.Equal(live.Since, shown.GetProperty("since").GetDateTimeOffset());
        Assert.Equal(live.Tasks, shown.GetProperty("tasks").EnumerateArray().Select(t => t.GetString()!));
    }
}
