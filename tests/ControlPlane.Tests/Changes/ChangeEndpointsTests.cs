using System.Net;
using System.Text.Json;
using ControlPlane.Host.Tests.Hosting;

namespace ControlPlane.Host.Tests.Changes;

public sealed class ChangeEndpointsTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Stream_ThatBrokeInTheMiddle_GoesOnWithoutAGap()
    {
        await api.ApplyAsync(ApiFixture.Document(10, 2, "5m", "stream", "other"));
        api.World.Submit("stream", 2);
        api.World.Submit("other", 1);
        await ApiFixture.EventuallyAsync(async () => (await api.ItemsAsync("/api/v1/instances?phase=idle")).Length == 3, "three instances are idle");

        List<Change> whole;
        await using (var stream = await OpenAsync("/api/v1/events?after=0"))
            whole = await stream.UntilAsync(c => c.Count(x => x.What == "worker-registered") == 3);
        Assert.Equal(whole.Select(c => c.Id).Order(), whole.Select(c => c.Id));
        Assert.Equal(whole.Count, whole.Select(c => c.Id).Distinct().Count());
        Assert.Superset(new HashSet<string> { "instance", "decision", "ledger", "configuration" }, whole.Select(c => c.Event).ToHashSet());

        var broken = whole[whole.Count / 2];
        await using (var resumed = await OpenAsync("/api/v1/events", broken.Id))
            Assert.Equal(whole.Where(c => c.Id > broken.Id), await resumed.UntilAsync(c => c[^1].Id >= whole[^1].Id));

        await using var filtered = await OpenAsync("/api/v1/events?after=0&queue=other&kinds=instance,decision");
        var others = await filtered.UntilAsync(c => c.Any(x => x.What == "worker-registered"));
        Assert.Equal(whole.Where(c => c is { Queue: "other", Event: "instance" or "decision" } && c.Id <= others[^1].Id), others);
    }

    [Fact]
    public async Task Stream_FromNowOn_ShowsWhatHappensLiveAndIsAliveMeanwhile()
    {
        await api.ApplyAsync(ApiFixture.Document(10, 2, "5m", "live"));
        await using var stream = await OpenAsync("/api/v1/events?kinds=configuration");
        await stream.UntilCommentAsync("alive");
        Assert.Empty(stream.Seen);
        await api.ApplyAsync(ApiFixture.Document(10, 3, "5m", "live"));
        var change = Assert.Single(await stream.UntilAsync(c => c.Count == 1));
        Assert.Equal(("configuration", "applied"), (change.Event, change.What));
        Assert.Contains("maxInstances changes from 2 to 3", change.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_IdThatIsNone_IsRefused()
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/events");
        request.Headers.TryAddWithoutValidation("Last-Event-ID", "latest");
        var problem = await api.ProblemAsync(HttpStatusCode.BadRequest, "invalid-request", request);
        Assert.True(problem.GetProperty("errors").TryGetProperty("Last-Event-ID", out _));
    }

    private async Task<EventStream> OpenAsync(string path, long? last = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (last is not null)
            request.Headers.TryAddWithoutValidation("Last-Event-ID", last.ToString());
        var answer = await api.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        return new EventStream(answer, new StreamReader(await answer.Content.ReadAsStreamAsync()));
    }

    private sealed record Change(long Id, string Event, string? Queue, string What, string Sentence);

    private sealed class EventStream(HttpResponseMessage answer, StreamReader reader) : IAsyncDisposable
    {
        private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));

        public List<Change> Seen { get; } = [];

        public async Task<List<Change>> UntilAsync(Func<List<Change>, bool> enough)
        {
            long id = 0;
            var name = "";
            while (Seen.Count == 0 || !enough(Seen))
            {
                var line = await reader.ReadLineAsync(_patience.Token) ?? throw new InvalidOperationException("The stream has ended.");
                if (line.StartsWith("id: ", StringComparison.Ordinal))
                    id = long.Parse(line[4..]);
                else if (line.StartsWith("event: ", StringComparison.Ordinal))
                    name = line[7..];
                else if (line.StartsWith("data: ", StringComparison.Ordinal))
                    Seen.Add(Read(id, name, JsonDocument.Parse(line[6..]).RootElement));
            }

            return Seen;
        }

        public async Task UntilCommentAsync(string comment)
        {
            while (await reader.ReadLineAsync(_patience.Token) is { } line && line != $": {comment}")
                Assert.False(line.StartsWith("data", StringComparison.Ordinal), line);
        }

        public ValueTask DisposeAsync()
        {
            _patience.Dispose();
            reader.Dispose();
            answer.Dispose();
            return ValueTask.CompletedTask;
        }

        private static Change Read(long id, string name, JsonElement data)
        {
            Assert.Equal(id, data.GetProperty("id").GetInt64());
            Assert.Equal(name, data.GetProperty("topic").GetString());
            return new Change(id, name, data.GetProperty("queue").GetString(), data.GetProperty("what").GetString()!, data.GetProperty("sentence").GetString()!);
        }
    }
}
