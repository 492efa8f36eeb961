using ControlPlane.Catalog;
using ControlPlane.Demo;

namespace ControlPlane.Host.Tests.Demo;

public sealed class DemoPlanTests
{
    [Fact]
    public void Plan_OfTheSameSeed_IsTheSame() =>
        Assert.Equal(Lengths(DemoPlan.Create(7, 1)), Lengths(DemoPlan.Create(7, 1)));

    [Fact]
    public void Plan_OfAnotherSeed_HasOtherLengths() =>
        Assert.NotEqual(Lengths(DemoPlan.Create(7, 1)), Lengths(DemoPlan.Create(8, 1)));

    [Fact]
    public void Plan_OfTwiceTheSpeed_IsHalfAsLong()
    {
        var (slow, fast) = (DemoPlan.Create(1, 1), DemoPlan.Create(1, 2));

        Assert.Equal(slow.Waves.Select(w => w.At / 2), fast.Waves.Select(w => w.At));
        Assert.True(Lengths(fast).Sum() < Lengths(slow).Sum() * 0.6);
    }

    [Fact]
    public void Plan_UsesTheQueuesOfItsConfiguration()
    {
        var configuration = ConfigurationDocument.Parse(DemoRun.ExampleConfiguration()).Configuration!;

        Assert.Equal(configuration.Queues.Select(q => q.Name.Value).Order(), DemoPlan.Create(1, 1).Waves.SelectMany(w => w.Tasks).Select(t => t.Queue).Distinct().Order());
    }

    [Fact]
    public void Configuration_IsValid_WithTwoQueuesThreePoolsAndADailyBudget()
    {
        var parsed = ConfigurationDocument.Parse(DemoRun.ExampleConfiguration());

        Assert.Empty(parsed.Faults);
        Assert.Equal((2, 3), (parsed.Configuration!.Queues.Count, parsed.Configuration.Pools.Count));
        Assert.Equal(Domain.Budgets.BudgetWindow.Day, Assert.Single(parsed.Configuration.Budgets).Window);
    }

    /// <summary>So that the budget bites: if each task had its machine, the money would not last.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(99)]
    public void Plan_CostsMoreThanTheBudgetHas(int seed)
    {
        var configuration = ConfigurationDocument.Parse(DemoRun.ExampleConfiguration()).Configuration!;
        var cheapest = configuration.Queues.ToDictionary(
            q => q.Name.Value, q => configuration.Pools.Where(p => q.Pools.Contains(p.Name)).Average(p => p.Offers[0].Rate.MicrosPerHour / 3_600_000_000m));

        var cost = DemoPlan.Create(seed, 1).Waves.SelectMany(w => w.Tasks).Sum(t => (decimal)t.Length.TotalSeconds * cheapest[t.Queue]);

        // Booting and idling come on top of it, at least as much as a third of the work.
        Assert.True(cost * 4 / 3 > configuration.Budgets[0].Limit!.Value.Dollars, $"{cost}");
    }

    [Fact]
    public void Task_IsARealCommand()
    {
        var task = new DemoTask("training", "training-1", TimeSpan.FromSeconds(2.5)).ToSubmission();

        Assert.Equal("echo 'training-1 begins'; sleep 2.5; echo 'training-1 is done'", (string)task["command"]![2]!);
        Assert.Equal("training", (string)task["queue"]!);
    }

    private static List<double> Lengths(DemoPlan plan) => [.. plan.Waves.SelectMany(w => w.Tasks).Select(t => t.Length.TotalSeconds)];
}
