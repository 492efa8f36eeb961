using Akka.Actor;

namespace ControlPlane.Actors.Shell;

/// <summary>
/// The decisions of one entity that are not yet released, in their order. At most one write is under way; it covers the front of the line. A decision leaves
/// the line only when its own events and all before it are persisted, even if it has no events: it may rest on facts that are not written yet.
/// </summary>
internal sealed class CommitLine<TState, TEvent, TEffect>(int maxEventsPerWrite)
{
    private readonly Queue<Decided> _line = new();
    private int _covered;

    /// <param name="State">The state as it was right after this decision.</param>
    /// <param name="Events">Its facts to persist, without the transient ones.</param>
    /// <param name="Effects">What to do once it is released.</param>
    /// <param name="ReplyTo">Who asked, or nobody.</param>
    /// <param name="Answer">For a question, what is told when it is released.</param>
    /// <param name="Changed">Whether anything was folded, transient facts included.</param>
    internal readonly record struct Decided(
        TState State, IReadOnlyList<TEvent> Events, IReadOnlyList<TEffect> Effects, IActorRef ReplyTo, Func<TState, object>? Answer, bool Changed);

    public int Count => _line.Count;

    public bool IsWriting => _covered > 0;

    public void Add(Decided decided) => _line.Enqueue(decided);

    /// <summary>Covers the front of the line by a write and gives its events; none if the front needs no write.</summary>
    public List<TEvent> Cover()
    {
        var events = new List<TEvent>();
        foreach (var decided in _line)
        {
            if (events.Count > 0 && events.Count + decided.Events.Count > maxEventsPerWrite)
                break;
            events.AddRange(decided.Events);
            _covered++;
        }

        return events;
    }

    /// <summary>Takes what the finished write covered out of the line.</summary>
    public List<Decided> Uncover()
    {
        var released = new List<Decided>(_covered);
        for (; _covered > 0; _covered--)
            released.Add(_line.Dequeue());
        return released;
    }

    /// <summary>Takes everything out: it will never be released.</summary>
    public IReadOnlyList<Decided> Abandon()
    {
        var all = _line.ToArray();
        _line.Clear();
        _covered = 0;
        return all;
    }
}
