using ControlPlane.Demo;
using static ControlPlane.Host.Tests.Demo.Scenes;

namespace ControlPlane.Host.Tests.Demo;

public sealed class DemoSummaryTests
{
    private static readonly DemoScene _end = At(90) with
    {
        Tasks =
        [
            Task("preparation", "succeeded", 2), Task("preparation", "succeeded", 4), Task("preparation", "succeeded", 9),
            Task("training", "succeeded", 20, attempt: 2), Task("training", "failed", 6),
        ],
        Instances = [Instance("training", "gpu", "ended", cost: 0.4m), Instance("training", "gpu", "ended"), Instance("preparation", "cpu", "ended", cost: 0.1m)],
        Budgets = [new SeenBudget("lab", null, "day", 1.25m, 0, 3.2m), new SeenBudget("child", "lab", "day", 1, 0, null)],
        Decisions =
        [
            Decision("training", "x", ("budget", "gpu", "2 instances of pool gpu wait for money: the newest")) with { At = Start.AddSeconds(50) },
            Decision("training", "x", ("budget", "gpu", "1 instance of pool gpu waits for money: an older")),
            Decision("preparation", "x", ("poolFull", "cpu", "pool cpu has its maximum of 3")),
            Decision("preparation", "x", ("poolFull", "cpu", "pool cpu has its maximum of 3")),
            Decision("preparation", "x", ("poolFull", "cpu", "pool cpu has its maximum of 3")),
        ],
    };

    [Fact]
    public void Summary_CountsWhatTheApiSaid_MoneyFirst()
    {
        var summary = DemoSummary.Of(_end, [new SeenPool("cpu", 3, 7.2m), new SeenPool("gpu", 2, 36m)]);

        Assert.Equal((4, 1, 1, 2), (summary.Succeeded, summary.Failed, summary.Repeated, summary.Machines));
        Assert.Equal(1.25m, summary.Spent);
        Assert.Equal(((3 * 7.2m) + (2 * 36m)) / 40, summary.AlwaysOn);
        Assert.Equal(
            [new WaitingTimes("preparation", 3, TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(9)), new WaitingTimes("training", 1, TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(6))],
            summary.Waits);
        Assert.Equal(
            [new HoldUp(2, "training", "2 instances of pool gpu wait for money: the newest"), new HoldUp(3, "preparation", "pool cpu has its maximum of 3")], summary.HoldUps);
    }

    [Fact]
    public void Summary_InWords_SaysWhatWasSpentAndWhyTasksWaited()
    {
        var text = string.Join('\n', DemoSummary.Of(_end, [new SeenPool("gpu", 4, 36m)]).Lines());

        Assert.StartsWith("4 tasks succeeded, 1 did not in 1m30s, on 2 machines that came and went. 1 task had to begin again", text, StringComparison.Ordinal);
        Assert.Contains("Spent: $1.25. With every machine always on it would have been $3.60, so 65 % less.", text, StringComparison.Ordinal);
        Assert.Contains("Tasks of preparation waited 4.0 s in the middle, 9.0 s at the longest.", text, StringComparison.Ordinal);
        Assert.Contains("  training, 2 decisions: 2 instances of pool gpu wait for money: the newest", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Summary_WhereNothingWaited_SaysSo()
    {
        var lines = DemoSummary.Of(At(1), []).Lines();

        Assert.Contains("Nothing had to wait but for machines to boot.", lines);
        Assert.DoesNotContain(lines, l => l.Contains("less", StringComparison.Ordinal));
    }
}
