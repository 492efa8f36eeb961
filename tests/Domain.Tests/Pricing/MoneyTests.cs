using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Tests.Kit;
using CsCheck;

namespace ControlPlane.Domain.Tests.Pricing;

public sealed class MoneyTests
{
    [Fact]
    public void FromDollars_FractionOfAMicro_RoundsUp() => Assert.Equal(new Money(1), Money.FromDollars(0.0000001m));

    [Theory]
    [InlineData(1_500_000, "$1.50")]
    [InlineData(278, "$0.000278")]
    [InlineData(-2_000_000, "-$2.00")]
    [InlineData(0, "$0.00")]
    public void ToString_AnyAmount_HasTwoToSixDecimals(long micros, string text) => Assert.Equal(text, new Money(micros).ToString());

    [Fact]
    public void Plus_BeyondTheRange_Throws() => Assert.Throws<OverflowException>(() => new Money(long.MaxValue) + new Money(1));

    [Fact]
    public void Compare_Amounts_AgreesWithTheirMicros() => Gen.Select(Gen.Long, Gen.Long).Sample((a, b) =>
    {
        Assert.Equal(a < b, new Money(a) < new Money(b));
        Assert.Equal(a >= b, new Money(a) >= new Money(b));
        Assert.Equal(Math.Max(a, b), Money.Max(new Money(a), new Money(b)).Micros);
    });

    [Fact]
    public void Json_Money_IsItsMicros() => Assert.Equal("1500000", Wire.Write(Given.Dollars(1.5m)));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(-5, 0)]
    [InlineData(3600, 1_000_000)]
    [InlineData(600, 166_667)]
    public void Over_Time_RoundsUpToTheMicro(int seconds, long micros) => Assert.Equal(new Money(micros), Given.Dollar.Over(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Over_PartsOfATime_CostAtLeastTheWhole() =>
        Gen.Select(Gen.Long[0, 500_000_000], Gen.Long[1, TimeSpan.TicksPerDay], Gen.Double[0, 1]).Sample((rate, ticks, cut) =>
        {
            var first = (long)(ticks * cut);
            var price = new HourlyRate(rate);
            var whole = price.Over(new TimeSpan(ticks));
            var parts = price.Over(new TimeSpan(first)) + price.Over(new TimeSpan(ticks - first));
            Assert.InRange(parts.Micros - whole.Micros, 0, 1);
        });

    [Fact]
    public void Over_AHundredYearsOfTheDearestMachine_DoesNotOverflow() =>
        Assert.Equal(HourlyRate.FromDollars(1_000m).MicrosPerHour * 876_000, HourlyRate.FromDollars(1_000m).Over(TimeSpan.FromHours(876_000)).Micros);

    [Fact]
    public void ToString_Rate_NamesTheHour() => Assert.Equal("$1.006/h", HourlyRate.FromDollars(1.006m).ToString());

    [Theory]
    [InlineData(10, 60)]
    [InlineData(60, 60)]
    [InlineData(61, 61)]
    [InlineData(-10, 60)]
    public void BilledEnd_AnyRun_LastsAtLeastTheMinimum(int ran, int billed) =>
        Assert.Equal(Given.Now.AddSeconds(billed), new Billing(TimeSpan.FromSeconds(60)).BilledEnd(Given.Now, Given.Now.AddSeconds(ran)));
}
