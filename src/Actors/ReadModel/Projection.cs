using System.Data.Common;
using System.Diagnostics.Metrics;
using ControlPlane.Actors.Serialization;
using ControlPlane.Actors.Storage;
using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Actors.ReadModel;

/// <summary>
/// Follows the journal in its order and lets the projectors bring the read model up to it. Each batch and the offset behind it are one transaction, so no event is
/// applied twice or left out. A batch that fails is tried again with back-off: nothing is ever skipped.
/// </summary>
public sealed partial class Projection : BackgroundService
{
    private const string SelectOffset = "SELECT ordering FROM projection_offset WHERE name = @name";

    private const string FirstOffset = "INSERT INTO projection_offset (name, ordering) VALUES (@name, 0) ON CONFLICT (name) DO NOTHING";

    /// <summary>All nodes of a cluster follow the journal: whoever has the row applies the batch, and the others look again when they are woken. None waits for a node that stands still.</summary>
    private const string LockOffset = "SELECT ordering FROM projection_offset WHERE name = @name FOR UPDATE SKIP LOCKED";

    private const string SaveOffset = """
        INSERT INTO projection_offset (name, ordering) VALUES (@name, @ordering) ON CONFLICT (name) DO UPDATE SET ordering = excluded.ordering
        """;

    private const string SelectBatch = """
        SELECT ordering, persistence_id AS PersistenceId, sequence_number AS SequenceNumber, created, manifest, message FROM journal WHERE ordering > @offset ORDER BY ordering LIMIT @limit
        """;

    private static readonly Meter Meter = new("ControlPlane");
    private static readonly Counter<long> Applied = Meter.CreateCounter<long>("controlplane.projection.events", description: "Events applied to the read model");
    private static readonly Counter<long> Failures = Meter.CreateCounter<long>("controlplane.projection.failures", description: "Batches that failed and are tried again");
    private static readonly Histogram<double> Lag = Meter.CreateHistogram<double>("controlplane.projection.lag", "s", "From writing an event to its showing in the read model");

    private readonly NodeStorage _storage;
    private readonly Manifests _manifests;
    private readonly IReadOnlyList<IProjector> _projectors;
    private readonly Changes _changes;
    private readonly ProjectionOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<Projection> _log;
    private readonly SemaphoreSlim _woken = new(0, 1);
    private readonly SemaphoreSlim _step = new(1, 1);
    private long? _offset;

    public Projection(
        NodeStorage storage, Manifests manifests, IEnumerable<IProjector> projectors, Changes changes, ProjectionOptions options, TimeProvider time, ILogger<Projection> log)
    {
        _storage = storage;
        _manifests = manifests;
        _projectors = [.. projectors];
        _changes = changes;
        _options = options;
        _time = time;
        _log = log;
        storage.Written += Wake;
    }

    /// <summary>Applies all events that are there. For tests, and for a start that waits until the read model is current.</summary>
    /// <returns>How many events were applied.</returns>
    public async Task<int> CatchUpAsync(CancellationToken cancel)
    {
        await _step.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            var total = 0;
            while (await StepAsync(cancel).ConfigureAwait(false) is > 0 and var count)
                total += count;
            return total;
        }
        finally
        {
            _step.Release();
        }
    }

    public override void Dispose()
    {
        _storage.Written -= Wake;
        _woken.Dispose();
        _step.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host starts the next service when this one first waits.
        await Task.Yield();
        using var poll = _time.CreateTimer(_ => Wake(), null, TimeSpan.Zero, _options.PollInterval);
        var failures = 0;
        var notBefore = DateTimeOffset.MinValue;
        while (true)
        {
            await _woken.WaitAsync(stoppingToken).ConfigureAwait(false);
            if (_time.GetUtcNow() < notBefore)
                continue;
            try
            {
                await CatchUpAsync(stoppingToken).ConfigureAwait(false);
                failures = 0;
            }
            catch (Exception fault) when (fault is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                // The read model lags until the cause is gone; the entities do not need it.
                failures++;
                Failures.Add(1);
                var pause = Pause(failures);
                notBefore = _time.GetUtcNow() + pause;
                BatchFailed(_log, fault, _offset ?? 0, failures, pause);
            }
        }
    }

    private TimeSpan Pause(int failures)
    {
        var pause = _options.RetryAfter * Math.Pow(2, Math.Min(failures - 1, 20));
        return pause < _options.RetryAtMostAfter ? pause : _options.RetryAtMostAfter;
    }

    private async Task<int> StepAsync(CancellationToken cancel)
    {
        await using var connection = await _storage.Database.OpenAsync(cancel).ConfigureAwait(false);
        var offset = _offset ??= await StartAsync(connection, cancel).ConfigureAwait(false);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(SelectBatch, new { offset, limit = _options.BatchSize }, cancellationToken: cancel)).ConfigureAwait(false);
        var batch = UpToHole(rows.AsList(), offset);
        if (batch.Count == 0)
            return 0;

        var events = batch.ConvertAll(Record);
        if (await CommitAsync(connection, events, offset, cancel).ConfigureAwait(false) is { } elsewhere)
        {
            if (elsewhere == offset)
                return 0;
            _offset = elsewhere;
            _changes.Publish(events);
            return events.Count;
        }

        _offset = events[^1].Ordering;
        Applied.Add(events.Count);
        Lag.Record((_time.GetUtcNow() - events[^1].At).TotalSeconds);
        _changes.Publish(events);
        return events.Count;
    }

    private async Task<long> StartAsync(DbConnection connection, CancellationToken cancel)
    {
        _storage.MakeReadModel(connection, _projectors);
        if (_storage.Database.Provider == StorageProvider.PostgreSql)
            await connection.ExecuteAsync(new CommandDefinition(FirstOffset, new { name = _options.Name }, cancellationToken: cancel)).ConfigureAwait(false);
        return await connection.ExecuteScalarAsync<long?>(new CommandDefinition(SelectOffset, new { name = _options.Name }, cancellationToken: cancel)).ConfigureAwait(false) ?? 0;
    }

    /// <returns>Null if the batch was applied; where the read model is if another node has moved it meanwhile, which is where it was if another is about to.</returns>
    private async Task<long?> CommitAsync(DbConnection connection, List<RecordedEvent> events, long offset, CancellationToken cancel)
    {
        var turn = _storage.Database.Provider == StorageProvider.Sqlite ? _storage.Database.WriteTurn : null;
        if (turn is not null)
            await turn.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            await using var transaction = await connection.BeginTransactionAsync(cancel).ConfigureAwait(false);
            if (_storage.Database.Provider == StorageProvider.PostgreSql)
            {
                var name = new { name = _options.Name };
                var actual = await connection.ExecuteScalarAsync<long?>(new CommandDefinition(LockOffset, name, transaction, cancellationToken: cancel)).ConfigureAwait(false);
                if (actual != offset)
                    return actual ?? await connection.ExecuteScalarAsync<long>(new CommandDefinition(SelectOffset, name, transaction, cancellationToken: cancel)).ConfigureAwait(false);
            }

            foreach (var recorded in events)
            {
                foreach (var projector in _projectors)
                    await projector.ApplyAsync(recorded, connection, transaction, cancel).ConfigureAwait(false);
            }

            var reached = new { name = _options.Name, ordering = events[^1].Ordering };
            await connection.ExecuteAsync(new CommandDefinition(SaveOffset, reached, transaction, cancellationToken: cancel)).ConfigureAwait(false);
            await transaction.CommitAsync(cancel).ConfigureAwait(false);
            return null;
        }
        finally
        {
            turn?.Release();
        }
    }

    /// <summary>
    /// SQLite, and our own writers on PostgreSQL, give numbers to one writer at a time, so a hole there is a deleted event or a write that was refused. The writers
    /// of Akka.Persistence.Sql may still fill a young one on PostgreSQL.
    /// </summary>
    private List<Row> UpToHole(List<Row> rows, long offset)
    {
        if (_storage.Events is not null || _storage.Database.Provider == StorageProvider.Sqlite)
            return rows;
        var settled = (_time.GetUtcNow() - _options.HoleGrace).UtcTicks;
        var expected = offset + 1;
        for (var i = 0; i < rows.Count; i++, expected++)
        {
            if (rows[i].Ordering != expected && rows[i].Created > settled)
                return rows[..i];
            expected = rows[i].Ordering;
        }

        return rows;
    }

    private RecordedEvent Record(Row row) => new(
        row.Ordering, row.PersistenceId, row.SequenceNumber, new DateTimeOffset(row.Created, TimeSpan.Zero), row.Manifest, _manifests.Read(row.Manifest, row.Message));

    private void Wake()
    {
        try
        {
            if (_woken.CurrentCount == 0)
                _woken.Release();
        }
        catch (Exception fault) when (fault is SemaphoreFullException or ObjectDisposedException)
        {
            // Another write has just woken it, or the host is stopping.
        }
    }

    private sealed class Row
    {
        public long Ordering { get; init; }

        public required string PersistenceId { get; init; }

        public long SequenceNumber { get; init; }

        public long Created { get; init; }

        public required string Manifest { get; init; }

        public required byte[] Message { get; init; }
    }

    [LoggerMessage(2101, LogLevel.Error, "The read model cannot follow the journal behind {Offset} ({Failures} failures in a row); tried again in {Pause}")]
    private static partial void BatchFailed(ILogger log, Exception fault, long offset, int failures, TimeSpan pause);
}
