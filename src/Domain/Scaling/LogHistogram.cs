using System.Text.Json.Serialization;

namespace ControlPlane.Domain.Scaling;

/// <summary>
/// A small memory of durations: counts in bins, of which each is longer by the square root of two than the one before, from 1 s to a month. What is old fades: each
/// new duration takes a 128th from what was there. Integers only, so that every machine computes the same.
/// </summary>
/// <param name="Weights">Of each bin, up to the last that is not 0; a duration adds <see cref="One"/>.</param>
public sealed record LogHistogram(IReadOnlyList<int> Weights)
{
    /// <summary>What one new duration weighs.</summary>
    public const int One = 1 << 16;

    private const int Fading = 128;

    public static readonly LogHistogram Empty = new([]);

    /// <summary>Upper ends of the bins; the last bin has none.</summary>
    private static readonly TimeSpan[] Ends = [.. Enumerable.Range(0, 44).Select(i => new TimeSpan((TimeSpan.TicksPerSecond << (i / 2)) * (i % 2 == 0 ? 10_000 : 14_142) / 10_000))];

    /// <summary>All weights together.</summary>
    [JsonIgnore]
    public long Total => Weights.Sum(w => (long)w);

    /// <summary>At least so many durations, counted by what is left of their weights.</summary>
    public bool Has(int durations) => Total >= (long)durations * One * 9 / 10;

    /// <summary>With one more duration. One that is not positive says nothing.</summary>
    public LogHistogram With(TimeSpan duration)
    {
        if (duration <= TimeSpan.Zero)
            return this;
        var bin = Array.BinarySearch(Ends, duration);
        bin = bin < 0 ? ~bin : bin;
        var weights = new int[Math.Max(Weights.Count, bin + 1)];
        for (var i = 0; i < Weights.Count; i++)
            weights[i] = Weights[i] - (Weights[i] / Fading);
        weights[bin] += One;
        return new LogHistogram(weights);
    }

    /// <summary>What so large a share of the durations does not exceed, rounded up to the end of a bin; null if none is known.</summary>
    /// <param name="share">More than 0, at most 1.</param>
    public TimeSpan? Quantile(double share)
    {
        var total = Total;
        if (total == 0)
            return null;
        long below = 0;
        for (var i = 0; i < Weights.Count; i++)
        {
            below += Weights[i];
            if (below >= total * share)
                return End(i);
        }

        return End(Weights.Count - 1);
    }

    /// <summary>The weight of durations that are longer than this, with even spread inside a bin.</summary>
    public double Over(TimeSpan time)
    {
        var over = 0.0;
        for (var i = Weights.Count - 1; i >= 0; i--)
        {
            var start = Start(i);
            var end = End(i);
            if (start >= time)
                over += Weights[i];
            else if (end > time)
                over += Weights[i] * ((double)(end - time).Ticks / (end - start).Ticks);
            else
                break;
        }

        return over;
    }

    /// <summary>
    /// How long it pays to keep something that is free when it is needed again after one of these durations, and that costs <paramref name="miss"/>, as a time of its
    /// own price, when it was given up and is needed: the time at which the mean of what is paid is least. With few durations known it is <paramref name="miss"/>
    /// itself, which never costs more than twice the best.
    /// </summary>
    /// <param name="miss">What being without it costs.</param>
    /// <param name="most">The longest answer.</param>
    public TimeSpan WorthKeeping(TimeSpan miss, TimeSpan most)
    {
        if (!Has(5))
            return miss < most ? miss : most;
        var total = (double)Total;
        var best = total * miss.Ticks;
        var keep = TimeSpan.Zero;
        var reused = 0.0;
        var paid = 0.0;
        for (var i = 0; i < Weights.Count && End(i) <= most; i++)
        {
            reused += Weights[i];
            paid += Weights[i] * ((double)(Start(i) + End(i)).Ticks / 2);
            var cost = paid + ((total - reused) * (End(i) + miss).Ticks);
            if (cost >= best)
                continue;
            best = cost;
            keep = End(i);
        }

        return keep;
    }

    /// <summary>Start, end and weight of each bin up to the last that is not empty.</summary>
    internal IEnumerable<(TimeSpan Start, TimeSpan End, int Weight)> Bins() => Weights.Select((weight, bin) => (Start(bin), End(bin), weight));

    private static TimeSpan Start(int bin) => bin == 0 ? TimeSpan.Zero : Ends[bin - 1];

    private static TimeSpan End(int bin) => bin < Ends.Length ? Ends[bin] : Ends[^1] * 2;
}
