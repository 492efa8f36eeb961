namespace ControlPlane.Domain.Scaling;

/// <summary>How many tasks places are expected to begin, with the spread of that.</summary>
/// <param name="Mean">The mean number.</param>
/// <param name="Variance">Its variance, were the run times that were learnt the true ones.</param>
/// <param name="Doubt">The standard error of the mean, because the mean run time is known from so few: the same for all places, so that it adds up.</param>
internal readonly record struct Begun(double Mean, double Variance, double Doubt)
{
    public static Begun operator +(Begun a, Begun b) => new(a.Mean + b.Mean, a.Variance + b.Variance, a.Doubt + b.Doubt);

    public static Begun operator *(Begun a, double times) => new(a.Mean * times, a.Variance * times, a.Doubt * times);
}

/// <summary>
/// How many tasks a place begins within a time, one after another, by the run times that a queue has learnt. Longer runs than the time count as long as it: then the sum of the runs
/// at the first that passes the time is at least the time, so (Wald) a place that is free begins at least time / mean tasks on average. The variance is that of a renewal process,
/// which is exact where runs are either next to nothing or longer than the time.
/// </summary>
internal sealed class Turnover
{
    /// <summary>What a bin of the memory of run times is, with all that is needed to integrate the share of longer runs up to any time in it.</summary>
    private readonly record struct Bin(double Start, double End, double Over, double Weight, double Time, double Moment);

    /// <summary>No larger share is in doubt: one place more must always count for more.</summary>
    private const double MostDoubt = 0.5;

    private readonly Bin[] bins;
    private readonly double known;
    private readonly double most;

    /// <param name="runs">Run times; with fewer than ten a place begins one task and no more.</param>
    public Turnover(LogHistogram runs)
    {
        IsKnown = runs.Has(10);
        var total = (double)runs.Total;
        known = total / LogHistogram.One;
        var list = new List<Bin>();
        double over = 1, time = 0, moment = 0;
        void Add(double start, double end, double weight)
        {
            var bin = new Bin(start, end, over, weight, time, moment);
            list.Add(bin);
            (time, moment) = Integrate(bin, end);
            over -= weight;
        }

        // All of a bin may have run as long as its end, if a queue's tasks are equally long: to be careful they are taken to lie in its upper half.
        foreach (var (start, end, weight) in IsKnown ? runs.Bins() : [])
        {
            var middle = (start.TotalSeconds + end.TotalSeconds) / 2;
            Add(start.TotalSeconds, middle, 0);
            Add(middle, end.TotalSeconds, weight / total);
        }

        bins = [.. list];
        most = time;
    }

    public bool IsKnown { get; }

    /// <summary>What a place that becomes free now begins within a time: one task at once, and others after it.</summary>
    /// <param name="within">The time, at least 0.</param>
    public Begun Fresh(TimeSpan within)
    {
        var time = within.TotalSeconds;
        if (!IsKnown || time <= 0)
            return new Begun(1, 0, 0);
        var (mean, square) = Truncated(time);
        var count = Math.Max(1, time / mean);
        return new Begun(count, count * square, (count - 1) * InDoubt(square));
    }

    /// <summary>What a place begins whose task has run for a while.</summary>
    /// <param name="elapsed">For how long it has.</param>
    /// <param name="within">The time, at least 0.</param>
    public Begun Busy(TimeSpan elapsed, TimeSpan within)
    {
        double age = Math.Max(0, elapsed.TotalSeconds), time = within.TotalSeconds;
        if (!IsKnown || time <= 0)
            return default;
        var (still, sofar, _) = At(age);
        if (still <= 1e-9)
            return default;
        var (later, then, _) = At(age + time);
        var done = Math.Clamp(1 - (later / still), 0, 1);
        if (done <= 0)
            return default;
        var (mean, square) = Truncated(time);
        var turns = Math.Max(0, time - ((then - sofar) / still)) / mean;
        var count = Math.Max(done, turns);
        return new Begun(count, (count * square) + ((1 - done) / done * count * count), (count - done) * InDoubt(square));
    }

    private double InDoubt(double square) => Math.Min(MostDoubt, Math.Sqrt(square / known));

    /// <summary>The mean of runs of which none counts longer than this, and the square of their spread over their mean.</summary>
    private (double Mean, double Square) Truncated(double time)
    {
        var (_, mean, moment) = At(time);
        return (mean, Math.Max(0, (2 * moment / (mean * mean)) - 1));
    }

    /// <summary>The share of longer runs, its integral up to this time, and the integral of it times the time.</summary>
    private (double Over, double Time, double Moment) At(double time)
    {
        int low = 0, high = bins.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (bins[middle].End < time)
                low = middle + 1;
            else
                high = middle;
        }

        if (low == bins.Length)
            return (0, most, bins.Length == 0 ? 0 : Integrate(bins[^1], bins[^1].End).Moment);
        var bin = bins[low];
        var (integral, moment) = Integrate(bin, time);
        return (bin.Over - (bin.Weight * (time - bin.Start) / (bin.End - bin.Start)), integral, moment);
    }

    /// <summary>The integrals up to a time in the bin, with even spread inside it.</summary>
    private static (double Time, double Moment) Integrate(Bin bin, double time)
    {
        var h = time - bin.Start;
        var slope = bin.Weight / (bin.End - bin.Start);
        var part = (bin.Over * h) - (slope * h * h / 2);
        return (bin.Time + part, bin.Moment + (bin.Start * part) + (bin.Over * h * h / 2) - (slope * h * h * h / 3));
    }
}
