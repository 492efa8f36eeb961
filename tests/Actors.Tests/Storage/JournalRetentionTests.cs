using ControlPlane.Actors.Storage;
using ControlPlane.Actors.Storage.Journal;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ControlPlane.Actors.Tests.Storage;

public sealed class JournalRetentionTests : IAsyncDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly TemporaryStorage _directory = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly NodeStorage _storage;
    private readonly JournalRetention _retention;

    public JournalRetentionTests()
    {
        _storage = new NodeStorage(new StorageOptions { Path = _directory.Path, Durability = Durability.Process, KeepEvents = TimeSpan.FromDays(2) }, _time);
        _retention = new JournalRetention(_storage, _time, NullLogger<JournalRetention>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        _retention.Dispose();
        await _storage.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Delete_OldEventsUnderASnapshot_GoAndTheStreamKnowsItsEnd()
    {
        await Append("queue-a", 1, 1200);
        await Snapshot("queue-a", 1200);
        Projected(long.MaxValue);
        _time.Advance(TimeSpan.FromDays(3));
        Assert.Equal(1199, await _retention.DeleteAsync(None));
        var stream = await _storage.Events!.ReadAsync("queue-a", 1, long.MaxValue, long.MaxValue, None);
        Assert.Equal(1200, Assert.Single(stream.Events).SequenceNr);
        Assert.Equal(1200, stream.HighestSequenceNr);
        Assert.Equal(0, await _retention.DeleteAsync(None));
    }

    [Fact]
    public async Task Delete_EventsBehindTheSnapshotOrYoung_Stay()
    {
        await Append("queue-a", 1, 10);
        _time.Advance(TimeSpan.FromDays(3));
        await Append("queue-a", 11, 10);
        await Snapshot("queue-a", 5);
        Projected(long.MaxValue);
        Assert.Equal(4, await _retention.DeleteAsync(None));
        await Snapshot("queue-a", 20);
        Assert.Equal(6, await _retention.DeleteAsync(None));
        Assert.Equal(10, (await _storage.Events!.ReadAsync("queue-a", 1, long.MaxValue, long.MaxValue, None)).Events.Count);
    }

    [Theory]
    [InlineData("ledger-a")]
    [InlineData("catalog")]
    public async Task Delete_StreamsThatAreKept_Stay(string stream)
    {
        await Append(stream, 1, 10);
        await Snapshot(stream, 10);
        Projected(long.MaxValue);
        _time.Advance(TimeSpan.FromDays(4000));
        Assert.Equal(0, await _retention.DeleteAsync(None));
    }

    [Fact]
    public async Task Delete_WhatTheReadModelHasNot_Stays()
    {
        await Append("gateway-a", 1, 10);
        await Snapshot("gateway-a", 10);
        _time.Advance(TimeSpan.FromDays(3));
        Assert.Equal(0, await _retention.DeleteAsync(None));
        Projected(3);
        Assert.Equal(3, await _retention.DeleteAsync(None));
    }

    private Task Append(string stream, int from, int count) => _storage.Events!.AppendAsync(
        stream, [.. Enumerable.Range(from, count).Select(n => new EventRow(n, _time.GetUtcNow().UtcTicks, "test.v1", 1, [1], "w"))], None);

    private Task Snapshot(string stream, long number) =>
        _storage.Events!.SaveSnapshotAsync(new SnapshotRow(stream, number, _time.GetUtcNow().UtcTicks, "s.v1", 1, [1]), None);

    private void Projected(long ordering)
    {
        using var connection = _storage.Database.Open();
        connection.Execute("INSERT INTO projection_offset (name, ordering) VALUES ('r', @ordering) ON CONFLICT (name) DO UPDATE SET ordering = excluded.ordering", new { ordering });
    }
}
