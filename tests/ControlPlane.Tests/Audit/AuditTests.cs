using System.Net;
using System.Text.Json;
using ControlPlane.Audit;
using ControlPlane.Host.Tests.Hosting;
using ControlPlane.Providers.Storage;
using ControlPlane.Security;
using ControlPlane.Tests.PostgreSql;
using Microsoft.Extensions.Time.Testing;

namespace ControlPlane.Host.Tests.Audit;

/// <summary>The audit of a whole node.</summary>
public sealed class AuditTests(ApiFixture node) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Changes_HaveEntries_WithValuesBeforeAndAfter()
    {
        await node.ApplyAsync(ApiFixture.Document(100, 2, "10m", "audited"));
        await node.ApplyAsync(ApiFixture.Document(120, 3, "10m", "audited"));
        using (var drained = await node.Http.PostAsync("/api/v1/queues/audited/drain", null))
            Assert.Equal(HttpStatusCode.Accepted, drained.StatusCode);
        using (var unknown = await node.Http.PostAsync("/api/v1/pools/nosuch/reset", null))
            Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);

        var entries = await node.ItemsAsync("/api/v1/audit");
        Assert.Equal(
            ["reset pool nosuch refused", "drain queue audited done", "apply configuration configuration done", "apply configuration configuration done"],
            entries.Take(4).Select(e => $"{Text(e, "act")} {Text(e, "kind")} {Text(e, "subject")} {Text(e, "outcome")}"));
        Assert.All(entries, e => Assert.Equal(("anonymous@loopback", "admin"), (Text(e, "by"), Text(e, "role"))));
        Assert.All(entries, e => Assert.EndsWith(":1", Text(e, "node"), StringComparison.Ordinal));
        var changes = entries[2].GetProperty("changes").EnumerateArray().Select(c => $"{Text(c, "field")}: {Text(c, "before")} -> {Text(c, "after")}").ToArray();
        Assert.Contains("pool audited-pool: maxInstances: 2 -> 3", changes);
        Assert.Contains("revision: 1 -> 2", changes);

        var (paged, pages) = await node.AllPagesAsync("/api/v1/audit", 3);
        Assert.True(pages >= 2);
        Assert.Equal(entries.Select(e => Text(e, "id")), paged.Select(e => Text(e, "id")));
        Assert.Single(await node.ItemsAsync("/api/v1/audit?kind=queue"));
        await node.ProblemAsync(HttpStatusCode.BadRequest, "invalid-request", "/api/v1/audit?after=x");
    }

    [Fact]
    public async Task ADryRun_HasNoEntry_AndARefusedDocumentHasOne()
    {
        var before = (await node.ItemsAsync("/api/v1/audit?kind=configuration")).Length;
        using var rehearsed = await node.PutAsync(ApiFixture.Document(100, 2, "10m", "other"), query: "?dryRun=true");
        using var faulty = await node.PutAsync("version: 1\nqueues: [{ name: q }]\n");
        Assert.Equal(HttpStatusCode.BadRequest, faulty.StatusCode);

        var entries = await node.ItemsAsync("/api/v1/audit?kind=configuration");
        Assert.Equal(before + 1, entries.Length);
        Assert.Equal("refused", Text(entries[0], "outcome"));
    }

    [Fact]
    public async Task OnPostgreSql_AnyNodeSeesTokensAndAuditOfTheOthers()
    {
        var connection = PostgresServer.Shared.NewDatabase();
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 31, 8, 0, 0, TimeSpan.Zero));
        using var one = new SecurityDatabase(DatabaseKind.PostgreSql, connection);
        using var two = new SecurityDatabase(DatabaseKind.PostgreSql, connection);
        var first = new TokenStore(one, new AuditLog(one, Listening.Of("http://10.0.0.1:8470"), time), time);
        var audit = new AuditLog(two, Listening.Of("http://10.0.0.2:8470"), time);
        var second = new TokenStore(two, audit, time);
        var anna = new AuditCaller("anna", "admin", "10.0.0.9");

        // Both make the tables at once.
        await Task.WhenAll(first.AnyAsync(default), second.AnyAsync(default));
        Assert.False(await second.AnyAsync(default));
        var (token, _) = await first.CreateAsync("ci", Role.Operator, null, anna, default);
        Assert.Equal("ci", (await second.FindGoodAsync(token, default))!.Name);
        time.Advance(TimeSpan.FromMilliseconds(5));
        await second.RevokeAsync(token.Id, anna, default);
        Assert.Equal("anna", Assert.Single(await first.ListAsync(default)).RevokedBy);

        var entries = await audit.ListAsync(new AuditFilter("anna", "token", token.Id), null, 10, default);
        Assert.Equal(["revoke", "create"], entries.Select(e => e.What.Act));
        Assert.DoesNotContain(entries, e => e.Changes.Any(c => token.Text == c.After));
        Assert.Single(await audit.ListAsync(new AuditFilter(null, null, null), entries[0].Id, 10, default));
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
