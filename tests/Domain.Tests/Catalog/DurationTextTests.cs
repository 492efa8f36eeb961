using ControlPlane.Domain.Catalog;
using CsCheck;

namespace ControlPlane.Domain.Tests.Catalog;

public sealed class DurationTextTests
{
    [Theory]
    [InlineData("90s", "00:01:30")]
    [InlineData("15m", "00:15:00")]
    [InlineData("1h30m", "01:30:00")]
    [InlineData("1h 30m", "01:30:00")]
    [InlineData("2d", "2.00:00:00")]
    [InlineData("250ms", "00:00:00.2500000")]
    [InlineData("1.5h", "01:30:00")]
    [InlineData("0", "00:00:00")]
    [InlineData("PT1H30M", "01:30:00")]
    [InlineData("P2DT3S", "2.00:00:03")]
    [InlineData("01:30:00", "01:30:00")]
    [InlineData("2.00:00:00", "2.00:00:00")]
    public void TryParse_ADuration_IsRead(string text, string expected)
    {
        Assert.True(DurationText.TryParse(text, out var duration));
        Assert.Equal(TimeSpan.ParseExact(expected, "c", null), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("90")]
    [InlineData("5 minutes")]
    [InlineData("m")]
    [InlineData("30m1h")]
    [InlineData("-5s")]
    [InlineData("P")]
    [InlineData("PT")]
    [InlineData("P1M")]
    [InlineData("24:00:00")]
    [InlineData("99999999999999999999d")]
    [InlineData("0.00000001s")]
    public void TryParse_SomethingElse_IsRefused(string text) => Assert.False(DurationText.TryParse(text, out _));

    [Fact]
    public void Format_AnyDuration_IsReadBack() =>
        Gen.OneOf(Gen.Long[0, TimeSpan.MaxValue.Ticks], Gen.Long[0, 4_000_000].Select(ms => ms * TimeSpan.TicksPerMillisecond)).Sample(
            ticks => DurationText.TryParse(DurationText.Format(TimeSpan.FromTicks(ticks)), out var back) && back.Ticks == ticks);
}
