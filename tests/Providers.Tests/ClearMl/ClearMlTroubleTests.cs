using System.Text.Json.Nodes;
using ControlPlane.ClearMlDouble;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Secrets;
using ControlPlane.Domain.Sources;
using ControlPlane.Providers.ClearMl;

namespace ControlPlane.Providers.Tests.ClearMl;

/// <summary>What real servers and their networks do: each ends in a whole answer or in one clear sentence, never in an answer that is partly true.</summary>
public sealed class ClearMlTroubleTests : IAsyncLifetime
{
    private static readonly QueueName Gpu = new("gpu");

    private readonly QuickTime time = new();
    private readonly ClearMlServer server;
    private ClearMlApi api = null!;

    public ClearMlTroubleTests() => server = new ClearMlServer(time);

    public async Task InitializeAsync()
    {
        await server.StartAsync();
        server.Model.AddQueue("gpu");
        api = new ClearMlApi(server.Url);
    }

    public async Task DisposeAsync()
    {
        api.Dispose();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Token_IsUsedForAllCallsAndRenewedBeforeItEnds()
    {
        server.TokenLifetime = TimeSpan.FromMinutes(10);
        using var source = api.Source(time: time);
        for (var look = 0; look < 3; look++)
            await source.ObserveAsync([Gpu], default);
        Assert.Equal(1, server.Requests["auth.login"]);

        time.Ahead = TimeSpan.FromMinutes(9);
        await source.ObserveAsync([Gpu], default);
        Assert.Equal(2, server.Requests["auth.login"]);
    }

    [Fact]
    public async Task Token_EndsEarly_IsReplacedWithinTheLook()
    {
        using var source = api.Source(time: time);
        await source.ObserveAsync([Gpu], default);
        server.EndTokens();
        Assert.Single(await source.ObserveAsync([Gpu], default));
        Assert.Equal(2, server.Requests["auth.login"]);
    }

    [Fact]
    public async Task Server_IsBusyForAMoment_TheCallIsTriedAgain()
    {
        using var source = api.Source(time: time);
        server.Throttled = 2;
        server.Unavailable = 1;
        Assert.Single(await source.ObserveAsync([Gpu], default));
        Assert.Equal(3, time.Pauses.Count);
        Assert.True(time.Pauses[0] < time.Pauses[2], "Pauses grow.");
    }

    [Fact]
    public async Task Server_IsBusyForLong_TheLookFailsAfterAFewTriesAndSaysSo()
    {
        using var source = api.Source(time: time);
        server.Throttled = 1_000;
        var fault = await FaultAsync(source);
        Assert.Contains("429", fault, StringComparison.Ordinal);
        Assert.Contains("it was tried 4 times", fault, StringComparison.Ordinal);
        Assert.Equal(4, server.RequestCount);
    }

    [Fact]
    public async Task Credentials_AreWrong_IsSaidWithWhereTheyStand()
    {
        using var source = api.Source(s => s with { AccessKey = new SecretReference("env:SECRET") }, time);
        var fault = await FaultAsync(source);
        Assert.Contains("does not accept the credentials that stand at env:SECRET and env:SECRET", fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Credentials_AreNotThere_IsSaidWithWhereTheyShouldStand()
    {
        using var source = api.Source(s => s with { SecretKey = new SecretReference("file:/nowhere") }, time);
        Assert.Contains("file:/nowhere", await FaultAsync(source), StringComparison.Ordinal);
        Assert.Equal(0, server.RequestCount);
    }

    [Fact]
    public async Task Address_IsAProxysPage_IsSaidWithItsBeginning()
    {
        using var source = api.Source(time: time);
        server.Html = true;
        var fault = await FaultAsync(source);
        Assert.Contains("is no ClearML API server", fault, StringComparison.Ordinal);
        Assert.Contains("Welcome to the proxy", fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_IsDownAtFirst_IsSaidAndFoundLater()
    {
        var port = new Uri(server.Url).Port;
        await server.StopAsync();
        using var source = api.Source(time: time);
        var fault = await FaultAsync(source);
        Assert.Contains("cannot be reached", fault, StringComparison.Ordinal);
        Assert.Contains(api.Url, fault, StringComparison.Ordinal);

        await server.StartAsync(port);
        Assert.Single(await source.ObserveAsync([Gpu], default));
    }

    [Fact]
    public async Task Address_IsNobodys_IsSaid()
    {
        using var source = api.Source(s => s with { Url = "http://clearml.invalid:8008" }, time);
        Assert.Contains("clearml.invalid", await FaultAsync(source), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2.13", "2.13")]
    [InlineData("2.23", "2.23")]
    [InlineData("2.99", "2.31")]
    public async Task Version_IsTheNewestThatBothKnow(string servers, string spoken)
    {
        server.ApiVersion = servers;
        server.Records = true;
        using var source = api.Source(time: time);
        Assert.Single(await source.ObserveAsync([Gpu], default));
        Assert.All(server.Recorded.Where(r => r.Call != "auth.login"), r => Assert.Equal(spoken, r.Version));
    }

    [Fact]
    public async Task Version_TooOld_IsRefusedInWords()
    {
        server.ApiVersion = "2.9";
        using var source = api.Source(time: time);
        Assert.Contains("2.13 or newer is needed", await FaultAsync(source), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(20, 500)]
    [InlineData(7, 7)]
    [InlineData(1, 500)]
    public async Task Pages_ServerGivesFewerRowsThanAsked_AllQueuesAreSeen(int cap, int asked)
    {
        for (var i = 0; i < 60; i++)
            server.Model.AddQueue($"q{i}");
        server.PageCap = cap;
        QueueName[] all = [Gpu, .. Enumerable.Range(0, 60).Select(i => new QueueName($"q{i}"))];
        using var source = api.Source(s => s with { PageSize = asked }, time);
        for (var look = 0; look < 3; look++)
            Assert.Equal(61, (await source.ObserveAsync(all, default)).Count);

        server.PageCap = 500;
        Assert.Equal(61, (await source.ObserveAsync(all, default)).Count);
    }

    [Fact]
    public async Task Fault13_MoreQueuesThanThePageLimit_AreAllSeenInAFewRequests()
    {
        for (var i = 0; i < 1_200; i++)
            server.Model.AddQueue($"q{i}");
        QueueName[] all = [Gpu, .. Enumerable.Range(0, 1_200).Select(i => new QueueName($"q{i}"))];
        using var source = api.Source(time: time);
        Assert.Equal(1_201, (await source.ObserveAsync(all, default)).Count);
        var before = server.RequestCount;
        Assert.Equal(1_201, (await source.ObserveAsync(all, default)).Count);
        Assert.Equal(5, server.RequestCount - before);
    }

    [Fact]
    public async Task Pages_OneLookOfAFewQueues_IsThreeRequests()
    {
        using var source = api.Source(time: time);
        await source.ObserveAsync([Gpu], default);
        var before = server.RequestCount;
        await source.ObserveAsync([Gpu], default);
        Assert.Equal(3, server.RequestCount - before);
    }

    [Fact]
    public async Task Pages_AQueueVanishesWhileTheyAreRead_NoOtherIsTakenForMissing()
    {
        for (var i = 0; i < 9; i++)
            server.Model.AddQueue($"q{i}");
        server.PageCap = 5;
        var reads = 0;
        server.Before = call =>
        {
            // After the first page its first queue is deleted: the rows behind move up, and one slips between the pages.
            if (call == "queues.get_all" && ++reads == 2)
                server.Model.Queues.Remove(server.Model.QueueNamed("gpu").Id);
        };
        QueueName[] rest = [.. Enumerable.Range(0, 9).Select(i => new QueueName($"q{i}"))];
        using var source = api.Source(s => s with { PageSize = 5 }, time);
        Assert.Equal(rest, (await source.ObserveAsync(rest, default)).Select(l => l.Queue).Order());
    }

    [Fact]
    public async Task Pages_RowsMoveAllTheTime_TheLookFails()
    {
        for (var i = 0; i < 9; i++)
            server.Model.AddQueue($"q{i}");
        server.Falsify = (call, request) => call == "queues.get_all" && request["name"] is null
            ? new JsonObject { ["queues"] = new JsonArray([.. Enumerable.Range(0, 5).Select(i => new JsonObject { ["id"] = $"{i}", ["name"] = $"q{i}", ["entries"] = new JsonArray() })]) }
            : null;
        using var source = api.Source(s => s with { PageSize = 5 }, time);
        Assert.Contains("changed from page to page", await FaultAsync(source), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Queues_ThatTheUiHides_AreSeen()
    {
        server.Model.QueueNamed("gpu").Hidden = true;
        using var source = api.Source(time: time);
        Assert.Single(await source.ObserveAsync([Gpu], default));
    }

    [Theory]
    [InlineData("queues.get_all", "queues")]
    [InlineData("workers.get_all", "workers")]
    [InlineData("tasks.get_all", "tasks")]
    public async Task Answer_WithoutItsList_IsNotTakenForAnEmptyOne(string call, string list)
    {
        server.Falsify = (c, _) => c == call ? new JsonObject() : null;
        using var source = api.Source(time: time);
        Assert.Contains($"no list of {list}", await FaultAsync(source), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Workers_AllDisappearAtOnce_IsNotBelievedForAWhile()
    {
        var gpu = server.Model.QueueNamed("gpu").Id;
        for (var i = 0; i < 3; i++)
            server.Model.Register($"w{i}", [gpu], null, null);
        using var source = api.Source(time: time);
        Assert.Equal(3, (await source.ObserveAsync([Gpu], default))[0].Workers.Count);

        server.Model.Workers.Clear();
        Assert.Contains("showed 3 before", await FaultAsync(source), StringComparison.Ordinal);
        time.Ahead += TimeSpan.FromMinutes(4);
        Assert.Empty((await source.ObserveAsync([Gpu], default))[0].Workers);
    }

    [Fact]
    public async Task Worker_DiedHard_IsStillListedButItsLastReportGrowsOld()
    {
        var gpu = server.Model.QueueNamed("gpu").Id;
        server.Model.Register("w", [gpu], null, null);
        var task = server.Model.Submit("gpu");
        server.Model.Next(gpu);
        server.Model.Report("w", task.Id, [gpu]);
        using var source = api.Source(time: time);

        time.Ahead = TimeSpan.FromMinutes(9);
        var worker = Assert.Single((await source.ObserveAsync([Gpu], default))[0].Workers);
        Assert.Equal([task.Id], worker.Tasks);
        Assert.InRange((time.GetUtcNow() - worker.LastSeen).TotalMinutes, 8.9, 9.2);

        time.Ahead = TimeSpan.FromMinutes(11);
        Assert.Empty((await source.ObserveAsync([Gpu], default))[0].Workers);
    }

    [Fact]
    public async Task Worker_GoesOnWithItsTask_IsNoNewsFromLookToLook()
    {
        var gpu = server.Model.QueueNamed("gpu").Id;
        server.Model.Register("w", [gpu], null, null);
        var task = server.Model.Submit("gpu");
        server.Model.Next(gpu);
        server.Model.Report("w", task.Id, [gpu]);
        using var source = api.Source(time: time);
        var first = (await source.ObserveAsync([Gpu], default))[0].Workers[0];
        time.Ahead = TimeSpan.FromSeconds(5);
        var second = (await source.ObserveAsync([Gpu], default))[0].Workers[0];
        Assert.Equal((first.LastActivity, task.Id), (second.LastActivity, Assert.Single(second.Tasks)));

        server.Model.Report("w", null, [gpu]);
        Assert.NotNull((await source.ObserveAsync([Gpu], default))[0].Workers[0].LastActivity);
    }

    [Fact]
    public async Task Fault11_AQueueIsDeleted_ItsMachinesAreStillSeenAndTheOthersGoOn()
    {
        var old = server.Model.AddQueue("old");
        var gpu = server.Model.QueueNamed("gpu").Id;
        server.Model.Register("dynamic_worker:pool:t:i-1", [old.Id], null, null);
        server.Model.Register("dynamic_worker:pool:t:i-2", [gpu], null, null);
        server.Model.Queues.Remove(old.Id);
        using var source = api.Source(time: time);
        var looks = await source.ObserveAsync([Gpu, new QueueName("old")], default);
        var missing = Assert.Single(looks, l => l.Missing);
        Assert.Equal(("old", 0, "i-1"), (missing.Queue.Value, missing.Pending, Assert.Single(missing.Workers).NativeId));
        Assert.Equal("i-2", Assert.Single(looks.Single(l => l.Queue == Gpu).Workers).NativeId);
    }

    [Fact]
    public async Task Fault11_AllQueuesAreGone_IsUnknownAtFirst()
    {
        server.Model.Register("dynamic_worker:pool:t:i-1", [server.Model.QueueNamed("gpu").Id], null, null);
        server.Model.Queues.Clear();
        using var source = api.Source(time: time);
        Assert.Empty(await source.ObserveAsync([Gpu], default));
        time.Ahead = TimeSpan.FromMinutes(4);
        Assert.True(Assert.Single(await source.ObserveAsync([Gpu], default)).Missing);
    }

    [Fact]
    public async Task Clock_OfTheServerIsAnother_TimesAreToldByOurs()
    {
        var gpu = server.Model.QueueNamed("gpu").Id;
        server.Model.Register("w", [gpu], null, null);
        server.Model.Report("w", null, [gpu]);
        server.Model.Submit("gpu");
        var ours = new QuickTime { Ahead = TimeSpan.FromHours(-5) };
        using var source = api.Source(time: ours);
        var look = Assert.Single(await source.ObserveAsync([Gpu], default));
        Assert.InRange((ours.GetUtcNow() - look.OldestEnqueuedAt!.Value).TotalSeconds, -5, 30);
        Assert.InRange((ours.GetUtcNow() - look.Workers[0].LastSeen).TotalSeconds, -5, 30);
    }

    private static async Task<string> FaultAsync(ClearMlSource source) => (await Assert.ThrowsAsync<SourceException>(() => source.ObserveAsync([Gpu], default))).Message;
}
