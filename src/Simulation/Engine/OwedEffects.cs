namespace ControlPlane.Simulation.Engine;

/// <summary>
/// Which of the effects that a state owes are due again, each with a back-off of its own from 1 s to 30 s: the rule of the production shell. Effects are
/// records, so equal contents are the same effect.
/// </summary>
public sealed class OwedEffects<TEffect>
    where TEffect : class
{
    public static readonly TimeSpan First = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private Dictionary<TEffect, (DateTimeOffset Due, TimeSpan Delay)> _owed = [];

    /// <summary>All of these have just been carried out.</summary>
    public void Carried(IReadOnlyList<TEffect> effects, DateTimeOffset now)
    {
        _owed = [];
        foreach (var effect in effects)
            _owed[effect] = (now + First, First);
    }

    /// <summary>The effects to carry out now. What a decision has just added was carried out then; what time alone has added is due at once.</summary>
    public IReadOnlyList<TEffect> Due(IReadOnlyList<TEffect> owed, DateTimeOffset now, bool decided)
    {
        if (owed.Count == 0 && _owed.Count == 0)
            return [];
        List<TEffect> due = [];
        Dictionary<TEffect, (DateTimeOffset, TimeSpan)> next = new(owed.Count);
        foreach (var effect in owed)
        {
            if (!_owed.TryGetValue(effect, out var known))
            {
                if (next.TryAdd(effect, (now + First, First)) && !decided)
                    due.Add(effect);
            }
            else if (known.Due > now)
            {
                next.TryAdd(effect, known);
            }
            else
            {
                var delay = known.Delay * 2 < Longest ? known.Delay * 2 : Longest;
                if (next.TryAdd(effect, (now + delay, delay)))
                    due.Add(effect);
            }
        }

        _owed = next;
        return due;
    }

    /// <summary>How long until something is due; null if nothing is owed.</summary>
    public TimeSpan? Pause(DateTimeOffset now)
    {
        if (_owed.Count == 0)
            return null;
        var soonest = _owed.Values.Min(o => o.Due);
        return soonest > now ? soonest - now : TimeSpan.Zero;
    }
}
