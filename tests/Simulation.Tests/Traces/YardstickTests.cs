using ControlPlane.Domain.Pricing;
using ControlPlane.Simulation.Traces;

namespace ControlPlane.Simulation.Tests.Traces;

public sealed class YardstickTests
{
    private static readonly HourlyRate Dollar = HourlyRate.FromDollars(1);

    [Fact]
    public void LowerBound_IsThePriceOfTheDurations() => Assert.Equal(Money.FromDollars(1.5m), Yardsticks.LowerBound(Trace((0, 3600, "a"), (5, 1800, "b")), Dollar).Cost);

    [Fact]
    public void OwnMachines_BillTheMinimum() =>
        Assert.Equal(Money.FromDollars(2m / 60), Yardsticks.OwnMachines(Trace((0, 1, "a"), (5, 60, "a")), Dollar, new Billing(TimeSpan.FromMinutes(1))).Cost);

    [Fact]
    public void FixedFleet_OneMachine_ServesOneAfterTheOther()
    {
        var outcome = Yardsticks.FixedFleet(Trace((0, 100, "a"), (10, 100, "a"), (20, 100, "a")), Dollar, 1);
        Assert.Equal([0, 90, 180], outcome.Waits.Select(w => w.TotalSeconds));
        Assert.Equal(Dollar.Over(TimeSpan.FromSeconds(300)), outcome.Cost);
        Assert.Equal(TimeSpan.FromSeconds(90), outcome.WaitOf(0.5));
        Assert.Equal(TimeSpan.FromSeconds(180), outcome.WaitOf(0.95));
    }

    [Fact]
    public void FixedFleet_IsNeverCheaperThanTheLowerBound()
    {
        var trace = Trace([.. Enumerable.Range(0, 200).Select(i => (i * 37.0, 10.0 + (i * 7919 % 500), i % 3 == 0 ? "a" : "b"))]);
        var bound = Yardsticks.LowerBound(trace, Dollar);
        for (var machines = 1; machines <= 8; machines++)
            Assert.True(Yardsticks.FixedFleet(trace, Dollar, machines).Cost >= bound.Cost);
        Assert.True(Yardsticks.FixedFleet(trace, Dollar, 8).MeanWait <= Yardsticks.FixedFleet(trace, Dollar, 1).MeanWait);
    }

    [Fact]
    public void Misfits_AreNamedWithTheirReason() => Assert.Equal(
        "job 1 (queue a, submitted at 0 s) needs 8 GPUs and g has 4",
        Assert.Single(Yardsticks.Misfits(
            new JobTrace([new TraceJob(TimeSpan.Zero, TimeSpan.FromSeconds(1), "a", 8), new TraceJob(TimeSpan.Zero, TimeSpan.FromSeconds(1), "a", null)], [], false),
            new Offer("g", "", Market.OnDemand, Dollar, Dollar, 4))));

    private static JobTrace Trace(params (double At, double Duration, string Queue)[] jobs) =>
        new([.. jobs.Select(j => new TraceJob(TimeSpan.FromSeconds(j.At), TimeSpan.FromSeconds(j.Duration), j.Queue, null))], [], false);
}
