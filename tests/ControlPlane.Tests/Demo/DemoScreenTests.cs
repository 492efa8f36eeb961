using System.Xml.Linq;
using ControlPlane.Cli;
using ControlPlane.Demo;
using Spectre.Console;
using static ControlPlane.Host.Tests.Demo.Scenes;

namespace ControlPlane.Host.Tests.Demo;

public sealed class DemoScreenTests
{
    private static readonly DemoScene _scene = At(34) with
    {
        Tasks = [Task("training", "queued"), Task("training", "queued"), Task("training", "running"), Task("preparation", "succeeded")],
        Instances = [Instance("training", "gpu", "requested", "budget lab has $0.05 left of $1.60"), Instance("training", "gpu-large", "busy"), Instance("preparation", "cpu", "ended")],
        Decisions = [Decision("training", "2 tasks wait <&> [red]. Launching 1 in pool gpu.")],
        Notes = [new DemoNote(TimeSpan.FromSeconds(26), "Wave 3 of 4.")],
    };

    [Fact]
    public void Screen_ShowsQueuesInstancesMoneyAndDecisions()
    {
        var text = Draw(_scene);

        Assert.Contains("00:34", text, StringComparison.Ordinal);
        Assert.Contains("Wave 3 of 4.", text, StringComparison.Ordinal);
        Assert.Contains("$0.50 spent + $0.30 held of $1.60 a day  machines wait for money", text, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^preparation +0 +0 +1 +0 +0 +0 +0 *$", text);
        Assert.Matches(@"(?m)^training +2 +1 +0 +1 +0 +0 +1 *$", text);
        Assert.Contains("budget lab has $0.05 left of $1.60", text, StringComparison.Ordinal);
        Assert.Contains("training: 2 tasks wait <&> [red]. Launching 1 in pool gpu.", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0, 0, 0)]
    [InlineData(0.8, 0.4, 23, 12)]
    [InlineData(1.6, 0, 46, 0)]
    [InlineData(3, 1, 46, 0)]
    public void Bar_IsAsLongAsTheMoney(double spent, double held, int full, int half)
    {
        var text = Draw(_scene with { Budgets = [new SeenBudget("lab", null, "day", (decimal)spent, (decimal)held, 1.6m)] });

        Assert.Equal((full, half, 46 - full - half), (text.Count(c => c == '█'), text.Count(c => c == '▓'), text.Count(c => c == '░')));
    }

    [Fact]
    public void Screen_OfManyInstances_SaysHowManyMore()
    {
        var text = Draw(_scene with { Instances = [.. Enumerable.Repeat(Instance("training", "gpu", "busy"), 12)] });

        Assert.Contains("and 4 more", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_TellEachDecisionAndEachStandingOnce()
    {
        using var output = new StringWriter { NewLine = "\n" };
        var lines = new DemoLines(output);

        lines.Show(_scene);
        lines.Show(_scene with { Elapsed = TimeSpan.FromSeconds(40) });
        lines.Show(_scene with { Elapsed = TimeSpan.FromSeconds(41), Tasks = [] });

        var told = output.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal(
        [
            "00:26 Wave 3 of 4.",
            "00:34 training: 2 tasks wait <&> [red]. Launching 1 in pool gpu.",
            "00:34 preparation 0 pending, 0 running, 1 done; training 2 pending, 1 running, 0 done [1 busy, 1 requested]; lab $0.50 spent + $0.30 held of $1.60",
            "00:41 preparation 0 pending, 0 running, 0 done; training 0 pending, 0 running, 0 done [1 busy, 1 requested]; lab $0.50 spent + $0.30 held of $1.60",
        ],
            told);
    }

    [Fact]
    public void Picture_IsWellFormedAndHoldsTheText()
    {
        var svg = XDocument.Parse(SvgPicture.Draw([("first", DemoScreen.Render(_scene)), ("at the end", new Markup("[bold red]done[/]"))], 100));

        var texts = svg.Descendants().Where(e => e.Name.LocalName == "text").ToList();
        Assert.Contains(texts, t => t.Value.Contains("2 tasks wait <&> [red].", StringComparison.Ordinal));
        Assert.Contains(texts, t => t.Value == "at the end");
        var done = texts.Single(t => t.Value == "done");
        Assert.Equal(("#ff0000", "bold"), ((string)done.Attribute("fill")!, (string)done.Attribute("font-weight")!));
        var height = (double)svg.Root!.Attribute("height")!;
        Assert.All(texts, t => Assert.InRange((double)t.Attribute("y")!, 0, height));
    }

    private static string Draw(DemoScene scene)
    {
        using var output = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal(output, TextWriter.Null, TextReader.Null, false, _ => null, 160);
        terminal.Out.Write(DemoScreen.Render(scene));
        return output.ToString();
    }
}
