using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using ControlPlane.Catalog;
using ControlPlane.Host.Tests.Hosting;

namespace ControlPlane.Host.Tests.Catalog;

public sealed class ConfigurationEndpointsTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Put_ValidDocument_IsInForceAndCanBeReadBack()
    {
        await api.ApplyAsync(ApiFixture.Document(5, 2, "5m", "read"));
        using var answer = await api.Http.GetAsync("/api/v1/configuration");
        var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal($"\"{body.GetProperty("revision").GetInt64()}\"", answer.Headers.ETag?.Tag);
        Assert.Equal("anonymous@loopback", body.GetProperty("appliedBy").GetString());
        Assert.Equal("read", body.GetProperty("document").GetProperty("queues")[0].GetProperty("name").GetString());

        // What is answered as JSON, and as YAML, is the same document again.
        using var again = await api.PutAsync(body.GetProperty("document").GetRawText(), answer.Headers.ETag!.Tag, type: "application/json");
        Assert.False(JsonDocument.Parse(await again.Content.ReadAsStringAsync()).RootElement.GetProperty("applied").GetBoolean());
        var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/configuration");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/yaml"));
        using var yaml = await api.Http.SendAsync(request);
        Assert.Equal("application/yaml", yaml.Content.Headers.ContentType?.MediaType);
        Assert.NotNull(ConfigurationDocument.Parse(await yaml.Content.ReadAsStringAsync()).Configuration);
    }

    [Fact]
    public async Task Put_DryRun_AnswersTheDifferencesAndChangesNothing()
    {
        await api.ApplyAsync(ApiFixture.Document(5, 2, "5m", "dry"));
        var before = (await api.GetAsync("/api/v1/configuration")).GetProperty("revision").GetInt64();
        using var answer = await api.PutAsync(ApiFixture.Document(5, 3, "5m", "dry"), query: "?dryRun=true");
        var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal((true, false, before), (body.GetProperty("dryRun").GetBoolean(), body.GetProperty("applied").GetBoolean(), body.GetProperty("revision").GetInt64()));
        Assert.Equal("pool dry-pool: maxInstances changes from 2 to 3.", Assert.Single(body.GetProperty("changes").EnumerateArray()).GetProperty("sentence").GetString());
        Assert.Equal(before, (await api.GetAsync("/api/v1/configuration")).GetProperty("revision").GetInt64());
    }

    [Fact]
    public async Task Put_FaultyDocument_IsRefusedWithEveryFaultAndItsPlace()
    {
        var text = ApiFixture.Document(5, 2, "5m", "bad").Replace("pools: [bad-pool]", "pools: [bod-pool], speed: 3", StringComparison.Ordinal);
        var problem = await ApiFixture.ProblemAsync(HttpStatusCode.BadRequest, "invalid-configuration", await api.PutAsync(text));
        var faults = problem.GetProperty("faults").EnumerateArray().ToList();
        Assert.Equal(["queues[0].pools[0]", "queues[0].speed"], faults.Select(f => f.GetProperty("path").GetString()).Order());
        Assert.All(faults, f => Assert.True(f.GetProperty("line").GetInt32() > 5));
        Assert.Contains("Did you mean 'bad-pool'?", faults[0].GetProperty("fix").GetString(), StringComparison.Ordinal);
        Assert.True(problem.GetProperty("errors").TryGetProperty("queues[0].speed", out _));
    }

    [Fact]
    public async Task Put_BrokenJson_IsRefusedWithThePlace()
    {
        var problem = await ApiFixture.ProblemAsync(HttpStatusCode.BadRequest, "invalid-configuration", await api.PutAsync("{\n \"version\": 1,\n \"queues\": [", type: "application/json"));
        Assert.True(problem.GetProperty("faults")[0].GetProperty("line").GetInt32() >= 3);
    }

    [Fact]
    public async Task Put_FromAnOlderRevision_IsRefused()
    {
        await api.ApplyAsync(ApiFixture.Document(5, 2, "5m", "old"));
        var current = (await api.GetAsync("/api/v1/configuration")).GetProperty("revision").GetInt64();
        var problem = await ApiFixture.ProblemAsync(HttpStatusCode.PreconditionFailed, "revision-mismatch", await api.PutAsync(ApiFixture.Document(5, 9, "5m", "old"), $"\"{current - 1}\""));
        Assert.Equal(current, problem.GetProperty("revision").GetInt64());
    }

    [Theory]
    [InlineData("3")]
    [InlineData("\"three\"")]
    [InlineData("\"\"")]
    public async Task Put_IfMatchThatIsNoTag_IsRefused(string tag)
    {
        var problem = await ApiFixture.ProblemAsync(HttpStatusCode.BadRequest, "invalid-request", await api.PutAsync(ApiFixture.Document(5, 2, "5m", "tag"), tag));
        Assert.True(problem.GetProperty("errors").TryGetProperty("If-Match", out _));
    }

    [Fact]
    public async Task Put_BodyOverTheLimit_IsTooLarge() =>
        await ApiFixture.ProblemAsync(HttpStatusCode.RequestEntityTooLarge, "too-large", await api.PutAsync(new string('#', ConfigurationDocument.MaxBytes + 1)));

    [Fact]
    public async Task Revisions_AreListedByPagesAndEachCanBeRead()
    {
        for (var max = 3; max <= 7; max++)
            await api.ApplyAsync(ApiFixture.Document(5, max, "5m", "many"));
        var (items, pages) = await api.AllPagesAsync("/api/v1/configuration/revisions", 2);
        Assert.True(pages >= 3);
        var revisions = items.Select(i => i.GetProperty("revision").GetInt64()).ToList();
        Assert.Equal(Enumerable.Range(1, revisions.Count).Select(i => (long)i).Reverse(), revisions);
        Assert.Contains(items[0].GetProperty("changes").EnumerateArray(), c => c.GetString()!.Contains("maxInstances changes from 6 to 7", StringComparison.Ordinal));
        var old = await api.GetAsync($"/api/v1/configuration/revisions/{revisions[1]}");
        Assert.Equal(6, old.GetProperty("document").GetProperty("pools")[0].GetProperty("maxInstances").GetInt32());
    }

    [Fact]
    public async Task Schema_IsServed() => Assert.Equal(JsonValueKind.Object, (await api.GetAsync("/api/v1/configuration/schema")).GetProperty("properties").ValueKind);
}
