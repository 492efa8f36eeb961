namespace ControlPlane.Simulation.Engine;

/// <summary>Virtual time: what is to happen, in the order of time, then of arrival. Nothing happens between two entries.</summary>
public sealed class Agenda(DateTimeOffset start)
{
    private readonly PriorityQueue<Action, (long Ticks, long Number)> _entries = new();
    private long _number;

    public DateTimeOffset Now { get; private set; } = start;

    /// <summary>When the next entry is due; null if there is none.</summary>
    public DateTimeOffset? Next => _entries.TryPeek(out _, out var key) ? new DateTimeOffset(key.Ticks, TimeSpan.Zero) : null;

    /// <summary>Entries carried out so far.</summary>
    public long Steps { get; private set; }

    /// <summary>What lies in the past happens now.</summary>
    public void At(DateTimeOffset time, Action action) => _entries.Enqueue(action, (Math.Max(time.UtcTicks, Now.UtcTicks), _number++));

    public void After(TimeSpan delay, Action action) => At(Now + delay, action);

    /// <summary>Again and again, first after one period.</summary>
    public void Every(TimeSpan period, Action action) => After(period, () =>
    {
        action();
        Every(period, action);
    });

    /// <summary>Carries out the next entry, if there is one before or at <paramref name="until"/>.</summary>
    public bool Step(DateTimeOffset until)
    {
        if (!_entries.TryPeek(out var action, out var key) || key.Ticks > until.UtcTicks)
            return false;
        _entries.Dequeue();
        Now = new DateTimeOffset(key.Ticks, TimeSpan.Zero);
        Steps++;
        action();
        return true;
    }
}
