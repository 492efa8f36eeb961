using ControlPlane.Simulation.Engine;

namespace ControlPlane.Simulation.Traces;

/// <summary>
/// Traces that nobody measured: shapes of load that policies must stand, drawn from a seed. They are no model of any real system; a published trace is always better
/// evidence. What they add is variety.
/// </summary>
public static class SyntheticTraces
{
    /// <summary>The names of all shapes.</summary>
    public static IReadOnlyList<string> Shapes { get; } = ["bursty", "diurnal", "short", "long", "rare", "regular", "heavy-tail", "batches"];

    /// <summary>A trace of a shape. The same shape and seed give the same trace.</summary>
    /// <exception cref="ArgumentException">There is no such shape.</exception>
    public static JobTrace Make(string shape, ulong seed)
    {
        var dice = new Dice(seed).Split((ulong)shape.Length);
        var jobs = shape switch
        {
            // Two queues, idle for hours, then dozens of tasks within a minute.
            "bursty" => Jobs(dice, 2, 5, Bursts(TimeSpan.FromHours(4), 5, 50, TimeSpan.FromMinutes(1)), Exponential(TimeSpan.FromMinutes(20))),

            // A team: many tasks by day, few by night, next to none on weekends.
            "diurnal" => Jobs(dice, 2, 7, Poisson(TimeSpan.FromMinutes(4), WorkingHours), Exponential(TimeSpan.FromMinutes(30))),

            // Tests: a task of seconds each minute.
            "short" => Jobs(dice, 1, 2, Poisson(TimeSpan.FromMinutes(1), _ => 1), Uniform(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(90))),

            // Training: hours each.
            "long" => Jobs(dice, 2, 10, Poisson(TimeSpan.FromMinutes(40), _ => 1), Exponential(TimeSpan.FromHours(6))),

            // Somebody tries something now and then.
            "rare" => Jobs(dice, 4, 14, Poisson(TimeSpan.FromHours(5), _ => 1), Exponential(TimeSpan.FromMinutes(15))),

            // A clock starts them: every 20 minutes one of some minutes.
            "regular" => Jobs(dice, 2, 3, Regular(TimeSpan.FromMinutes(20)), Uniform(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(4))),

            // Most are short, a few take most of the time.
            "heavy-tail" => Jobs(dice, 2, 5, Poisson(TimeSpan.FromMinutes(5), _ => 1), Pareto(TimeSpan.FromSeconds(60), 1.1, TimeSpan.FromHours(24))),

            // Sweeps of parameters: a task after another within a quarter of an hour, equally long.
            "batches" => Jobs(dice, 2, 5, Bursts(TimeSpan.FromHours(2), 10, 30, TimeSpan.FromMinutes(15)), Uniform(TimeSpan.FromMinutes(9), TimeSpan.FromMinutes(11))),
            _ => throw new ArgumentException($"There is no shape '{shape}'; there are {string.Join(", ", Shapes)}.", nameof(shape)),
        };
        return new JobTrace([.. jobs.OrderBy(j => j.SubmittedAt)], [], false);
    }

    private static IEnumerable<TraceJob> Jobs(Dice dice, int queues, int days, Func<Dice, TimeSpan, IEnumerable<TimeSpan>> arrivals, Func<Dice, TimeSpan> duration)
    {
        for (var queue = 0; queue < queues; queue++)
        {
            var own = dice.Split((ulong)queue);
            foreach (var at in arrivals(own, TimeSpan.FromDays(days)))
                yield return new TraceJob(Seconds(at), Seconds(duration(own)), $"q{queue + 1}", 1);
        }
    }

    private static Func<Dice, TimeSpan, IEnumerable<TimeSpan>> Poisson(TimeSpan gap, Func<TimeSpan, double> share) => (dice, span) =>
    {
        // Thinned: an arrival is kept with the chance of its time.
        List<TimeSpan> times = [];
        for (var at = dice.Exponential(gap); at < span; at += dice.Exponential(gap))
        {
            if (dice.Chance(share(at)))
                times.Add(at);
        }

        return times;
    };

    private static Func<Dice, TimeSpan, IEnumerable<TimeSpan>> Bursts(TimeSpan gap, int least, int most, TimeSpan within) => (dice, span) =>
    {
        List<TimeSpan> times = [];
        for (var at = dice.Exponential(gap); at < span; at += dice.Exponential(gap))
        {
            for (var i = dice.Between(least, most); i > 0; i--)
                times.Add(at + dice.Between(TimeSpan.Zero, within));
        }

        return times.Order();
    };

    private static Func<Dice, TimeSpan, IEnumerable<TimeSpan>> Regular(TimeSpan gap) => (_, span) => Enumerable.Range(1, (int)(span / gap)).Select(i => gap * i);

    private static double WorkingHours(TimeSpan at) => at.Days % 7 >= 5 ? 0.05 : at.Hours is >= 9 and < 18 ? 1 : 0.1;

    private static Func<Dice, TimeSpan> Exponential(TimeSpan mean) => dice => dice.Exponential(mean);

    private static Func<Dice, TimeSpan> Uniform(TimeSpan least, TimeSpan most) => dice => dice.Between(least, most);

    private static Func<Dice, TimeSpan> Pareto(TimeSpan least, double shape, TimeSpan most) => dice =>
    {
        var drawn = least * Math.Pow(1 - dice.Unit(), -1 / shape);
        return drawn < most ? drawn : most;
    };

    private static TimeSpan Seconds(TimeSpan time) => TimeSpan.FromSeconds(Math.Max(1, Math.Round(time.TotalSeconds)));
}
