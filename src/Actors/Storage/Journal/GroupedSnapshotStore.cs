using System.Runtime.Serialization;
using Akka.Event;
using Akka.Persistence;
using Akka.Persistence.Snapshot;
using Akka.Serialization;
using AkkaSerialization = Akka.Serialization.Serialization;

namespace ControlPlane.Actors.Storage.Journal;

/// <summary>The snapshot plugin over <see cref="EventStore"/>. A snapshot that cannot be read is no snapshot: the entity is folded from its events.</summary>
internal sealed class GroupedSnapshotStore : SnapshotStore
{
    private readonly EventStore _store = StorageSetup.Of(Context.System).Store;
    private readonly AkkaSerialization _serialization = Context.System.Serialization;
    private readonly ILoggingAdapter _log = Context.GetLogger();

    protected override async Task<SelectedSnapshot?> LoadAsync(string persistenceId, SnapshotSelectionCriteria criteria, CancellationToken cancellationToken)
    {
        if (criteria.MaxSequenceNr <= 0)
            return null;
        var row = await _store.LoadSnapshotAsync(persistenceId, criteria.MaxSequenceNr, criteria.MaxTimeStamp.Ticks, cancellationToken).ConfigureAwait(false);
        if (row is null)
            return null;
        try
        {
            var metadata = new SnapshotMetadata(persistenceId, row.SequenceNr, new DateTime(row.CreatedTicks, DateTimeKind.Utc));
            return new SelectedSnapshot(metadata, _serialization.Deserialize(row.Snapshot, row.SerializerId, row.Manifest));
        }
        catch (SerializationException fault)
        {
            _log.Warning(fault, "The snapshot of {0} at {1} cannot be read; all its events are folded instead", persistenceId, row.SequenceNr);
            return null;
        }
    }

    protected override Task SaveAsync(SnapshotMetadata metadata, object snapshot, CancellationToken cancellationToken)
    {
        if (_serialization.FindSerializerFor(snapshot) is not SerializerWithStringManifest serializer)
            throw new SerializationException($"{snapshot.GetType().FullName} has no manifest and is not saved as a snapshot.");
        var row = new SnapshotRow(metadata.PersistenceId, metadata.SequenceNr, metadata.Timestamp.Ticks, serializer.Manifest(snapshot), serializer.Identifier, serializer.ToBinary(snapshot));
        return _store.SaveSnapshotAsync(row, cancellationToken);
    }

    protected override Task DeleteAsync(SnapshotMetadata metadata, CancellationToken cancellationToken) =>
        _store.DeleteSnapshotsAsync(metadata.PersistenceId, metadata.SequenceNr, metadata.SequenceNr, cancellationToken);

    /// <summary>Saving replaces the older ones, so this finds nothing to do but when it is asked for a special range.</summary>
    protected override Task DeleteAsync(string persistenceId, SnapshotSelectionCriteria criteria, CancellationToken cancellationToken) =>
        _store.DeleteSnapshotsAsync(persistenceId, criteria.MinSequenceNr, criteria.MaxSequenceNr, cancellationToken);
}
