using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Scaling;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Queues;

public sealed class AdaptiveIdleTests
{
    private static readonly LogHistogram Soon = Of(Minutes(2));
    private static readonly LogHistogram Late = Of(Hours(5));

    [Fact]
    public void Idle_TasksComeBackSoon_IsKeptForThem()
    {
        var scaler = IdleAfter(Minutes(1.5), Soon);
        Assert.Equal(Phase.Idle, scaler.Instances[0].Phase);
    }

    [Fact]
    public void Idle_TheNextTaskIsHoursAway_LeavesOnceItsMinimumIsPaid()
    {
        var scaler = IdleAfter(Minutes(1.5), Late);
        Assert.Equal(Phase.Draining, scaler.Instances[0].Phase);
        Assert.Contains("not worth keeping", scaler.Last.Sentence(), StringComparison.Ordinal);
    }

    [Fact]
    public void Idle_TheMinimumIsPaidAnyway_StaysUntilThen()
    {
        var scaler = IdleAfter(Seconds(5), Late);
        Assert.Equal(Phase.Idle, scaler.Instances[0].Phase);
        Assert.NotNull(scaler.State.ReconsiderAt);
    }

    [Fact]
    public void Idle_TheMinimumOfTheQueueNeedsIt_Stays()
    {
        var scaler = IdleAfter(Minutes(30), Late, minimum: 1);
        Assert.Equal(Phase.Idle, scaler.Instances[0].Phase);
    }

    [Fact]
    public void Idle_NothingIsKnown_LeavesWithinTheLongestTime()
    {
        var scaler = IdleAfter(Minutes(16), LogHistogram.Empty);
        Assert.Equal(Phase.Draining, scaler.Instances[0].Phase);
    }

    /// <summary>One instance that has been idle for a time, in a queue that has learnt these gaps.</summary>
    private static ScalerSubject IdleAfter(TimeSpan time, LogHistogram gaps, int minimum = 0)
    {
        var scaler = ScalerSubject.With(QueueOf(Pool(max: 2)) with { AdaptiveIdle = true, MinInstances = minimum });
        scaler.Look(1);
        scaler.Boot().Register();
        var known = scaler.State.Experience! with { Gaps = [.. Enumerable.Repeat(gaps, Experience.None.Gaps.Count)] };
        scaler.Machine.Become(scaler.State with { Experience = known });
        scaler.After(time).Look(0);
        return scaler;
    }

    private static LogHistogram Of(TimeSpan gap) => Enumerable.Repeat(gap, 40).Aggregate(LogHistogram.Empty, (known, time) => known.With(time));
}
