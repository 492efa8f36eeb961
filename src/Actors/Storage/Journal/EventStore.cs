using System.Collections.Concurrent;

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
    private static readonly Lazy<Task> Done = new(Task.CompletedTask);

    private readonly WritesUnderWay _underWay = new();
    private readonly ConcurrentDictionary<string, Lazy<Task>> _notes = new(StringComparer.Ordinal);

    /// <summary>Told after each transaction that wrote events, on the writer's thread.</summary>
    public event Action? Written;

    /// <summary>Writes the events of one entity, all or none of them. A sequence number that is taken fails this write alone.</summary>
    public Task AppendAsync(string persistenceId, IReadOnlyList<EventRow> events, CancellationToken cancel) =>
        _underWay.Add(persistenceId, events.All(e => IsNoted(e.Manifest)) ? WriteAsync(persistenceId, events, cancel) : NoteAndWriteAsync(persistenceId, events, cancel));

    /// <summary>Reads events from one sequence number on, after the writes of this entity that are under way.</summary>
    public async Task<EventStream> ReadAsync(string persistenceId, long fromSequenceNr, long toSequenceNr, long max, CancellationToken cancel)
    {
        await _underWay.EndedAsync(persistenceId, cancel).ConfigureAwait(false);
        return await ReadWrittenAsync(persistenceId, fromSequenceNr, toSequenceNr, max, cancel).ConfigureAwait(false);
    }

    /// <summary>These stand there already.</summary>
    public void Noted(IEnumerable<string> manifests)
    {
        foreach (var manifest in manifests)
            _notes[manifest] = Done;
    }

    /// <summary>Saves a snapshot in place of all older ones of its entity.</summary>
    public async Task SaveSnapshotAsync(SnapshotRow snapshot, CancellationToken cancel)
    {
        await NoteAsync(snapshot.Manifest, cancel).ConfigureAwait(false);
        await WriteSnapshotAsync(snapshot, cancel).ConfigureAwait(false);
    }

    /// <summary>Deletes events up to and including one. The number of the last is remembered.</summary>
    public abstract Task DeleteToAsync(string persistenceId, long toSequenceNr, CancellationToken cancel);

    public abstract Task<SnapshotRow?> LoadSnapshotAsync(string persistenceId, long maxSequenceNr, long maxCreatedTicks, CancellationToken cancel);

    public abstract Task DeleteSnapshotsAsync(string persistenceId, long minSequenceNr, long maxSequenceNr, CancellationToken cancel);

    /// <summary>Writes a time, to see whether writing works.</summary>
    public abstract Task ProbeAsync(long atTicks, CancellationToken cancel);

    public abstract ValueTask DisposeAsync();

    protected abstract Task WriteAsync(string persistenceId, IReadOnlyList<EventRow> events, CancellationToken cancel);

    protected abstract Task<EventStream> ReadWrittenAsync(string persistenceId, long fromSequenceNr, long toSequenceNr, long max, CancellationToken cancel);

    protected abstract Task WriteSnapshotAsync(SnapshotRow snapshot, CancellationToken cancel);

    /// <summary>Notes for good that something stands under this manifest (<see cref="KnownManifests"/>).</summary>
    protected abstract Task WriteManifestAsync(string manifest, CancellationToken cancel);

    protected void OnWritten() => Written?.Invoke();

    private async Task NoteAndWriteAsync(string persistenceId, IReadOnlyList<EventRow> events, CancellationToken cancel)
    {
        foreach (var e in events)
            await NoteAsync(e.Manifest, cancel).ConfigureAwait(false);
        await WriteAsync(persistenceId, events, cancel).ConfigureAwait(false);
    }

    private bool IsNoted(string manifest) => _notes.TryGetValue(manifest, out var note) && note is { IsValueCreated: true, Value.IsCompletedSuccessfully: true };

    /// <summary>
    /// Before what it stands for: who starts later must find the manifest wherever there is an event under it. Many entities may write their first event of a kind at once: one
    /// writes the note, and the others wait for it.
    /// </summary>
    private async Task NoteAsync(string manifest, CancellationToken cancel)
    {
        var note = _notes.GetOrAdd(manifest, name => new Lazy<Task>(() => WriteManifestAsync(name, CancellationToken.None)));
        try
        {
            await note.Value.WaitAsync(cancel).ConfigureAwait(false);
        }
        catch when (note.Value is { IsCompleted: true, IsCompletedSuccessfully: false })
        {
            // Whoever writes next tries again.
            _notes.TryRemove(new(manifest, note));
            throw;
        }
    }
}
