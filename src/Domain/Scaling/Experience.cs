using System.Collections.Immutable;

namespace ControlPlane.Domain.Scaling;

/// <summary>When a spare came to stand in a band of the stack of spares.</summary>
/// <param name="Band">See <see cref="Experience.BandOf"/>.</param>
/// <param name="At">When.</param>
public sealed record BandEntry(int Band, DateTimeOffset At);

/// <summary>A place for one more task that nobody needs now: an idle instance, or one that would be idle had it been kept.</summary>
/// <param name="Entries">Where it stood, the last entry is now; at most <see cref="Experience.MostEntries"/>.</param>
public sealed record Spare(ImmutableList<BandEntry> Entries);

/// <summary>
/// What a queue has learnt of itself from its own events: how long boots and tasks take, and after what time a spare place is needed again. Bounded, deterministic, and
/// part of the scaler's state.
/// <para>
/// Spares form a stack: a place that becomes free goes on top, and the next task takes the top, whichever instance it truly runs on; so what is learnt does
/// not depend on which of several idle workers a source lets take a task. A place whose instance was ended stays in the stack, below those that live, until
/// an instance is requested: then it is known when it would have been needed. The deeper a place lies, the longer it is not needed: that is learnt for six bands of depth.
/// </para>
/// </summary>
public sealed record Experience
{
    /// <summary>Spares that are followed; the deepest of more is forgotten, and counts as not needed for long.</summary>
    public const int MostSpares = 64;

    public const int MostEntries = 6;

    private const int Bands = 6;

    /// <summary>Longer than anything that counts.</summary>
    private static readonly TimeSpan Never = TimeSpan.FromDays(30);

    /// <summary>The positions at which bands begin and end: only there can a spare that moves by one come into another band.</summary>
    private static readonly int[] Borders = [1, 2, 3, 4, 5, 8, 9, 16, 17];

    public static readonly Experience None = new();

    /// <summary>From the start of a machine to the registration of its worker.</summary>
    public LogHistogram Boots { get; init; } = LogHistogram.Empty;

    /// <summary>Run times of tasks, as far as looks show them.</summary>
    public LogHistogram Runs { get; init; } = LogHistogram.Empty;

    /// <summary>By band: from a spare's coming into it until it is needed.</summary>
    public ImmutableList<LogHistogram> Gaps { get; init; } = [.. Enumerable.Repeat(LogHistogram.Empty, Bands)];

    /// <summary>From the deepest to the top: first those whose instances were ended, then those that live.</summary>
    public ImmutableList<Spare> Spares { get; init; } = [];

    /// <summary>Idle instances, of which the top of the stack stands.</summary>
    public int Live { get; init; }

    /// <summary>The band of a position, counted from 1 at the top: 1, 2, 3 to 4, 5 to 8, 9 to 16, and deeper.</summary>
    public static int BandOf(int position) => position switch { <= 1 => 0, 2 => 1, <= 4 => 2, <= 8 => 3, <= 16 => 4, _ => 5 };

    /// <summary>Since when the spare at a position, counted from 1 at the top, has stood in its band; null if it is not followed.</summary>
    public DateTimeOffset? Since(int position) => position <= Spares.Count ? Spares[^position].Entries[^1].At : null;

    /// <summary>An instance is idle.</summary>
    public Experience Pushed(DateTimeOffset at)
    {
        var pushed = this with { Spares = Spares.Add(new Spare([new BandEntry(0, at)])), Live = Live + 1 };
        return (pushed.Spares.Count > MostSpares ? pushed.Forgotten() : pushed).Placed(at);
    }

    /// <summary>An idle instance has taken a task.</summary>
    public Experience Taken(DateTimeOffset at) => (Spares.Count == 0 ? this : Used(Spares.Count - 1, at)) with { Live = Math.Max(0, Live - 1) };

    /// <summary>An idle instance serves no more: its place stays, for to learn when it would have been needed.</summary>
    public Experience Lost() => this with { Live = Math.Max(0, Live - 1) };

    /// <summary>An instance was requested: the topmost place without an instance would have been needed.</summary>
    public Experience Missed(DateTimeOffset at) => Spares.Count > Live ? Used(Spares.Count - Live - 1, at) : this;

    private Experience Used(int index, DateTimeOffset at)
    {
        var gaps = Gaps;
        foreach (var entry in Spares[index].Entries)
            gaps = gaps.SetItem(entry.Band, gaps[entry.Band].With(at - entry.At));
        return (this with { Gaps = gaps, Spares = Spares.RemoveAt(index) }).Placed(at);
    }

    private Experience Forgotten()
    {
        var gaps = Gaps;
        foreach (var entry in Spares[0].Entries)
            gaps = gaps.SetItem(entry.Band, gaps[entry.Band].With(Never));
        return this with { Gaps = gaps, Spares = Spares.RemoveAt(0) };
    }

    /// <summary>Notes who stands in another band than before.</summary>
    private Experience Placed(DateTimeOffset at)
    {
        var spares = Spares;
        foreach (var position in Borders)
        {
            if (position > spares.Count)
                break;
            var spare = spares[^position];
            var band = BandOf(position);
            if (spare.Entries[^1].Band == band)
                continue;
            var entries = spare.Entries.Add(new BandEntry(band, at));
            spares = spares.SetItem(spares.Count - position, new Spare(entries.Count > MostEntries ? entries.RemoveAt(0) : entries));
        }

        return ReferenceEquals(spares, Spares) ? this : this with { Spares = spares };
    }
}
