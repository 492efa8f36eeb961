using ControlPlane.Catalog;
using ControlPlane.Demo;
using static ControlPlane.Host.Tests.Demo.Scenes;

namespace ControlPlane.Host.Tests.Demo;

public sealed class DemoPlayTests
{
    private static readonly DemoPlan _plan = new(
    [
        new DemoWave(TimeSpan.Zero, "First.", [new DemoTask("preparation", "a", TimeSpan.FromSeconds(1))]),
        new DemoWave(TimeSpan.FromSeconds(5), "Second.", [new DemoTask("training", "b", TimeSpan.FromSeconds(1)), new DemoTask("training", "c", TimeSpan.FromSeconds(1))]),
    ]);

    private readonly DemoPlay _play = new(_plan, TimeSpan.FromSeconds(10));

    [Fact]
    public void Waves_AreDueOnceAtTheirTime()
    {
        Assert.Equal(["a"], _play.Due(TimeSpan.Zero).Select(t => t.Name));
        Assert.Empty(_play.Due(TimeSpan.FromSeconds(4.9)));
        Assert.Equal(["b", "c"], _play.Due(TimeSpan.FromSeconds(5)).Select(t => t.Name));
        Assert.Empty(_play.Due(TimeSpan.FromSeconds(60)));
        Assert.Equal(["Wave 1 of 2, 1 task. First.", "Wave 2 of 2, 2 tasks. Second."], _play.Notes.Select(n => n.Text));
        Assert.Equal(3, _play.Submitted);
    }

    [Fact]
    public void Waves_ThatWereMissed_AreDueTogether() => Assert.Equal(3, _play.Due(TimeSpan.FromMinutes(1)).Count);

    [Fact]
    public void Money_IsRaisedOnlyAfterMachinesHaveWaitedLongEnough()
    {
        Assert.False(_play.WantsMoreMoney(Biting(1)));
        Assert.False(_play.WantsMoreMoney(Biting(10.9)));
        Assert.True(_play.WantsMoreMoney(Biting(11)));
        Assert.False(_play.WantsMoreMoney(Biting(12)));
    }

    [Fact]
    public void Money_ThatCameFreeByItself_IsNotRaised()
    {
        Assert.False(_play.WantsMoreMoney(Biting(1)));
        Assert.False(_play.WantsMoreMoney(At(5)));
        Assert.False(_play.WantsMoreMoney(Biting(11)));
    }

    [Fact]
    public void Play_IsOverWhenAllIsDoneAndGone()
    {
        _play.Due(TimeSpan.FromMinutes(1));
        SeenTask[] done = [Task("preparation", "succeeded"), Task("training", "succeeded"), Task("training", "failed")];
        var over = At(60) with { Tasks = done, Instances = [Instance("training", "gpu", "ended")] };

        Assert.True(_play.IsOver(over));
        Assert.False(_play.IsOver(over with { Tasks = done[..2] }));
        Assert.False(_play.IsOver(over with { Tasks = [.. done[..2], Task("training", "running")] }));
        Assert.False(_play.IsOver(over with { Instances = [Instance("training", "gpu", "terminating")] }));
        Assert.False(_play.IsOver(over with { Instances = [Instance("training", "gpu", "ended") with { Settled = false }] }));
    }

    [Fact]
    public void Play_WithWavesToCome_IsNotOver()
    {
        _play.Due(TimeSpan.Zero);

        Assert.False(_play.IsOver(At(1) with { Tasks = [Task("preparation", "succeeded")] }));
    }

    [Fact]
    public void Money_IsDoubledInTheConfigurationThatIsInForce()
    {
        var (text, says) = DemoPlay.WithTwiceTheMoney(DemoRun.ExampleConfiguration());

        Assert.Equal("Somebody has mercy: budget lab now has $3.20.", says);
        var (before, after) = (ConfigurationDocument.Parse(DemoRun.ExampleConfiguration()).Configuration!, ConfigurationDocument.Parse(text).Configuration!);
        Assert.Equal(3.2m, after.Budgets.Single().Limit!.Value.Dollars);
        Assert.Equal(before with { Budgets = after.Budgets }, after);
    }

    private static DemoScene Biting(double seconds) => At(seconds) with { Instances = [Instance("training", "gpu", "requested", "budget lab has $0.05 left")] };
}
