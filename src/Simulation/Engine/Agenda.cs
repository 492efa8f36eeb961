namespace ControlPlane.Simulation.Engine;

/// <summary>Virtual time: what is to happen, in the order of time, then of arrival. Nothing happens between two entries.</summary>
public sealed class Agenda(DateTimeOffset start)
{
    // A heap of its own: the comparer of PriorityQueue, for a pair of numbers, was a tenth of a run's processor time.
    private Entry[] _heap = new Entry[256];
    private int _count;
    private long _number;

    private readonly record struct Entry(long Ticks, long Number, Action Action)
    {
        public bool IsBefore(in Entry other) => Ticks < other.Ticks || (Ticks == other.Ticks && Number < other.Number);
    }

    public DateTimeOffset Now { get; private set; } = start;

    /// <summary>When the next entry is due; null if there is none.</summary>
    public DateTimeOffset? Next => _count > 0 ? new DateTimeOffset(_heap[0].Ticks, TimeSpan.Zero) : null;

    /// <summary>Entries carried out so far.</summary>
    public long Steps { get; private set; }

    /// <summary>What lies in the past happens now.</summary>
    public void At(DateTimeOffset time, Action action) => Add(new Entry(Math.Max(time.UtcTicks, Now.UtcTicks), _number++, action));

    public void After(TimeSpan delay, Action action) => At(Now + delay, action);

    /// <summary>Again and again, first after one period.</summary>
    public void Every(TimeSpan period, Action action)
    {
        void Again()
        {
            action();
            After(period, Again);
        }

        After(period, Again);
    }

    /// <summary>Carries out the next entry, if there is one before or at <paramref name="until"/>.</summary>
    public bool Step(DateTimeOffset until)
    {
        if (_count == 0 || _heap[0].Ticks > until.UtcTicks)
            return false;
        var (ticks, _, action) = _heap[0];
        RemoveFirst();
        Now = new DateTimeOffset(ticks, TimeSpan.Zero);
        Steps++;
        action();
        return true;
    }

    private void Add(in Entry entry)
    {
        if (_count == _heap.Length)
            Array.Resize(ref _heap, _count * 2);
        var at = _count++;
        while (at > 0 && entry.IsBefore(_heap[(at - 1) / 2]))
        {
            _heap[at] = _heap[(at - 1) / 2];
            at = (at - 1) / 2;
        }

        _heap[at] = entry;
    }

    private void RemoveFirst()
    {
        var last = _heap[--_count];
        _heap[_count] = default;
        if (_count == 0)
            return;
        var at = 0;
        for (var child = 1; child < _count; child = (at * 2) + 1)
        {
            if (child + 1 < _count && _heap[child + 1].IsBefore(_heap[child]))
                child++;
            if (!_heap[child].IsBefore(last))
                break;
            _heap[at] = _heap[child];
            at = child;
        }

        _heap[at] = last;
    }
}
