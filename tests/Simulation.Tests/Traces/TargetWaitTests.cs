using ControlPlane.Domain.Scaling;
using ControlPlane.Simulation.Traces;

namespace ControlPlane.Simulation.Tests.Traces;

/// <summary>What docs/policies.md claims of the policy that lets tasks wait: it keeps its target, and patience is never dear.</summary>
public sealed class TargetWaitTests
{
    public static TheoryData<string, int> ShapesAndSeeds
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var shape in SyntheticTraces.Shapes)
            {
                for (var seed = 1; seed <= 2; seed++)
                    data.Add(shape, seed);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(ShapesAndSeeds))]
    public void TargetWait_OnASyntheticShape_KeepsItsTargetAndMorePatienceNeverCostsMore(string shape, int seed)
    {
        var trace = SyntheticTraces.Make(shape, (ulong)seed);

        // Which machine is the one that is kept is chance: 2 % are no difference.
        var bound = double.MaxValue;
        foreach (var minutes in (int[])[5, 15, 60])
        {
            var target = TimeSpan.FromMinutes(minutes);
            var outcome = Run(trace, new PolicySpec.TargetWait(target));
            Assert.True(outcome.WaitOf(0.95) <= target, $"19 of 20 tasks waited for up to {outcome.WaitOf(0.95)} at a target of {minutes} min");
            Assert.True(outcome.Cost.Micros <= bound, $"{outcome.Cost} at a target of {minutes} min, and less patience cost no more than {bound / 1_000_000}");
            bound = outcome.Cost.Micros * 1.02;
        }
    }

    /// <summary>A machine begins many short tasks one after another: with an hour of patience next to nothing is paid but the work.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void TargetWait_ShortTasksAndAnHourOfPatience_CostsLittleMoreThanTheWork(int seed)
    {
        var trace = SyntheticTraces.Make("short", (ulong)seed);
        var work = trace.Jobs.Sum(j => j.Duration.TotalHours) * 1_000_000;
        Assert.InRange(Run(trace, new PolicySpec.TargetWait(TimeSpan.FromHours(1))).Cost.Micros, work, work * 1.1);
        Assert.InRange(Run(trace, new PolicySpec.TargetWait(TimeSpan.FromMinutes(15))).Cost.Micros, work, work * 1.3);
    }

    /// <summary>Two thousand tasks of 20 s at once, of which nothing was known before.</summary>
    [Fact]
    public void TargetWait_ABurstOfManyShortTasks_IsWorkedOffByAFew()
    {
        var trace = Replays.Trace([.. Enumerable.Range(0, 2_000).Select(i => $"{60 + (i / 20)},20,q,1")]);
        var outcome = Run(trace, new PolicySpec.TargetWait(TimeSpan.FromHours(1)));
        Assert.True(outcome.WaitOf(0.95) <= TimeSpan.FromHours(1), $"{outcome.WaitOf(0.95)}");
        Assert.InRange(outcome.PeakMachines, 10, 40);
    }

    private static TraceOutcome Run(JobTrace trace, PolicySpec policy) => Replays.Run(TraceDefaults.Of(trace, new() { Policy = policy }), trace);
}
