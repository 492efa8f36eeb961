using ControlPlane.Domain.Scaling;
using CsCheck;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Scaling;

public sealed class TargetWaitTests
{
    private static readonly TimeSpan Target = Minutes(10);

    private static readonly Situation Nothing = new(Now, "training", 0, TimeSpan.Zero, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 10);

    [Fact]
    public void Advise_ATaskThatHasTimeForMoreThanABoot_WaitsAndSaysUntilWhen()
    {
        var (advice, again, patience) = TargetWaitRule.Advise(Nothing with { Pending = 1, Busy = 2 }, Target, Experience.None, Minutes(3), []);
        Assert.Equal(2, advice.Wanted);
        Assert.Equal(Now + Minutes(7), again);
        Assert.Equal(HoldBack.Patience, patience!.Kind);
    }

    [Fact]
    public void Advise_NoTimeLeftButForABoot_Launches()
    {
        var (advice, again, patience) = TargetWaitRule.Advise(
            Nothing with { Pending = 3, Busy = 2, OldestWait = Minutes(8) }, Target, Experience.None, Minutes(3), []);
        Assert.Equal(5, advice.Wanted);
        Assert.Null(again);
        Assert.Null(patience);
    }

    [Fact]
    public void Advise_BootsWereLearnt_TheirTimeCounts()
    {
        var known = Experience.None with { Boots = Of(Enumerable.Repeat(Minutes(9), 20)) };
        var situation = Nothing with { Pending = 1, Busy = 1, OldestWait = Minutes(2) };
        Assert.Equal(2, TargetWaitRule.Advise(situation, Target, known, Minutes(3), []).Advice.Wanted);
        Assert.Equal(1, TargetWaitRule.Advise(situation, Target, Experience.None, Minutes(3), []).Advice.Wanted);
    }

    [Fact]
    public void Advise_ABusyInstanceIsNearlySurelyFreeInTime_LaunchesNothing()
    {
        var known = Experience.None with { Boots = Of(Enumerable.Repeat(Minutes(5), 20)), Runs = Of(Enumerable.Repeat(Minutes(20), 50)) };
        var situation = Nothing with { Pending = 1, Busy = 1, Running = 1, OldestWait = Minutes(6) };
        Assert.Equal(1, TargetWaitRule.Advise(situation, Target, known, Minutes(3), [Minutes(22)]).Advice.Wanted);
        Assert.Equal(2, TargetWaitRule.Advise(situation, Target, known, Minutes(3), [Minutes(2)]).Advice.Wanted);
    }

    [Fact]
    public void Advise_TheTargetHasPassed_WaitsForNobody()
    {
        var known = Experience.None with { Boots = Of(Enumerable.Repeat(Minutes(5), 20)), Runs = Of(Enumerable.Repeat(Minutes(20), 50)) };
        var situation = Nothing with { Pending = 1, Busy = 1, Running = 1, OldestWait = Minutes(11) };
        Assert.Equal(2, TargetWaitRule.Advise(situation, Target, known, Minutes(3), [Minutes(22)]).Advice.Wanted);
    }

    [Fact]
    public void Advise_AnySituation_WantsWhatServesAtLeastAndNeverMoreThanAnInstanceForATask()
    {
        var gen = Gen.Select(
            Gen.Int[0, 40], Gen.Int[0, 5].Array[3], Gen.Int[0, 20], Gen.Int[1, 4], Gen.Int[0, 40], Gen.Int[1, 1200].List[0, 30], Gen.Int[1, 90_000].List[0, 60]);
        gen.Sample((pending, counts, busy, slots, wait, boots, runs) =>
        {
            var situation = Nothing with
            {
                Pending = pending,
                FreeSlots = counts[0],
                Idle = counts[1],
                IdleSlots = counts[1] * slots,
                Booting = counts[2],
                BootingSlots = counts[2] * slots,
                Busy = busy,
                SlotsPerInstance = slots,
                OldestWait = pending == 0 ? TimeSpan.Zero : Minutes(wait),
            };
            var known = Experience.None with { Boots = Of(boots.Select(b => Seconds(b))), Runs = Of(runs.Select(r => Seconds(r))) };
            var (advice, again, _) = TargetWaitRule.Advise(situation, Target, known, Minutes(3), [.. runs.Take(busy).Select(r => Seconds(r / 2))]);
            var missing = Math.Max(0, pending - situation.FreeSlots - situation.IdleSlots - situation.BootingSlots);
            Assert.InRange(advice.Wanted, missing > 0 ? situation.Serving : 0, situation.Serving + missing);
            Assert.False(again <= Now);
        });
    }

    [Fact]
    public void Freed_ManyTasksNearTheirEnd_CountsOnlyWhatIsNearlySure()
    {
        var runs = Of(Enumerable.Range(1, 100).Select(i => Minutes(i)));
        var freed = TargetWaitRule.Freed(runs, Minutes(30), [.. Enumerable.Repeat(Minutes(50), 40)], 40);
        Assert.InRange(freed, 5, 35);
        Assert.Equal(0, TargetWaitRule.Freed(LogHistogram.Empty, Minutes(30), [Minutes(50)], 5));
    }

    private static LogHistogram Of(IEnumerable<TimeSpan> times) => times.Aggregate(LogHistogram.Empty, (known, time) => known.With(time));
}
