namespace ControlPlane.Actors.Storage.Journal;

/// <summary>The event store on SQLite.</summary>
internal sealed class SqliteEventStore : EventStore
{
    private const string InsertEvent = """
        INSERT INTO journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid)
        VALUES ($1, 0, $2, $3, $4, $5, $6, $7)
        """;

    private const string SelectEvents = """
        SELECT sequence_number, deleted, created, manifest, identifier, message, writer_uuid FROM journal
        WHERE persistence_id = $1 AND sequence_number >= $2 ORDER BY sequence_number
        """;

    private const string SelectHighest = "SELECT MAX(sequence_number) FROM journal WHERE persistence_id = $1";

    private const string MarkDeleted = "UPDATE journal SET deleted = 1 WHERE persistence_id = $1 AND sequence_number <= $2";

    private const string DeleteAllButLast = """
        DELETE FROM journal WHERE persistence_id = $1 AND sequence_number <= $2
        AND sequence_number < (SELECT MAX(sequence_number) FROM journal WHERE persistence_id = $1)
        """;

    private const string ReplaceOlderSnapshots = "DELETE FROM snapshot WHERE persistence_id = $1 AND sequence_number <= $2";

    private const string InsertSnapshot = """
        INSERT INTO snapshot (persistence_id, sequence_number, created, snapshot, manifest, serializer_id) VALUES ($1, $2, $3, $4, $5, $6)
        """;

    private const string SelectSnapshot = """
        SELECT sequence_number, created, manifest, serializer_id, snapshot FROM snapshot
        WHERE persistence_id = $1 AND sequence_number <= $2 AND created <= $3 ORDER BY sequence_number DESC LIMIT 1
        """;

    private const string DeleteSnapshots = "DELETE FROM snapshot WHERE persistence_id = $1 AND sequence_number BETWEEN $2 AND $3";

    private const string Probe = "INSERT INTO journal_probe (id, at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at";

    private readonly SqliteWriter _writer;
    private readonly SqliteReaders _readers;

    public SqliteEventStore(Database database, StorageOptions options)
    {
        _writer = new SqliteWriter(database, options, OnWritten);
        _readers = new SqliteReaders(database, options.Readers);
    }

    protected override Task WriteAsync(string persistenceId, IReadOnlyList<EventRow> events, CancellationToken cancel) => _writer.WriteAsync(
        session =>
        {
            foreach (var e in events)
                session.Run(InsertEvent, e.CreatedTicks, persistenceId, e.SequenceNr, e.Message, e.Manifest, e.SerializerId, e.WriterId);
        },
        cancel);

    protected override Task WriteManifestAsync(string manifest, CancellationToken cancel) => _writer.WriteAsync(session => session.Run(KnownManifests.Insert, manifest), cancel);

    protected override Task<EventStream> ReadWrittenAsync(string persistenceId, long fromSequenceNr, long toSequenceNr, long max, CancellationToken cancel) =>
        _readers.ReadAsync(session => Read(session, persistenceId, fromSequenceNr, toSequenceNr, max), cancel);

    public override Task DeleteToAsync(string persistenceId, long toSequenceNr, CancellationToken cancel) => _writer.WriteAsync(
        session =>
        {
            session.Run(DeleteAllButLast, persistenceId, toSequenceNr);
            session.Run(MarkDeleted, persistenceId, toSequenceNr);
        },
        cancel);

    protected override Task WriteSnapshotAsync(SnapshotRow snapshot, CancellationToken cancel) => _writer.WriteAsync(
        session =>
        {
            session.Run(ReplaceOlderSnapshots, snapshot.PersistenceId, snapshot.SequenceNr);
            session.Run(InsertSnapshot, snapshot.PersistenceId, snapshot.SequenceNr, snapshot.CreatedTicks, snapshot.Snapshot, snapshot.Manifest, snapshot.SerializerId);
        },
        cancel);

    public override Task<SnapshotRow?> LoadSnapshotAsync(string persistenceId, long maxSequenceNr, long maxCreatedTicks, CancellationToken cancel) => _readers.ReadAsync(
        session =>
        {
            using var rows = session.Read(SelectSnapshot, persistenceId, maxSequenceNr, maxCreatedTicks);
            return rows.Read()
                ? new SnapshotRow(persistenceId, rows.GetInt64(0), rows.GetInt64(1), rows.GetString(2), rows.GetInt32(3), (byte[])rows.GetValue(4))
                : null;
        },
        cancel);

    public override Task DeleteSnapshotsAsync(string persistenceId, long minSequenceNr, long maxSequenceNr, CancellationToken cancel) =>
        _writer.WriteAsync(session => session.Run(DeleteSnapshots, persistenceId, minSequenceNr, maxSequenceNr), cancel);

    public override Task ProbeAsync(long atTicks, CancellationToken cancel) => _writer.WriteAsync(session => session.Run(Probe, atTicks), cancel);

    public override async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync().ConfigureAwait(false);
        await _readers.DisposeAsync().ConfigureAwait(false);
    }

    private static EventStream Read(SqliteSession session, string persistenceId, long fromSequenceNr, long toSequenceNr, long max)
    {
        var events = new List<EventRow>();
        var highest = 0L;
        using (var rows = session.Read(SelectEvents, persistenceId, fromSequenceNr))
        {
            while (rows.Read())
            {
                highest = rows.GetInt64(0);
                if (!rows.GetBoolean(1) && highest <= toSequenceNr && events.Count < max)
                    events.Add(new EventRow(highest, rows.GetInt64(2), rows.GetString(3), rows.GetInt32(4), (byte[])rows.GetValue(5), rows.IsDBNull(6) ? "" : rows.GetString(6)));
            }
        }

        // The last row of a stream is kept even when it is deleted, so nothing from here on means that the stream ended before, or is empty.
        if (highest == 0 && fromSequenceNr > 1)
        {
            using var last = session.Read(SelectHighest, persistenceId);
            highest = last.Read() && !last.IsDBNull(0) ? last.GetInt64(0) : 0;
        }

        return new EventStream(events, highest);
    }
}
