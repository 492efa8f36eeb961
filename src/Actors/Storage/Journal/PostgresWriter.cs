using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Npgsql;
using NpgsqlTypes;

namespace ControlPlane.Actors.Storage.Journal;

/// <summary>
/// Appends the events of all entities of this node: takes all that waits, up to a limit, into one statement, which is one transaction and one trip to the
/// server. A refused group is halved until the culprit stands alone, so that only it fails.
/// <para>The nodes of a cluster take turns under an advisory lock that the statement itself takes and its commit releases. So events are numbered in the order in
/// which they become visible, and whoever follows the journal by its numbers misses none. The lock is held by the server alone, never over a trip to a node: a
/// node that freezes holds nobody up.</para>
/// </summary>
internal sealed class PostgresWriter : IAsyncDisposable
{
    /// <summary>Only has to differ from other locks in the same database.</summary>
    internal const long AppendLock = 0x43_50_4a_4e;

    private const string Append = """
        WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock($8))
        INSERT INTO journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid)
        SELECT e.created, FALSE, e.persistence_id, e.sequence_number, e.message, e.manifest, e.identifier, e.writer_uuid
        FROM turn CROSS JOIN unnest($1, $2, $3, $4, $5, $6, $7) WITH ORDINALITY
            AS e (created, persistence_id, sequence_number, message, manifest, identifier, writer_uuid, place)
        ORDER BY e.place
        """;

    private static readonly Histogram<int> GroupSize = new Meter("ControlPlane")
        .CreateHistogram<int>("controlplane.journal.group_size", description: "Writes of entities in one transaction");

    private readonly string _source;
    private readonly Action _written;
    private readonly int _maxGroup;
    private readonly Channel<Write> _writes;
    private readonly Task _loop;
    private NpgsqlConnection? _connection;

    public PostgresWriter(StorageOptions options, Action written)
    {
        _source = options.Source;
        _written = written;
        _maxGroup = options.MaxWritesPerTransaction;
        _writes = Channel.CreateBounded<Write>(new BoundedChannelOptions(options.MaxQueuedWrites) { SingleReader = true });
        _loop = Task.Run(RunAsync);
    }

    private sealed record Write(string PersistenceId, IReadOnlyList<EventRow> Events)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Has the events of one entity written, all or none. The task ends when they are committed, or fails with the reason why they are not.</summary>
    public async Task AppendAsync(string persistenceId, IReadOnlyList<EventRow> events, CancellationToken cancel)
    {
        var write = new Write(persistenceId, events);
        await _writes.Writer.WriteAsync(write, cancel).ConfigureAwait(false);
        await write.Done.Task.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        _writes.Writer.TryComplete();
        await _loop.ConfigureAwait(false);
        if (_connection is not null)
            await _connection.DisposeAsync().ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        var group = new List<Write>(_maxGroup);
        while (await _writes.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (group.Count < _maxGroup && _writes.Reader.TryRead(out var write))
                group.Add(write);
            await CommitAsync(group).ConfigureAwait(false);
            GroupSize.Record(group.Count);
            group.Clear();
            _written();
        }
    }

    private async Task CommitAsync(List<Write> group)
    {
        var fault = await TryAsync(group).ConfigureAwait(false);
        if (fault is null)
        {
            group.ForEach(static w => w.Done.TrySetResult());
        }
        else if (group.Count > 1 && StorageFaults.IsOfTheRow(fault))
        {
            var half = group.Count / 2;
            await CommitAsync(group[..half]).ConfigureAwait(false);
            await CommitAsync(group[half..]).ConfigureAwait(false);
        }
        else
        {
            group.ForEach(w => w.Done.TrySetException(fault));
        }
    }

    /// <summary>Every fault is handed to those who wait for the write: the loop itself must go on, for all other entities.</summary>
    private async Task<Exception?> TryAsync(List<Write> group)
    {
        try
        {
            if (_connection is null)
            {
                _connection = new NpgsqlConnection(_source);
                await _connection.OpenAsync().ConfigureAwait(false);
            }

            await using var append = Command(_connection, group);
            await append.ExecuteNonQueryAsync().ConfigureAwait(false);
            return null;
        }
        catch (Exception fault)
        {
            // Whether a broken connection had committed is not known. The entities find out: they start again from what the journal has.
            if (fault is not PostgresException && _connection is { } broken)
            {
                _connection = null;
                await broken.DisposeAsync().ConfigureAwait(false);
            }
            else if (_connection is { State: not System.Data.ConnectionState.Open } closed)
            {
                _connection = null;
                await closed.DisposeAsync().ConfigureAwait(false);
            }

            return fault;
        }
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, List<Write> group)
    {
        var count = group.Sum(w => w.Events.Count);
        var created = new long[count];
        var ids = new string[count];
        var numbers = new long[count];
        var messages = new byte[count][];
        var manifests = new string[count];
        var identifiers = new int[count];
        var writers = new string[count];
        var i = 0;
        foreach (var write in group)
        {
            foreach (var e in write.Events)
            {
                created[i] = e.CreatedTicks;
                ids[i] = write.PersistenceId;
                numbers[i] = e.SequenceNr;
                messages[i] = e.Message;
                manifests[i] = e.Manifest;
                identifiers[i] = e.SerializerId;
                writers[i++] = e.WriterId;
            }
        }

        return new NpgsqlCommand(Append, connection)
        {
            Parameters =
            {
                new() { Value = created, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
                new() { Value = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                new() { Value = numbers, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
                new() { Value = messages, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea },
                new() { Value = manifests, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                new() { Value = identifiers, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer },
                new() { Value = writers, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                new() { Value = AppendLock, NpgsqlDbType = NpgsqlDbType.Bigint },
            },
        };
    }
}
