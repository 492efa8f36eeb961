using ControlPlane.Domain.Pricing;

namespace ControlPlane.Simulation.Traces;

/// <summary>Yardsticks that need no policy: what no policy can go below, and what a fleet that never changes does.</summary>
public static class Yardsticks
{
    /// <summary>
    /// Each job on a machine of its own for exactly its duration, at no wait and no boot. Machines that are billed by the second with a minimum could be shared only by
    /// jobs that are shorter than the minimum: these count by their duration, so that the bound holds for every policy.
    /// </summary>
    public static TraceOutcome LowerBound(JobTrace trace, HourlyRate rate)
    {
        Int128 ticks = 0;
        foreach (var job in trace.Jobs)
            ticks += job.Duration.Ticks;
        return new TraceOutcome("lower bound", Price(rate, ticks), [.. trace.Jobs.Select(_ => TimeSpan.Zero)]);
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
    public static TraceOutcome FixedFleet(JobTrace trace, HourlyRate rate, int machinesOfQueue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(machinesOfQueue, 1);
        if (trace.Jobs.Count == 0)
            return new TraceOutcome($"{machinesOfQueue} machines a queue", Money.Zero, []);
        Dictionary<string, PriorityQueue<int, TimeSpan>> fleets = [];
        List<TimeSpan> waits = new(trace.Jobs.Count);
        var end = TimeSpan.Zero;
        foreach (var job in trace.Jobs)
        {
            if (!fleets.TryGetValue(job.Queue, out var fleet))
            {
                fleets[job.Queue] = fleet = new();
                for (var i = 0; i < machinesOfQueue; i++)
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
        var time = end - trace.Jobs[0].SubmittedAt;
        return new TraceOutcome($"{machinesOfQueue} machines a queue", Price(rate, (Int128)time.Ticks * machinesOfQueue * fleets.Count), waits);
    }

    /// <summary>Jobs that need more GPUs than the machine has, each with the reason.</summary>
    public static IReadOnlyList<string> Misfits(JobTrace trace, Offer offer) =>
    [
        .. trace.Jobs.Select((job, i) => (job, i)).Where(j => j.job.Gpus > offer.Gpus)
            .Select(j => $"job {j.i + 1} (queue {j.job.Queue}, submitted at {j.job.SubmittedAt.TotalSeconds:0} s) needs {j.job.Gpus} GPUs and {offer.Type} has {offer.Gpus}"),
    ];

    private static Money Price(HourlyRate rate, Int128 ticks) => new((long)((((Int128)rate.MicrosPerHour * ticks) + TimeSpan.TicksPerHour - 1) / TimeSpan.TicksPerHour));
}
