using ControlPlane.Domain.Scaling;
using CsCheck;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Scaling;

public sealed class LogHistogramTests
{
    [Fact]
    public void Quantile_AnyDurations_IsNoLessThanTheTrueOneAndLessThanABinAbove()
    {
        Gen.Int[1, 2_000_000].List[1, 60].Sample(seconds =>
        {
            var known = Of(seconds.Select(s => Seconds(s)));
            var longest = Seconds(seconds.Max());
            Assert.InRange(known.Quantile(1)!.Value, longest, longest * 1.4143);
        });
    }

    [Fact]
    public void Quantile_NothingKnown_IsNull() => Assert.Null(LogHistogram.Empty.Quantile(0.5));

    [Fact]
    public void With_ManyDurations_OldOnesFadeAndItStaysSmall()
    {
        var known = Of(Enumerable.Repeat(Hours(10), 1000).Concat(Enumerable.Repeat(Minutes(1), 1000)));
        Assert.InRange(known.Quantile(0.99)!.Value, Minutes(1), Minutes(1.5));
        Assert.InRange(known.Weights.Count, 1, 45);
        Assert.InRange(known.Total, 1, 130L * LogHistogram.One);
    }

    [Fact]
    public void With_NothingPositive_ChangesNothing() => Assert.Same(LogHistogram.Empty, LogHistogram.Empty.With(TimeSpan.Zero));

    [Fact]
    public void Over_AnyDurations_FallsWithTimeFromAllToNothing()
    {
        Gen.Select(Gen.Int[1, 500_000].List[1, 40], Gen.Int[0, 500_000], Gen.Int[0, 500_000]).Sample((seconds, a, b) =>
        {
            var known = Of(seconds.Select(s => Seconds(s)));
            Assert.Equal(known.Total, known.Over(TimeSpan.Zero), 1.0);
            Assert.True(known.Over(Seconds(Math.Min(a, b))) >= known.Over(Seconds(Math.Max(a, b))) - 1e-6);
            Assert.Equal(0, known.Over(TimeSpan.FromDays(400)), 1e-6);
        });
    }

    [Fact]
    public void WorthKeeping_NeededSoonAgain_IsKeptJustForThat()
    {
        var known = Of(Enumerable.Repeat(Minutes(2), 50));
        Assert.InRange(known.WorthKeeping(Minutes(6), Minutes(15)), Minutes(2), Minutes(3));
    }

    [Fact]
    public void WorthKeeping_NeededOnlyAfterLong_IsGivenUpAtOnce() =>
        Assert.Equal(TimeSpan.Zero, Of(Enumerable.Repeat(Hours(3), 50)).WorthKeeping(Minutes(6), Minutes(15)));

    [Fact]
    public void WorthKeeping_LittleKnown_IsTheRuleThatCostsAtMostTwiceTheBest()
    {
        Assert.Equal(Minutes(6), LogHistogram.Empty.WorthKeeping(Minutes(6), Minutes(15)));
        Assert.Equal(Minutes(15), LogHistogram.Empty.WorthKeeping(Minutes(40), Minutes(15)));
    }

    private static LogHistogram Of(IEnumerable<TimeSpan> times) => times.Aggregate(LogHistogram.Empty, (known, time) => known.With(time));
}
