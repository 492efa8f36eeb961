using System.Text;
using ControlPlane.Actors.Storage;
using ControlPlane.Actors.Storage.Journal;
using Dapper;
using Microsoft.Data.Sqlite;

namespace ControlPlane.Actors.Tests.Storage;

public sealed class SqliteEventStoreTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly TemporaryStorage _directory = new();
    private readonly Database _database;
    private readonly SqliteEventStore _store;

    public SqliteEventStoreTests()
    {
        _database = new Database(_directory.Options());
        _store = new SqliteEventStore(_database, _directory.Options());
    }

    public void Dispose()
    {
        _store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _database.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Append_ThenRead_GivesTheEventsInOrder()
    {
        await _store.AppendAsync("a", Events(1, 3), None);
        await _store.AppendAsync("a", Events(4, 2), None);
        var stream = await _store.ReadAsync("a", 2, long.MaxValue, long.MaxValue, None);
        Assert.Equal([2, 3, 4, 5], stream.Events.Select(e => e.SequenceNr));
        Assert.Equal(5, stream.HighestSequenceNr);
        Assert.Equal("""{"n":2}""", Encoding.UTF8.GetString(stream.Events[0].Message));
        Assert.Equal("test.v1", stream.Events[0].Manifest);
    }

    [Fact]
    public async Task Read_EmptyStreamOrBehindItsEnd_StillKnowsTheHighestNumber()
    {
        Assert.Equal(0, (await _store.ReadAsync("nobody", 1, long.MaxValue, long.MaxValue, None)).HighestSequenceNr);
        await _store.AppendAsync("a", Events(1, 3), None);
        var stream = await _store.ReadAsync("a", 10, long.MaxValue, long.MaxValue, None);
        Assert.Empty(stream.Events);
        Assert.Equal(3, stream.HighestSequenceNr);
    }

    [Fact]
    public async Task Append_NumberTakenInAGroup_OnlyTheCulpritFailsAndWholly()
    {
        await _store.AppendAsync("culprit", Events(1, 2), None);
        await _database.WriteTurn.WaitAsync();
        var innocents = Enumerable.Range(0, 100).Select(i => _store.AppendAsync($"innocent-{i}", Events(1, 2), None)).ToList();
        var culprit = _store.AppendAsync("culprit", Events(2, 2), None);
        var later = _store.AppendAsync("later", Events(1, 1), None);
        _database.WriteTurn.Release();

        await Task.WhenAll(innocents);
        await later;
        var fault = await Assert.ThrowsAsync<SqliteException>(() => culprit);
        Assert.True(StorageFaults.IsFence(fault));
        Assert.Equal(2, (await _store.ReadAsync("culprit", 1, long.MaxValue, long.MaxValue, None)).HighestSequenceNr);
    }

    [Fact]
    public async Task Read_WriteOfThisEntityUnderWay_WaitsForIt()
    {
        await _database.WriteTurn.WaitAsync();
        var write = _store.AppendAsync("a", Events(1, 1), None);
        var read = _store.ReadAsync("a", 1, long.MaxValue, long.MaxValue, None);
        Assert.False(read.IsCompleted);
        _database.WriteTurn.Release();
        await write;
        Assert.Equal(1, (await read).HighestSequenceNr);
    }

    [Fact]
    public async Task DeleteTo_WholeStream_RemembersItsHighestNumber()
    {
        await _store.AppendAsync("a", Events(1, 5), None);
        await _store.DeleteToAsync("a", 3, None);
        Assert.Equal([4, 5], (await _store.ReadAsync("a", 1, long.MaxValue, long.MaxValue, None)).Events.Select(e => e.SequenceNr));
        await _store.DeleteToAsync("a", 5, None);
        var stream = await _store.ReadAsync("a", 1, long.MaxValue, long.MaxValue, None);
        Assert.Empty(stream.Events);
        Assert.Equal(5, stream.HighestSequenceNr);
    }

    [Fact]
    public async Task Snapshot_SavedTwice_TheOlderIsGone()
    {
        await _store.SaveSnapshotAsync(new SnapshotRow("a", 5, 100, "s.v1", 1, [1]), None);
        await _store.SaveSnapshotAsync(new SnapshotRow("a", 9, 200, "s.v1", 1, [2]), None);
        Assert.Null(await _store.LoadSnapshotAsync("a", 8, long.MaxValue, None));
        Assert.Equal([2], (await _store.LoadSnapshotAsync("a", long.MaxValue, long.MaxValue, None))!.Snapshot);
        await _store.DeleteSnapshotsAsync("a", 0, long.MaxValue, None);
        Assert.Null(await _store.LoadSnapshotAsync("a", long.MaxValue, long.MaxValue, None));
    }

    [Fact]
    public async Task Ordering_ManyEntities_NumbersAllEventsWithoutHoles()
    {
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => _store.AppendAsync($"e-{i}", Events(1, 3), None)));
        await using var connection = _database.Open();
        var orderings = connection.Query<long>("SELECT ordering FROM journal ORDER BY ordering").ToList();
        Assert.Equal(Enumerable.Range(1, 600).Select(i => (long)i), orderings);
    }

    [Fact]
    public void Open_DirectoryThatCannotBe_SaysWhichSetting()
    {
        var file = Path.Combine(_directory.Path, "file");
        File.WriteAllText(file, "");
        var fault = Assert.Throws<InvalidOperationException>(() => new Database(new StorageOptions { Path = file }));
        Assert.Contains("Storage:Path", fault.Message, StringComparison.Ordinal);
        Assert.Contains(file, fault.Message, StringComparison.Ordinal);
    }

    private static List<EventRow> Events(long from, int count) =>
        [.. Enumerable.Range(0, count).Select(i => new EventRow(from + i, 1, "test.v1", 7, Encoding.UTF8.GetBytes($$"""{"n":{{from + i}}}"""), "writer"))];
}
