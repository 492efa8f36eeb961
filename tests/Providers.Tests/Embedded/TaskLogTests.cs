using ControlPlane.Providers.Embedded;
using ControlPlane.Providers.Storage;

namespace ControlPlane.Providers.Tests.Embedded;

public abstract class TaskLogTests(DatabaseKind kind)
{
    [Fact]
    public async Task Append_Repeated_AddsNothing()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync();
        await fixture.ClaimAndStartAsync();
        LogPiece[] pieces = [new(id, "one", 1, 1), new(id, "two\nthree\n", 1, 2)];

        await fixture.Queue.AppendLogAsync(pieces, default);
        var repeated = await fixture.Queue.AppendLogAsync([.. pieces, new LogPiece(id, "four", 1)], default);

        Assert.Equal(3, repeated.Added);
        Assert.Equal("one\ntwo\nthree\nfour\n", await ReadAsync(fixture, id));
        Assert.Equal(["two\nthree\n", "four\n"], (await fixture.Queue.TailLogAsync(id, 2, default)).Select(chunk => chunk.Text));
    }

    [Fact]
    public async Task Append_KeepsAttemptsApart_AndRefusesOnesThatNeverWere()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync();
        await fixture.ClaimAndStartAsync();
        await fixture.Queue.UnregisterAsync(EmbeddedFixture.Worker, default);
        await fixture.ClaimAndStartAsync(EmbeddedFixture.OtherWorker);

        var result = await fixture.Queue.AppendLogAsync([new(id, "second", 2, 1), new(id, "late word of the first", 1, 7), new(id, "never", 3, 1), new("nothing", "?")], default);

        Assert.Equal((2, 2), (result.Added, result.Refused.Count));
        Assert.Equal("late word of the first\nsecond\n", await ReadAsync(fixture, id));
    }

    [Fact]
    public async Task Append_OverTheLimit_StopsWithAMarker()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind, new EmbeddedQueueOptions { LogLimitBytes = 1024 });
        var id = await fixture.SubmitAsync();
        await fixture.ClaimAndStartAsync();

        var line = new string('x', 299);
        await fixture.Queue.AppendLogAsync([.. Enumerable.Range(1, 10).Select(i => new LogPiece(id, line, 1, i))], default);
        await fixture.Queue.AppendLogAsync([new LogPiece(id, "short", 1, 11)], default);

        var lines = (await ReadAsync(fixture, id)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([line, line, line, "[the log reached its limit of 1024 bytes; what came later was not kept]"], lines);
    }

    private static async Task<string> ReadAsync(EmbeddedFixture fixture, string id)
    {
        var text = "";
        LogChunk? last = null;
        while (await fixture.Queue.ReadLogAsync(id, last, 2, default) is { Count: > 0 } chunks)
        {
            text += string.Concat(chunks.Select(chunk => chunk.Text));
            last = chunks[^1];
        }

        return text;
    }
}

public sealed class TaskLogSqliteTests() : TaskLogTests(DatabaseKind.Sqlite);

public sealed class TaskLogPostgreSqlTests() : TaskLogTests(DatabaseKind.PostgreSql);
