using ControlPlane.Domain.Pricing;

namespace ControlPlane.Simulation.Traces;

/// <summary>Yardsticks that need no policy: what no policy can go below, and what a fleet that never changes does.</summary>
public static class Yardsticks
{
    /// <summary>
    /// Each job on a machine of its own for exactly its duration, at no wait and no boot. Machines that are billed by the second with a minimum could be shared only by
    /// jobs that are shorter than the minimum: these count by their duration, so that the bound holds for every policy.
    /// </summary>
    public static TraceOutcome LowerBound(JobTrace trace, HourlyRate rate) => LowerBound(trace, _ => rate);

    /// <summary>The same with a rate for each queue.</summary>
    public static TraceOutcome LowerBound(JobTrace trace, Func<string, HourlyRate> rate)
    {
        Int128 bill = 0;
        foreach (var queue in trace.Jobs.GroupBy(j => j.Queue, StringComparer.Ordinal))
            bill += (Int128)rate(queue.Key).MicrosPerHour * queue.Sum(j => j.Duration.Ticks);
        return new TraceOutcome("lower bound", Price(bill), [.. trace.Jobs.Select(_ => TimeSpan.Zero)]);
    }

    /// <summary>Each job on a machine of its own, billed for the platform's minimum at least, and no wait: what an oracle that never shares a machine pays.</summary>
    public static TraceOutcome OwnMachines(JobTrace trace, HourlyRate rate, Billing billing)
    {
        Int128 ticks = 0;
        foreach (var job in trace.Jobs)
            ticks += Math.Max(job.Duration.Ticks, billing.Minimum.Ticks);
        return new TraceOutcome("a machine a job", Price(rate, ticks), [.. trace.Jobs.Select(_ => TimeSpan.Zero)]);
    }

    /// <summary>So many machines for each queue, from the first submission to the end of the last job; first come, first served.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A fleet has at least one machine.</exception>
    public static TraceOutcome FixedFleet(JobTrace trace, HourlyRate rate, int machinesOfQueue) =>
        FixedFleet($"{machinesOfQueue} machines a queue", trace, _ => rate, _ => machinesOfQueue);

    /// <summary>The same with a rate and a number for each queue.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A fleet has at least one machine.</exception>
    public static TraceOutcome FixedFleet(string name, JobTrace trace, Func<string, HourlyRate> rate, Func<string, int> machines)
    {
        Dictionary<string, PriorityQueue<int, TimeSpan>> fleets = new(StringComparer.Ordinal);
        List<TimeSpan> waits = new(trace.Jobs.Count);
        var end = TimeSpan.Zero;
        foreach (var job in trace.Jobs)
        {
            if (!fleets.TryGetValue(job.Queue, out var fleet))
            {
                var count = machines(job.Queue);
                ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, nameof(machines));
                fleets[job.Queue] = fleet = new();
                for (var i = 0; i < count; i++)
                    fleet.Enqueue(i, TimeSpan.Zero);
            }

            fleet.TryDequeue(out var machine, out var free);
            var start = free > job.SubmittedAt ? free : job.SubmittedAt;
            var done = start + job.Duration;
            fleet.Enqueue(machine, done);
            waits.Add(start - job.SubmittedAt);
            end = done > end ? done : end;
        }

        waits.Sort();
        var ticks = trace.Jobs.Count == 0 ? 0 : (end - trace.Jobs[0].SubmittedAt).Ticks;
        return new TraceOutcome(name, Price(fleets.Aggregate(Int128.Zero, (sum, f) => sum + ((Int128)rate(f.Key).MicrosPerHour * ticks * f.Value.Count))), waits)
        {
            PeakMachines = fleets.Values.Sum(f => f.Count),
        };
    }

    /// <summary>How many jobs of each queue would run at a time if none waited: on average over the trace rounded up, 95 % of the time at most, and at most.</summary>
    public static IReadOnlyDictionary<string, (int Mean, int Mostly, int Peak)> Load(JobTrace trace)
    {
        Dictionary<string, (int, int, int)> loads = new(StringComparer.Ordinal);
        var end = trace.Jobs.Count == 0 ? TimeSpan.Zero : trace.Jobs.Max(j => j.SubmittedAt + j.Duration);
        foreach (var queue in trace.Jobs.GroupBy(j => j.Queue, StringComparer.Ordinal))
        {
            SortedDictionary<int, long> times = [];
            var running = 0;
            var last = trace.Jobs[0].SubmittedAt.Ticks;
            var area = 0.0;
            var whole = Math.Max(1, (end - trace.Jobs[0].SubmittedAt).Ticks);
            void Until(long at)
            {
                times[running] = times.GetValueOrDefault(running) + at - last;
                area += (double)running * (at - last);
                last = at;
            }

            foreach (var (at, step) in queue.SelectMany(j => new[] { (j.SubmittedAt.Ticks, 1), ((j.SubmittedAt + j.Duration).Ticks, -1) }).Order())
            {
                Until(at);
                running += step;
            }

            Until(end.Ticks);
            var left = whole;
            var mostly = times.First(t => (left -= t.Value) <= whole / 20).Key;
            loads[queue.Key] = (Math.Max(1, (int)Math.Ceiling(area / whole)), Math.Max(1, mostly), Math.Max(1, times.Keys.Last()));
        }

        return loads;
    }

    /// <summary>Jobs that need more GPUs than the machine has, each with the reason.</summary>
    public static IReadOnlyList<string> Misfits(JobTrace trace, Offer offer) =>
    [
        .. trace.Jobs.Select((job, i) => (job, i)).Where(j => j.job.Gpus > offer.Gpus)
            .Select(j => $"job {j.i + 1} (queue {j.job.Queue}, submitted at {j.job.SubmittedAt.TotalSeconds:0} s) needs {j.job.Gpus} GPUs and {offer.Type} has {offer.Gpus}"),
    ];

    private static Money Price(HourlyRate rate, Int128 ticks) => Price(rate.MicrosPerHour * ticks);

    private static Money Price(Int128 bill) => new((long)((bill + TimeSpan.TicksPerHour - 1) / TimeSpan.TicksPerHour));
}
