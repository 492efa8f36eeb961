using Npgsql;
using NpgsqlTypes;

namespace ControlPlane.Actors.Storage.Journal;

/// <summary>The event store on PostgreSQL, which the nodes of a cluster share.</summary>
internal sealed class PostgresEventStore : EventStore
{
    private const string SelectEvents = """
        SELECT asked.place, j.sequence_number, j.deleted, j.created, j.manifest, j.identifier, j.message, j.writer_uuid
        FROM unnest($1, $2) WITH ORDINALITY AS asked (persistence_id, first, place)
        JOIN journal j ON j.persistence_id = asked.persistence_id AND j.sequence_number >= asked.first
        ORDER BY asked.place, j.sequence_number
        """;

    private const string SelectHighest = "SELECT persistence_id, MAX(sequence_number) FROM journal WHERE persistence_id = ANY ($1) GROUP BY persistence_id";

    private const string MarkDeleted = "UPDATE journal SET deleted = TRUE WHERE persistence_id = $1 AND sequence_number <= $2";

    private const string DeleteAllButLast = """
        DELETE FROM journal WHERE persistence_id = $1 AND sequence_number <= $2
        AND sequence_number < (SELECT MAX(sequence_number) FROM journal WHERE persistence_id = $1)
        """;

    private const string ReplaceOlderSnapshots = "DELETE FROM snapshot WHERE persistence_id = $1 AND sequence_number <= $2";

    private const string InsertSnapshot = """
        INSERT INTO snapshot (persistence_id, sequence_number, created, snapshot, manifest, serializer_id) VALUES ($1, $2, $3, $4, $5, $6)
        """;

    private const string SelectSnapshots = """
        SELECT asked.place, s.sequence_number, s.created, s.manifest, s.serializer_id, s.snapshot
        FROM unnest($1, $2, $3) WITH ORDINALITY AS asked (persistence_id, last, until, place)
        CROSS JOIN LATERAL (
            SELECT * FROM snapshot s WHERE s.persistence_id = asked.persistence_id AND s.sequence_number <= asked.last AND s.created <= asked.until
            ORDER BY s.sequence_number DESC LIMIT 1) s
        """;

    private const string DeleteSnapshots = "DELETE FROM snapshot WHERE persistence_id = $1 AND sequence_number BETWEEN $2 AND $3";

    private const string Probe = "INSERT INTO journal_probe (id, at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at";

    private readonly string _source;
    private readonly PostgresWriter _writer;
    private readonly PostgresReads<StreamQuestion, EventStream> _streams;
    private readonly PostgresReads<SnapshotQuestion, SnapshotRow?> _snapshots;

    public PostgresEventStore(StorageOptions options)
    {
        _source = options.Source;
        _writer = new PostgresWriter(options, OnWritten);
        _streams = new(_source, options.Readers, ReadStreamsAsync);
        _snapshots = new(_source, options.Readers, ReadSnapshotsAsync);
    }

    private sealed record StreamQuestion(string PersistenceId, long From, long To, long Max);

    private sealed record SnapshotQuestion(string PersistenceId, long MaxSequenceNr, long MaxCreatedTicks);

    protected override Task WriteAsync(string persistenceId, IReadOnlyList<EventRow> events, CancellationToken cancel) => _writer.AppendAsync(persistenceId, events, cancel);

    protected override Task WriteManifestAsync(string manifest, CancellationToken cancel) => RunAsync(cancel, Statement(KnownManifests.Insert, manifest));

    protected override Task<EventStream> ReadWrittenAsync(string persistenceId, long fromSequenceNr, long toSequenceNr, long max, CancellationToken cancel) =>
        _streams.AskAsync(new StreamQuestion(persistenceId, fromSequenceNr, toSequenceNr, max), cancel);

    public override Task DeleteToAsync(string persistenceId, long toSequenceNr, CancellationToken cancel) => RunAsync(
        cancel,
        Statement(DeleteAllButLast, persistenceId, toSequenceNr),
        Statement(MarkDeleted, persistenceId, toSequenceNr));

    protected override Task WriteSnapshotAsync(SnapshotRow snapshot, CancellationToken cancel) => RunAsync(
        cancel,
        Statement(ReplaceOlderSnapshots, snapshot.PersistenceId, snapshot.SequenceNr),
        Statement(InsertSnapshot, snapshot.PersistenceId, snapshot.SequenceNr, snapshot.CreatedTicks, snapshot.Snapshot, snapshot.Manifest, snapshot.SerializerId));

    public override Task<SnapshotRow?> LoadSnapshotAsync(string persistenceId, long maxSequenceNr, long maxCreatedTicks, CancellationToken cancel) =>
        _snapshots.AskAsync(new SnapshotQuestion(persistenceId, maxSequenceNr, maxCreatedTicks), cancel);

    public override Task DeleteSnapshotsAsync(string persistenceId, long minSequenceNr, long maxSequenceNr, CancellationToken cancel) =>
        RunAsync(cancel, Statement(DeleteSnapshots, persistenceId, minSequenceNr, maxSequenceNr));

    public override Task ProbeAsync(long atTicks, CancellationToken cancel) => RunAsync(cancel, Statement(Probe, atTicks));

    public override async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync().ConfigureAwait(false);
        await _streams.DisposeAsync().ConfigureAwait(false);
        await _snapshots.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Statements that are sent together are one transaction.</summary>
    private async Task RunAsync(CancellationToken cancel, params NpgsqlBatchCommand[] statements)
    {
        await using var connection = new NpgsqlConnection(_source);
        await connection.OpenAsync(cancel).ConfigureAwait(false);
        await using var batch = new NpgsqlBatch(connection);
        foreach (var statement in statements)
            batch.BatchCommands.Add(statement);
        await batch.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
    }

    private static NpgsqlBatchCommand Statement(string sql, params ReadOnlySpan<object> values)
    {
        var statement = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
            statement.Parameters.Add(new NpgsqlParameter { Value = value });
        return statement;
    }

    private static async Task<IReadOnlyList<EventStream>> ReadStreamsAsync(NpgsqlConnection connection, IReadOnlyList<StreamQuestion> questions)
    {
        var events = questions.Select(_ => new List<EventRow>()).ToList();
        var highest = new long[questions.Count];
        await using (var select = new NpgsqlCommand(SelectEvents, connection)
        {
            Parameters = { Array(questions, q => q.PersistenceId, NpgsqlDbType.Text), Array(questions, q => q.From, NpgsqlDbType.Bigint) },
        })
        {
            await using var rows = await select.ExecuteReaderAsync().ConfigureAwait(false);
            while (await rows.ReadAsync().ConfigureAwait(false))
            {
                var place = (int)rows.GetInt64(0) - 1;
                var number = highest[place] = rows.GetInt64(1);
                if (!rows.GetBoolean(2) && number <= questions[place].To && events[place].Count < questions[place].Max)
                {
                    events[place].Add(new EventRow(
                        number, rows.GetInt64(3), rows.GetString(4), rows.GetInt32(5), rows.GetFieldValue<byte[]>(6), rows.IsDBNull(7) ? "" : rows.GetString(7)));
                }
            }
        }

        // The last row of a stream is kept even when it is deleted, so nothing from here on means that the stream ended before, or is empty.
        var ended = questions.Select((q, i) => (q, i)).Where(x => highest[x.i] == 0 && x.q.From > 1).ToLookup(x => x.q.PersistenceId, x => x.i);
        if (ended.Count > 0)
        {
            await using var select = new NpgsqlCommand(SelectHighest, connection) { Parameters = { Array([.. ended.Select(e => e.Key)], id => id, NpgsqlDbType.Text) } };
            await using var rows = await select.ExecuteReaderAsync().ConfigureAwait(false);
            while (await rows.ReadAsync().ConfigureAwait(false))
            {
                foreach (var place in ended[rows.GetString(0)])
                    highest[place] = rows.GetInt64(1);
            }
        }

        return [.. events.Select((e, i) => new EventStream(e, highest[i]))];
    }

    private static async Task<IReadOnlyList<SnapshotRow?>> ReadSnapshotsAsync(NpgsqlConnection connection, IReadOnlyList<SnapshotQuestion> questions)
    {
        var found = new SnapshotRow?[questions.Count];
        await using var select = new NpgsqlCommand(SelectSnapshots, connection)
        {
            Parameters =
            {
                Array(questions, q => q.PersistenceId, NpgsqlDbType.Text),
                Array(questions, q => q.MaxSequenceNr, NpgsqlDbType.Bigint),
                Array(questions, q => q.MaxCreatedTicks, NpgsqlDbType.Bigint),
            },
        };
        await using var rows = await select.ExecuteReaderAsync().ConfigureAwait(false);
        while (await rows.ReadAsync().ConfigureAwait(false))
        {
            var place = (int)rows.GetInt64(0) - 1;
            found[place] = new SnapshotRow(questions[place].PersistenceId, rows.GetInt64(1), rows.GetInt64(2), rows.GetString(3), rows.GetInt32(4), rows.GetFieldValue<byte[]>(5));
        }

        return found;
    }

    private static NpgsqlParameter Array<TItem, TValue>(IReadOnlyList<TItem> items, Func<TItem, TValue> value, NpgsqlDbType type) =>
        new() { Value = items.Select(value).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type };
}
