using System.Data.Common;
using System.Text;
using ControlPlane.Actors.Serialization;
using ControlPlane.Actors.Storage;
using ControlPlane.Actors.Storage.Journal;
using ControlPlane.Actors.Tests.Shell;
using Dapper;
using Npgsql;

namespace ControlPlane.Actors.Tests.Storage;

public abstract class EventStoreTests : IDisposable
{
    private protected static readonly CancellationToken None = CancellationToken.None;
    private readonly TemporaryStorage _directory;
    private readonly NodeStorage _node;

    protected EventStoreTests(StorageProvider provider)
    {
        _directory = new TemporaryStorage(provider);
        _node = new NodeStorage(_directory.Options(), TimeProvider.System);
    }

    private protected Database Database => _node.Database;

    private protected EventStore Store => _node.Events!;

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _node.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _directory.Dispose();
    }

    /// <summary>Keeps the writer waiting until disposed.</summary>
    protected abstract Task<IAsyncDisposable> HoldWriterAsync();

    [Fact]
    public async Task Append_ThenRead_GivesTheEventsInOrder()
    {
        await Store.AppendAsync("a", Events(1, 3), None);
        await Store.AppendAsync("a", Events(4, 2), None);
        var stream = await Store.ReadAsync("a", 2, long.MaxValue, long.MaxValue, None);
        Assert.Equal([2, 3, 4, 5], stream.Events.Select(e => e.SequenceNr));
        Assert.Equal(5, stream.HighestSequenceNr);
        Assert.Equal("""{"n":2}""", Encoding.UTF8.GetString(stream.Events[0].Message));
        Assert.Equal("test.v1", stream.Events[0].Manifest);
    }

    [Fact]
    public async Task Require_OfWhatWasWritten_RefusesWhoDoesNotKnowIt()
    {
        var older = Manifests.Of(new ManifestTable().Event("test.v1", CounterJson.Default.Added));
        await Store.AppendAsync("a", Events(1, 1), None);
        KnownManifests.Require(Database, older);
        await Store.AppendAsync("a", [.. Events(2, 1).Select(e => e with { Manifest = "test.v2" })], None);
        await Store.SaveSnapshotAsync(new SnapshotRow("a", 2, 0, "state.v2", 1, [1]), None);
        var fault = Assert.Throws<InvalidOperationException>(() => KnownManifests.Require(Database, older));
        Assert.Contains("'state.v2' (2 in all)", fault.Message, StringComparison.Ordinal);
        Assert.Contains("newer version", fault.Message, StringComparison.Ordinal);
        KnownManifests.Require(Database, Manifests.Of(new ManifestTable()
            .Event("test.v2", CounterJson.Default.Added)
            .Former("test.v1", CounterJson.Default.Incremented, former => new CounterEvent.Added(former.By))
            .Snapshot("state.v2", CounterJson.Default.CounterState)));
    }

    /// <summary>The first events of a kind: the note of their manifest is written once, and one that failed is written by whoever comes next.</summary>
    [Fact]
    public async Task Append_FirstOfManyAtOnce_AllAreWrittenAndTheNoteOnce()
    {
        await Task.WhenAll(Enumerable.Range(0, 300).Select(i => Store.AppendAsync($"a-{i}", Events(1, 1), None)));
        Assert.Equal(["test.v1"], KnownManifests.Require(Database, Manifests.Of(new ManifestTable().Event("test.v1", CounterJson.Default.Added))));
        using (var connection = Database.Open())
            await connection.ExecuteAsync("ALTER TABLE journal_manifest RENAME TO away");
        EventRow[] other = [.. Events(1, 1).Select(e => e with { Manifest = "other.v1" })];
        await Assert.ThrowsAnyAsync<DbException>(() => Store.AppendAsync("b", other, None));
        Assert.Equal(0, (await Store.ReadAsync("b", 1, long.MaxValue, long.MaxValue, None)).HighestSequenceNr);
        using (var connection = Database.Open())
            await connection.ExecuteAsync("ALTER TABLE away RENAME TO journal_manifest");
        await Store.AppendAsync("b", other, None);
        Assert.Equal(1, (await Store.ReadAsync("b", 1, long.MaxValue, long.MaxValue, None)).HighestSequenceNr);
    }

    [Fact]
    public async Task Read_EmptyStreamOrBehindItsEnd_StillKnowsTheHighestNumber()
    {
        Assert.Equal(0, (await Store.ReadAsync("nobody", 1, long.MaxValue, long.MaxValue, None)).HighestSequenceNr);
        await Store.AppendAsync("a", Events(1, 3), None);
        var stream = await Store.ReadAsync("a", 10, long.MaxValue, long.MaxValue, None);
        Assert.Empty(stream.Events);
        Assert.Equal(3, stream.HighestSequenceNr);
    }

    [Fact]
    public async Task Append_NumberTakenInAGroup_OnlyTheCulpritFailsAndWholly()
    {
        await Store.AppendAsync("culprit", Events(1, 2), None);
        var hold = await HoldWriterAsync();
        var innocents = Enumerable.Range(0, 100).Select(i => Store.AppendAsync($"innocent-{i}", Events(1, 2), None)).ToList();
        var culprit = Store.AppendAsync("culprit", Events(2, 2), None);
        var later = Store.AppendAsync("later", Events(1, 1), None);
        await hold.DisposeAsync();

        await Task.WhenAll(innocents);
        await later;
        var fault = await Assert.ThrowsAnyAsync<DbException>(() => culprit);
        Assert.True(StorageFaults.IsFence(fault));
        Assert.Equal(2, (await Store.ReadAsync("culprit", 1, long.MaxValue, long.MaxValue, None)).HighestSequenceNr);
    }

    [Fact]
    public async Task Read_WriteOfThisEntityUnderWay_WaitsForIt()
    {
        var hold = await HoldWriterAsync();
        var write = Store.AppendAsync("a", Events(1, 1), None);
        var read = Store.ReadAsync("a", 1, long.MaxValue, long.MaxValue, None);
        Assert.False(read.IsCompleted);
        await hold.DisposeAsync();
        await write;
        Assert.Equal(1, (await read).HighestSequenceNr);
    }

    [Fact]
    public async Task DeleteTo_WholeStream_RemembersItsHighestNumber()
    {
        await Store.AppendAsync("a", Events(1, 5), None);
        await Store.DeleteToAsync("a", 3, None);
        Assert.Equal([4, 5], (await Store.ReadAsync("a", 1, long.MaxValue, long.MaxValue, None)).Events.Select(e => e.SequenceNr));
        await Store.DeleteToAsync("a", 5, None);
        var stream = await Store.ReadAsync("a", 1, long.MaxValue, long.MaxValue, None);
        Assert.Empty(stream.Events);
        Assert.Equal(5, stream.HighestSequenceNr);
    }

    [Fact]
    public async Task Snapshot_SavedTwice_TheOlderIsGone()
    {
        await Store.SaveSnapshotAsync(new SnapshotRow("a", 5, 100, "s.v1", 1, [1]), None);
        await Store.SaveSnapshotAsync(new SnapshotRow("a", 9, 200, "s.v1", 1, [2]), None);
        Assert.Null(await Store.LoadSnapshotAsync("a", 8, long.MaxValue, None));
        Assert.Equal([2], (await Store.LoadSnapshotAsync("a", long.MaxValue, long.MaxValue, None))!.Snapshot);
        await Store.DeleteSnapshotsAsync("a", 0, long.MaxValue, None);
        Assert.Null(await Store.LoadSnapshotAsync("a", long.MaxValue, long.MaxValue, None));
    }

    [Fact]
    public async Task Ordering_ManyEntities_NumbersAllEventsWithoutHoles()
    {
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Store.AppendAsync($"e-{i}", Events(1, 3), None)));
        await using var connection = Database.Open();
        var orderings = connection.Query<long>("SELECT ordering FROM journal ORDER BY ordering").ToList();
        Assert.Equal(Enumerable.Range(1, 600).Select(i => (long)i), orderings);
    }

    private protected static List<EventRow> Events(long from, int count) =>
        [.. Enumerable.Range(0, count).Select(i => new EventRow(from + i, 1, "test.v1", 7, Encoding.UTF8.GetBytes($$"""{"n":{{from + i}}}"""), "writer"))];
}

public sealed class SqliteEventStoreTests() : EventStoreTests(StorageProvider.Sqlite)
{
    [Fact]
    public void Open_DirectoryThatCannotBe_SaysWhichSetting()
    {
        var directory = Directory.CreateTempSubdirectory("controlplane-test-");
        var file = Path.Combine(directory.FullName, "file");
        File.WriteAllText(file, "");
        var fault = Assert.Throws<InvalidOperationException>(() => new Database(new StorageOptions { Path = file }));
        Assert.Contains("Storage:Path", fault.Message, StringComparison.Ordinal);
        Assert.Contains(file, fault.Message, StringComparison.Ordinal);
        directory.Delete(recursive: true);
    }

    protected override async Task<IAsyncDisposable> HoldWriterAsync()
    {
        await Database.WriteTurn.WaitAsync();
        return new Hold(Database);
    }

    private sealed class Hold(Database database) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            database.WriteTurn.Release();
            return ValueTask.CompletedTask;
        }
    }
}

public sealed class PostgresEventStoreTests() : EventStoreTests(StorageProvider.PostgreSql)
{
    [Fact]
    public async Task Append_TwoNodes_EventsBecomeVisibleInTheOrderOfTheirNumbers()
    {
        var options = Database.Options;
        await using var other = new NodeStorage(options, TimeProvider.System);
        var writes = Enumerable.Range(0, 400).Select(i => (i % 2 == 0 ? Store : other.Events!).AppendAsync($"e-{i}", Events(1, 2), None)).ToList();
        long seen = 0;
        await using var connection = Database.Open();
        do
        {
            // What is behind the highest number at one look must not grow at a later one.
            var now = connection.Query<long>("SELECT ordering FROM journal ORDER BY ordering").ToList();
            Assert.Equal(now.Count, now.Count == 0 ? 0 : now[^1]);
            seen = now.Count;
        }
        while (seen < 800 && !writes.Exists(w => w.IsFaulted));
        await Task.WhenAll(writes);
    }

    [Fact]
    public async Task Append_TwoIncarnationsOnTwoNodes_OneIsRefusedAndNothingIsWrittenTwice()
    {
        await using var other = new NodeStorage(Database.Options, TimeProvider.System);
        var refused = 0;
        for (var i = 0; i < 50; i++)
        {
            var both = new[] { Store.AppendAsync("a", Events(i + 1, 1), None), other.Events!.AppendAsync("a", Events(i + 1, 1), None) };
            await Task.WhenAll(both.Select(async write =>
            {
                try
                {
                    await write;
                }
                catch (PostgresException fault) when (StorageFaults.IsFence(fault))
                {
                    Interlocked.Increment(ref refused);
                }
            }));
        }

        Assert.Equal(50, refused);
        Assert.Equal(50, (await Store.ReadAsync("a", 1, long.MaxValue, long.MaxValue, None)).Events.Count);
    }

    [Fact]
    public async Task Append_ConnectionBroken_FailsAndTheNextOneWorks()
    {
        await Store.AppendAsync("a", Events(1, 1), None);
        await using (var connection = new NpgsqlConnection(Database.Options.ConnectionString + ";Pooling=false"))
        {
            await connection.OpenAsync();
            await connection.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        }

        await Assert.ThrowsAnyAsync<DbException>(() => Store.AppendAsync("a", Events(2, 1), None));
        await Store.AppendAsync("a", Events(2, 1), None);
        Assert.Equal(2, (await Store.ReadAsync("a", 1, long.MaxValue, long.MaxValue, None)).HighestSequenceNr);
    }

    [Fact]
    public async Task Read_ManyStreamsAtOnce_EachGetsItsOwn()
    {
        await Task.WhenAll(Enumerable.Range(1, 300).Select(i => Store.AppendAsync($"e-{i}", Events(1, i % 5), None)));
        var streams = await Task.WhenAll(Enumerable.Range(1, 300).Select(i => Store.ReadAsync($"e-{i}", 2, long.MaxValue, long.MaxValue, None)));
        Assert.Equal(Enumerable.Range(1, 300).Select(i => (long)(i % 5)), streams.Select(s => s.HighestSequenceNr));
        Assert.All(streams, s => Assert.Equal(Math.Max(0, s.HighestSequenceNr - 1), s.Events.Count));
    }

    [Fact]
    public void Open_NewerSchema_IsRefusedAndSaysWhatToDo()
    {
        using (var connection = Database.Open())
            connection.Execute("UPDATE schema_version SET version = 99 WHERE component = 'journal'");
        var fault = Assert.Throws<InvalidOperationException>(() => new Database(Database.Options));
        Assert.Contains("schema 99 of 'journal'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("newer version", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_EmptyDatabaseByManyAtOnce_AllWork()
    {
        using var storage = new TemporaryStorage(StorageProvider.PostgreSql);
        var databases = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => new Database(storage.Options()))));
        Assert.All(databases, d => d.Dispose());
    }

    [Fact]
    public void Open_ServerThatIsNotThere_SaysWhichSettingAndNoPassword()
    {
        var fault = Assert.Throws<InvalidOperationException>(
            () => new Database(new StorageOptions { ConnectionString = "Host=127.0.0.1;Port=1;Username=u;Password=secret;Database=d;Timeout=2" }));
        Assert.Contains("Storage:ConnectionString", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault.ToString(), StringComparison.Ordinal);
    }

    protected override async Task<IAsyncDisposable> HoldWriterAsync()
    {
        var connection = new NpgsqlConnection(Database.Options.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await connection.ExecuteAsync("SELECT pg_advisory_lock(@Lock)", new { Lock = PostgresWriter.AppendLock });
        return connection;
    }
}
