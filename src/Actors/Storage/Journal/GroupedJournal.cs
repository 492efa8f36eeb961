using System.Collections.Concurrent;
using System.Collections.Immutable;
using Akka.Actor;
using Akka.Persistence;
using Akka.Persistence.Journal;
using Akka.Serialization;
using AkkaSerialization = Akka.Serialization.Serialization;

namespace ControlPlane.Actors.Storage.Journal;

/// <summary>
/// The journal plugin over <see cref="EventStore"/>. Only events with a manifest are taken. The search for the highest sequence number, with which Akka begins a
/// recovery, reads the events as well, so that a recovery is one query.
/// </summary>
internal sealed class GroupedJournal : AsyncWriteJournal
{
    private readonly EventStore _store = StorageSetup.Of(Context.System).Store;
    private readonly TimeProvider _time = StorageSetup.Of(Context.System).Time;
    private readonly AkkaSerialization _serialization = Context.System.Serialization;
    private readonly ConcurrentDictionary<string, ReadAhead> _readAhead = new(StringComparer.Ordinal);

    private sealed record ReadAhead(long From, IReadOnlyList<EventRow> Events);

    public override async Task<long> ReadHighestSequenceNrAsync(string persistenceId, long fromSequenceNr, CancellationToken cancellationToken)
    {
        // Akka asks from one before the first event that it will have replayed.
        var from = fromSequenceNr + 1;
        var stream = await _store.ReadAsync(persistenceId, from, long.MaxValue, long.MaxValue, cancellationToken).ConfigureAwait(false);
        if (stream.Events.Count > 0)
            _readAhead[persistenceId] = new ReadAhead(from, stream.Events);
        else
            _readAhead.TryRemove(persistenceId, out _);
        return stream.HighestSequenceNr;
    }

    public override async Task ReplayMessagesAsync(
        IActorContext context, string persistenceId, long fromSequenceNr, long toSequenceNr, long max, Action<IPersistentRepresentation> recoveryCallback)
    {
        var events = _readAhead.TryRemove(persistenceId, out var ahead) && ahead.From == fromSequenceNr
            ? ahead.Events
            : (await _store.ReadAsync(persistenceId, fromSequenceNr, toSequenceNr, max, CancellationToken.None).ConfigureAwait(false)).Events;
        var count = 0L;
        foreach (var e in events)
        {
            if (e.SequenceNr > toSequenceNr || count++ >= max)
                break;
            var payload = _serialization.Deserialize(e.Message, e.SerializerId, e.Manifest);
            recoveryCallback(new Persistent(payload, e.SequenceNr, persistenceId, e.Manifest, false, null, e.WriterId, e.CreatedTicks));
        }
    }

    protected override async Task<IImmutableList<Exception>?> WriteMessagesAsync(IEnumerable<AtomicWrite> messages, CancellationToken cancellationToken)
    {
        // One call carries the writes of one entity.
        string? persistenceId = null;
        var now = _time.GetUtcNow().UtcTicks;
        var rows = new List<EventRow>();
        foreach (var write in messages)
        {
            persistenceId = write.PersistenceId;
            foreach (var p in (IImmutableList<IPersistentRepresentation>)write.Payload)
                rows.Add(Row(p, now));
        }

        if (persistenceId is not null)
            await _store.AppendAsync(persistenceId, rows, cancellationToken).ConfigureAwait(false);
        return null;
    }

    protected override Task DeleteMessagesToAsync(string persistenceId, long toSequenceNr, CancellationToken cancellationToken) =>
        _store.DeleteToAsync(persistenceId, toSequenceNr, cancellationToken);

    private EventRow Row(IPersistentRepresentation p, long now)
    {
        if (_serialization.FindSerializerFor(p.Payload) is not SerializerWithStringManifest serializer)
            throw new System.Runtime.Serialization.SerializationException($"{p.Payload.GetType().FullName} has no manifest and is not written to the journal.");
        return new EventRow(p.SequenceNr, now, serializer.Manifest(p.Payload), serializer.Identifier, serializer.ToBinary(p.Payload), p.WriterGuid);
    }
}
