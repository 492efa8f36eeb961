using System.Data.Common;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Actors.Serialization;
using ControlPlane.Actors.Storage;
using ControlPlane.Actors.Storage.Journal;
using ControlPlane.Actors.Tests.Shell;
using ControlPlane.Actors.Tests.Storage;
using ControlPlane.Domain.Deciding;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ControlPlane.Actors.Tests.ReadModel;

public abstract class ProjectionTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly TemporaryStorage _directory;
    private readonly FakeTimeProvider _time = new(Start);
    private readonly NodeStorage _storage;
    private readonly Changes _changes = new();
    private readonly Totals _totals = new();

    protected ProjectionTests(StorageProvider provider)
    {
        _directory = new TemporaryStorage(provider);
        _storage = new NodeStorage(_directory.Options(), _time);
    }

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _storage.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _directory.Dispose();
    }

    /// <summary>Sums the additions of each counter, and fails when told to.</summary>
    private sealed class Totals : IProjector
    {
        public bool Broken { get; set; }

        public string SchemaFor(StorageProvider provider) => "CREATE TABLE IF NOT EXISTS totals (id TEXT PRIMARY KEY, total INTEGER NOT NULL)";

        public async Task ApplyAsync(RecordedEvent recorded, DbConnection connection, DbTransaction transaction, CancellationToken cancel)
        {
            if (recorded.Event is not CounterEvent.Added added)
                return;
            var row = new { id = recorded.PersistenceId, added.Amount };
            await connection.ExecuteAsync("INSERT INTO totals VALUES (@id, @Amount) ON CONFLICT (id) DO UPDATE SET total = totals.total + excluded.total", row, transaction);
            if (Broken && added.Amount == 13)
                throw new InvalidOperationException("Thirteen.");
        }
    }

    [Fact]
    public async Task CatchUp_EventsOfSeveralEntities_AppliesEachOnce()
    {
        await WriteAsync("a", 1, 5, 6);
        await WriteAsync("b", 1, 7);
        Assert.Equal(3, await CatchUpAsync());
        await WriteAsync("a", 3, 10);
        Assert.Equal(1, await CatchUpAsync());
        Assert.Equal(0, await CatchUpAsync());
        Assert.Equal(21, Total("a"));
        Assert.Equal(7, Total("b"));
    }

    [Fact]
    public async Task CatchUp_ProjectorFails_NothingOfTheBatchShowsAndItIsTriedAgain()
    {
        await WriteAsync("a", 1, 5, 13);
        using var projection = Projection();
        _totals.Broken = true;
        await Assert.ThrowsAsync<InvalidOperationException>(() => projection.CatchUpAsync(CancellationToken.None));
        Assert.Null(Total("a"));
        _totals.Broken = false;
        Assert.Equal(2, await projection.CatchUpAsync(CancellationToken.None));
        Assert.Equal(18, Total("a"));
    }

    [Fact]
    public async Task CatchUp_AfterCommit_TellsWhatChangedInOrder()
    {
        using var listener = _changes.Subscribe();
        await WriteAsync("a", 1, 1, 2);
        await CatchUpAsync();
        Assert.True(listener.Reader.TryRead(out var first));
        Assert.True(listener.Reader.TryRead(out var second));
        Assert.False(listener.Reader.TryRead(out _));
        Assert.Equal(new RecordedEvent(1, "a", 1, Start, "counter.added.v1", new CounterEvent.Added(1)), first);
        Assert.Equal(2, second.Ordering);
    }

    [Fact]
    public async Task Running_EventWritten_ShowsWithoutWaitingForTheNextLook()
    {
        using var listener = _changes.Subscribe();
        using var projection = Projection();
        await projection.StartAsync(CancellationToken.None);
        await WriteAsync("a", 1, 4);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        Assert.Equal("a", (await listener.Reader.ReadAsync(deadline.Token)).PersistenceId);
        Assert.Equal(4, Total("a"));
        await projection.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Running_BatchFailed_IsTriedAgainAfterThePause()
    {
        using var listener = _changes.Subscribe();
        using var projection = Projection();
        _totals.Broken = true;
        await WriteAsync("a", 1, 13);
        await projection.StartAsync(CancellationToken.None);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        _totals.Broken = false;
        var change = listener.Reader.ReadAsync(deadline.Token).AsTask();
        while (!change.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(250));
            await Task.WhenAny(change, Task.Delay(5, deadline.Token));
        }

        Assert.Equal(1, (await change).Ordering);
        await projection.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task CatchUp_TwoNodesAtOnce_AppliesEachEventOnce()
    {
        for (var i = 1; i <= 40; i++)
            await WriteAsync("a", i, 1);
        using var one = Projection();
        using var other = Projection();
        await Task.WhenAll(one.CatchUpAsync(CancellationToken.None), other.CatchUpAsync(CancellationToken.None));
        Assert.Equal(40, Total("a"));
    }

    [Fact]
    public async Task Changes_ListenerThatDoesNotRead_LosesTheOldest()
    {
        using var listener = _changes.Subscribe(capacity: 2);
        await WriteAsync("a", 1, 1, 1, 1);
        await CatchUpAsync();
        Assert.True(listener.Reader.TryRead(out var change));
        Assert.Equal(2, change.Ordering);
    }

    protected async Task AnotherNodeAppliesABatchAsync()
    {
        await WriteAsync("a", 1, 1);
        await CatchUpAsync();
        await WriteAsync("a", 2, 1);
        using var projection = Projection();
        await using (var other = await _storage.Database.OpenAsync(CancellationToken.None))
        {
            await using var batch = await other.BeginTransactionAsync();
            await other.ExecuteAsync("SELECT * FROM projection_offset FOR UPDATE", transaction: batch);
            Assert.Equal(0, await projection.CatchUpAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60)));
        }

        Assert.Equal(1, await projection.CatchUpAsync(CancellationToken.None));
        Assert.Equal(2, Total("a"));
    }

    private async Task<int> CatchUpAsync()
    {
        using var projection = Projection();
        return await projection.CatchUpAsync(CancellationToken.None);
    }

    private Projection Projection() =>
        new(_storage, CounterManifests.All, [_totals], _changes, new ProjectionOptions { BatchSize = 2 }, _time, NullLogger<Projection>.Instance);

    private Task WriteAsync(string id, long from, params int[] amounts) => _storage.Events!.AppendAsync(
        id,
        [.. amounts.Select((amount, i) => Row(from + i, new CounterEvent.Added(amount)))],
        CancellationToken.None);

    private EventRow Row(long number, IEvent e) =>
        new(number, _time.GetUtcNow().UtcTicks, CounterManifests.All.NameOf(e), ManifestSerializer.StoredIdentifier, CounterManifests.All.Write(e), "writer");

    private long? Total(string id)
    {
        using var connection = _storage.Database.Open();
        return connection.ExecuteScalar<long?>("SELECT total FROM totals WHERE id = @id", new { id });
    }
}

public sealed class ProjectionSqliteTests() : ProjectionTests(StorageProvider.Sqlite);

public sealed class ProjectionPostgreSqlTests() : ProjectionTests(StorageProvider.PostgreSql)
{
    /// <summary>A node that stands still in the middle of a batch holds the row; the others wait for nothing but their next turn.</summary>
    [Fact]
    public Task CatchUp_AnotherNodeAppliesABatch_DoesNotWaitAndGoesOnAfterwards() => AnotherNodeAppliesABatchAsync();
}
