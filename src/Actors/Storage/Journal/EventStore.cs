namespace ControlPlane.Actors.Storage.Journal;

/// <summary>One event as it stands in the table.</summary>
internal readonly record struct EventRow(long SequenceNr, long CreatedTicks, string Manifest, int SerializerId, byte[] Message, string WriterId);

/// <summary>One snapshot as it stands in the table.</summary>
internal sealed record SnapshotRow(string PersistenceId, long SequenceNr, long CreatedTicks, string Manifest, int SerializerId, byte[] Snapshot);

/// <summary>What was read of one entity's stream.</summary>
/// <param name="Events">Ascending, without the deleted ones.</param>
/// <param name="HighestSequenceNr">Of the whole stream, deleted ones included; 0 if it is empty.</param>
internal sealed record EventStream(IReadOnlyList<EventRow> Events, long HighestSequenceNr);

/// <summary>
/// The tables behind the grouped journal and its snapshots. One per node and database: the journals of all plugin ids share it, so that their writes go
/// into common transactions. Thread safe.
/// </summary>
internal abstract class EventStore : IAsyncDisposable
{
    /// <summary>Told after each transaction that wrote events, on the writer's thread.</summary>
    public event Action? Written;

    /// <summary>Writes the events of one entity, all or none of them. A sequence number that is taken fails this write alone.</summary>
    public abstract Task AppendAsync(string persistenceId, IReadOnlyList<EventRow> events, CancellationToken cancel);

    /// <summary>Reads events from one sequence number on, after the writes of this entity that are under way.</summary>
    public abstract Task<EventStream> ReadAsync(string persistenceId, long fromSequenceNr, long toSequenceNr, long max, CancellationToken cancel);

    /// <summary>Deletes events up to and including one. The number of the last is remembered.</summary>
    public abstract Task DeleteToAsync(string persistenceId, long toSequenceNr, CancellationToken cancel);

    /// <summary>Saves a snapshot in place of all older ones of its entity.</summary>
    public abstract Task SaveSnapshotAsync(SnapshotRow snapshot, CancellationToken cancel);

    public abstract Task<SnapshotRow?> LoadSnapshotAsync(string persistenceId, long maxSequenceNr, long maxCreatedTicks, CancellationToken cancel);

    public abstract Task DeleteSnapshotsAsync(string persistenceId, long minSequenceNr, long maxSequenceNr, CancellationToken cancel);

    /// <summary>Writes a time, to see whether writing works.</summary>
    public abstract Task ProbeAsync(long atTicks, CancellationToken cancel);

    public abstract ValueTask DisposeAsync();

    protected void OnWritten() => Written?.Invoke();
}
