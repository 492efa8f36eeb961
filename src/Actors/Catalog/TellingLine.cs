using Akka.Actor;
using ControlPlane.Domain.Catalog;

namespace ControlPlane.Actors.Catalog;

/// <summary>What one entity is to be told.</summary>
/// <param name="Kind">Of the entity.</param>
/// <param name="Name">Of the entity.</param>
/// <param name="Message">The last word on what concerns it; earlier ones need not be told any more.</param>
/// <param name="Ends">Whether it is to end: that is told after all others, and is answered when nothing of the entity is left, which may be in days.</param>
internal sealed record Telling(EntityKind Kind, string Name, object Message, bool Ends) : INoSerializationVerificationNeeded;

/// <summary>
/// What is still to be told to entities, so many at a time: each that is told is read from the journal first, and of ten thousand that are told at once the one that a
/// user asks for meanwhile would come last. Ledgers come before gateways, then scalers, then watchers, then whatever ends; among these, whoever came first. An entity
/// that does not answer keeps its place for a while only: those whose shards are on their way must not hold up the others.
/// </summary>
internal sealed class TellingLine
{
    private readonly int _places;
    private readonly TimeSpan _patience;
    private readonly Queue<(EntityKind, string)>[] _lines = [.. Enum.GetValues<EntityKind>().Select(_ => new Queue<(EntityKind, string)>()), new()];
    private readonly Dictionary<(EntityKind, string), Telling> _waiting = [];
    private readonly Dictionary<(EntityKind, string), TimeSpan> _open = [];
    private readonly Queue<((EntityKind, string) Entity, TimeSpan Until)> _told = new();

    /// <param name="places">How many may be told and not have answered.</param>
    /// <param name="patience">After how long one that has not answered no longer counts.</param>
    public TellingLine(int places, TimeSpan patience) => (_places, _patience) = (places, patience);

    /// <summary>Puts it into the line. What the same entity was to be told before gives it its place.</summary>
    public void Add(Telling telling)
    {
        var entity = (telling.Kind, telling.Name);
        if (!_waiting.TryAdd(entity, telling))
            _waiting[entity] = telling;
        else
            _lines[telling.Ends ? ^1 : (int)telling.Kind].Enqueue(entity);
    }

    /// <summary>The entity has answered, and so is awake.</summary>
    public void Heard(EntityKind kind, string name) => _open.Remove((kind, name));

    /// <summary>Those to be told now.</summary>
    /// <param name="now">Time since any moment, by a clock that nobody sets.</param>
    public IReadOnlyList<Telling> Next(TimeSpan now)
    {
        Pass(now);
        List<Telling> next = [];
        foreach (var line in _lines)
        {
            while (_open.Count < _places && line.TryDequeue(out var entity))
            {
                _waiting.Remove(entity, out var telling);
                next.Add(telling!);
                if (telling!.Ends)
                    continue;
                _open[entity] = now + _patience;
                _told.Enqueue((entity, now + _patience));
            }
        }

        return next;
    }

    /// <summary>When somebody may be told although nobody has answered by then. Null if nobody waits.</summary>
    public TimeSpan? Due => _waiting.Count == 0 || !_told.TryPeek(out var first) ? null : first.Until;

    /// <summary>Forgets those who have answered, and those who have been silent for too long.</summary>
    private void Pass(TimeSpan now)
    {
        while (_told.TryPeek(out var first) && (first.Until <= now || !Open(first)))
        {
            if (Open(first))
                _open.Remove(first.Entity);
            _told.Dequeue();
        }
    }

    /// <summary>An entity that was told again later stands further back as well.</summary>
    private bool Open(((EntityKind, string) Entity, TimeSpan Until) told) => _open.TryGetValue(told.Entity, out var until) && until == told.Until;
}
