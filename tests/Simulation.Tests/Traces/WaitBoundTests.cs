using ControlPlane.Domain.Pricing;
using ControlPlane.Simulation.Engine;
using ControlPlane.Simulation.Traces;
using CsCheck;

namespace ControlPlane.Simulation.Tests.Traces;

public sealed class WaitBoundTests
{
    private static readonly HourlyRate Dollar = HourlyRate.FromDollars(1);
    private static readonly TimeSpan Boot = TimeSpan.FromSeconds(100);

    [Fact]
    public void AtNoWait_KeepsAMachineOverAShortGapAndBootsAfterALongOne()
    {
        // 100 s of boot, 50 s of work, a gap of 60 s that is cheaper than a boot, 50 s, and a gap that is not: 100 + 50 + 60 + 50 + 100 + 50.
        Assert.Equal(Dollar.Over(TimeSpan.FromSeconds(410)).Micros, WaitBound.AtNoWait(Trace((0, 50), (110, 50), (2000, 50)), Dollar, Boot).Cost.Micros, 1.0);
    }

    [Fact]
    public void AtNoWait_JobsAtOnce_NeedAMachineEach() =>
        Assert.Equal(Dollar.Over(TimeSpan.FromSeconds(450)).Micros, WaitBound.AtNoWait(Trace((0, 50), (0, 50), (0, 50)), Dollar, Boot).Cost.Micros, 1.0);

    [Fact]
    public void AtNoWait_OfTwoEndsTheLaterOneIsKept()
    {
        // Ends at 50 and 90, next submission at 100: a gap of 10 s.
        Assert.Equal(Dollar.Over(TimeSpan.FromSeconds(200 + 50 + 90 + 10 + 20)).Micros, WaitBound.AtNoWait(Trace((0, 50), (0, 90), (100, 20)), Dollar, Boot).Cost.Micros, 1.0);
    }

    [Fact]
    public void AtMeanWait_FallsWithTheWaitToWorkAndNoFurther()
    {
        var trace = Random(3, 200);
        var work = Yardsticks.LowerBound(trace, Dollar).Cost;
        var last = WaitBound.AtNoWait(trace, Dollar, Boot).Cost;
        Assert.True(last > work);
        foreach (var seconds in new[] { 1, 10, 60, 300, 3600, 100_000 })
        {
            var bound = WaitBound.AtMeanWait(trace, Dollar, Boot, TimeSpan.FromSeconds(seconds));
            Assert.True(bound <= last, $"the bound at {seconds} s is {bound} and was {last}");
            Assert.True(bound >= work - new Money(1));
            last = bound;
        }
    }

    [Fact]
    public void AtMeanWait_IsBelowEveryScheduleOfAFewJobs() => Gen.ULong.Sample(
        seed =>
        {
            var trace = Random(seed, 4);
            var schedules = Schedules([.. trace.Jobs]).Distinct().ToArray();
            foreach (var (cost, wait) in schedules)
                Assert.True(WaitBound.AtMeanWait(trace, Dollar, Boot, wait).Micros <= cost.Micros + 2, $"a schedule waits {wait} and costs {cost}, below the bound {WaitBound.AtMeanWait(trace, Dollar, Boot, wait)}");
            var free = schedules.Where(s => s.Wait == TimeSpan.Zero).Min(s => s.Cost.Micros);
            Assert.Equal(free, WaitBound.AtNoWait(trace, Dollar, Boot).Cost.Micros, 5.0);
        },
        iter: 25);

    [Fact]
    public void AtMeanWait_IsBelowTheModelOfClearMl()
    {
        var trace = Random(11, 400);
        foreach (var faults in new[] { ClearMlFaults.None, ClearMlFaults.ShortTasksUnseen })
        {
            var outcome = ClearMlModel.Run(trace, new ClearMlSettings { Resources = _ => [new("a", 1000)], Rate = Dollar, BootTime = _ => Boot, Faults = faults }).Outcome;
            Assert.True(WaitBound.AtMeanWait(trace, Dollar, Boot, outcome.MeanWait) < outcome.Cost);
        }
    }

    /// <summary>Every assignment of a few jobs to machines in every order, each begun as early as may be, and some begun later so that the machine before it need not idle.</summary>
    private static IEnumerable<(Money Cost, TimeSpan Wait)> Schedules(TraceJob[] jobs)
    {
        foreach (var order in Orders([.. Enumerable.Range(0, jobs.Length)]))
        {
            // Bit i: job i of the order is the first of a new machine; a machine's jobs stand one after the other.
            for (var cuts = 0; cuts < 1 << (jobs.Length - 1); cuts++)
            {
                foreach (var delayed in new[] { false, true })
                    yield return Play(jobs, order, cuts, delayed);
            }
        }
    }

    private static (Money Cost, TimeSpan Wait) Play(TraceJob[] jobs, int[] order, int cuts, bool delayed)
    {
        var seconds = 0.0;
        var wait = 0.0;
        for (var i = 0; i < order.Length;)
        {
            var end = i + 1;
            while (end < order.Length && (cuts >> (end - 1) & 1) == 0)
                end++;
            var chain = order[i..end].Select(n => jobs[n]).ToArray();
            i = end;
            var starts = new double[chain.Length];
            for (var j = 0; j < chain.Length; j++)
                starts[j] = Math.Max(chain[j].SubmittedAt.TotalSeconds, j == 0 ? 0 : starts[j - 1] + chain[j - 1].Duration.TotalSeconds);
            for (var j = chain.Length - 2; delayed && j >= 0; j--)
                starts[j] = starts[j + 1] - chain[j].Duration.TotalSeconds;
            seconds += Boot.TotalSeconds + starts[^1] + chain[^1].Duration.TotalSeconds - starts[0];
            wait += chain.Select((job, j) => starts[j] - job.SubmittedAt.TotalSeconds).Sum();
        }

        return (Dollar.Over(TimeSpan.FromSeconds(seconds)), TimeSpan.FromSeconds(wait / jobs.Length));
    }

    private static IEnumerable<int[]> Orders(int[] rest) => rest.Length <= 1
        ? [rest]
        : rest.SelectMany(first => Orders([.. rest.Where(r => r != first)]).Select(tail => (int[])[first, .. tail]));

    private static JobTrace Random(ulong seed, int count)
    {
        var dice = new Dice(seed);
        var at = 0;
        return Trace([.. Enumerable.Range(0, count).Select(_ => ((double)(at += dice.Between(0, 150)), (double)dice.Between(1, 300)))]);
    }

    private static JobTrace Trace(params (double At, double Duration)[] jobs) =>
        new([.. jobs.Select(j => new TraceJob(TimeSpan.FromSeconds(j.At), TimeSpan.FromSeconds(j.Duration), "a", null))], [], false);
}
