namespace ControlPlane.Actors.Shell;

/// <summary>
/// Which of the effects that a state still owes are due to be carried out again. Each has a back-off of its own, so that one that has failed for an hour does
/// not start from the beginning because something else changed. An effect is never due at the check that first sees it after a decision: it was carried out then.
/// </summary>
internal sealed class OwedEffects<TEffect>(ShellOptions options, Func<double> jitter, Func<TEffect, string> keyOf)
{
    private Dictionary<string, Owed> _owed = [];

    private readonly record struct Owed(DateTimeOffset Due, TimeSpan Delay);

    /// <summary>All of these have just been carried out.</summary>
    public void Carried(IReadOnlyList<TEffect> effects, DateTimeOffset now)
    {
        _owed = [];
        foreach (var effect in effects)
            _owed.TryAdd(keyOf(effect), First(now));
    }

    /// <summary>The effects to carry out now, of all those owed.</summary>
    /// <param name="owed">All that the state owes.</param>
    /// <param name="now">The time of this check.</param>
    /// <param name="decided">
    /// Whether anything was decided since the last check. If not, an effect that was not seen before is owed by the course of time alone, and is due at once.
    /// </param>
    public IReadOnlyList<TEffect> Due(IReadOnlyList<TEffect> owed, DateTimeOffset now, bool decided)
    {
        var due = new List<TEffect>();
        var next = new Dictionary<string, Owed>(owed.Count);
        foreach (var effect in owed)
        {
            var key = keyOf(effect);
            if (_owed.TryGetValue(key, out var known))
            {
                if (known.Due <= now && next.TryAdd(key, Later(known, now)))
                    due.Add(effect);
                else
                    next.TryAdd(key, known);
            }
            else if (next.TryAdd(key, First(now)) && !decided)
            {
                due.Add(effect);
            }
        }

        _owed = next;
        return due;
    }

    /// <summary>How long until something is due. Null if nothing is owed.</summary>
    public TimeSpan? Pause(DateTimeOffset now)
    {
        if (_owed.Count == 0)
            return null;
        var pause = _owed.Values.Min(o => o.Due) - now;
        return pause > TimeSpan.Zero ? pause : TimeSpan.Zero;
    }

    private Owed First(DateTimeOffset now) => new(now + Jittered(options.RepeatAfter), options.RepeatAfter);

    private Owed Later(Owed known, DateTimeOffset now)
    {
        var delay = known.Delay >= options.RepeatAtMostAfter / 2 ? options.RepeatAtMostAfter : known.Delay * 2;
        return new(now + Jittered(delay), delay);
    }

    private TimeSpan Jittered(TimeSpan delay) => delay * (1 + (options.Jitter * jitter()));
}
