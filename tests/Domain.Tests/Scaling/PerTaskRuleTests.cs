using ControlPlane.Domain.Scaling;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Scaling;

public sealed class PerTaskRuleTests
{
    private static readonly Situation Nothing = new(Now, "training", 0, TimeSpan.Zero, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 10);

    /// <summary>Boots of five minutes, tasks of twenty.</summary>
    private static readonly Experience Known = Experience.None with { Boots = Of(Minutes(5), 20), Runs = Of(Minutes(20), 50) };

    [Fact]
    public void Advise_NothingWasLearnt_IsAnInstanceForEachTask()
    {
        var (advice, again, patience) = PerTaskRule.Advise(Nothing with { Pending = 3, Busy = 2 }, Experience.None, Minutes(3), [Minutes(50), Minutes(50)]);
        Assert.Equal(5, advice.Wanted);
        Assert.Null(again);
        Assert.Null(patience);
    }

    [Fact]
    public void Advise_ABusyInstanceIsNearlySurelyFreeBeforeABoot_LaunchesNothingAndLooksAgain()
    {
        var situation = Nothing with { Pending = 1, Busy = 1, Running = 1 };
        var (advice, again, patience) = PerTaskRule.Advise(situation, Known, Minutes(3), [Minutes(22)]);
        Assert.Equal(1, advice.Wanted);
        Assert.True(again > Now && again < Now + Minutes(5));
        Assert.Equal(HoldBack.Patience, patience!.Kind);
        Assert.Equal(2, PerTaskRule.Advise(situation, Known, Minutes(3), [Minutes(2)]).Advice.Wanted);
    }

    [Fact]
    public void Advise_MoreTasksThanWillBeFree_LaunchesForTheOthers()
    {
        var (advice, again, patience) = PerTaskRule.Advise(Nothing with { Pending = 3, Busy = 1, Running = 1 }, Known, Minutes(3), [Minutes(22)]);
        Assert.Equal(3, advice.Wanted);
        Assert.NotNull(again);
        Assert.Null(patience);
    }

    [Fact]
    public void Advise_WaitedInVainForHalfABoot_WaitsForNobody()
    {
        var situation = Nothing with { Pending = 1, Busy = 1, Running = 1, OldestWait = Minutes(4) };
        Assert.Equal(2, PerTaskRule.Advise(situation, Known, Minutes(3), [Minutes(22)]).Advice.Wanted);

        // What boots is for that one.
        Assert.Equal(2, PerTaskRule.Advise(situation with { Pending = 2, Booting = 1, BootingSlots = 1 }, Known, Minutes(3), [Minutes(22)]).Advice.Wanted);
    }

    [Fact]
    public void Freed_TasksMuchShorterThanTheTime_CountAPlaceSeveralTimes()
    {
        var runs = Of(TimeSpan.FromSeconds(20), 50);
        Assert.InRange(TargetWaitRule.Freed(runs, Minutes(5), [TimeSpan.Zero], 20), 5, 8);
        Assert.Equal(1, TargetWaitRule.Freed(Of(Minutes(4), 50), Minutes(6), [TimeSpan.Zero], 20));
    }

    private static LogHistogram Of(TimeSpan duration, int count) => Enumerable.Repeat(duration, count).Aggregate(LogHistogram.Empty, (h, d) => h.With(d));
}
