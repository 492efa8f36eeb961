using ControlPlane.Cli;

namespace ControlPlane.Demo;

/// <summary>The play told in lines, for where there is no terminal: what it does, each decision once, and how it stands whenever that changes.</summary>
internal sealed class DemoLines(TextWriter output)
{
    private readonly HashSet<(DateTimeOffset?, string, string)> _decisions = [];
    private int _notes;
    private string _standing = "";

    public void Show(DemoScene scene)
    {
        foreach (var note in scene.Notes.Skip(_notes))
            output.WriteLine($"{DemoScreen.Clock(note.At)} {Printable.Line(note.Text)}");
        _notes = scene.Notes.Count;

        foreach (var decision in scene.Decisions.Reverse().Where(d => _decisions.Add((d.At, d.Queue, d.Sentence))))
            output.WriteLine($"{DemoScreen.Clock(scene.Elapsed)} {Printable.Line(decision.Queue)}: {Printable.Line(decision.Sentence)}");

        var standing = Standing(scene);
        if (standing == _standing)
            return;
        output.WriteLine($"{DemoScreen.Clock(scene.Elapsed)} {standing}");
        _standing = standing;
    }

    public static string Standing(DemoScene scene)
    {
        var queues = scene.Queues.Select(queue =>
        {
            var tasks = scene.Tasks.Where(t => t.Queue == queue).ToList();
            var phases = scene.Live.Where(i => i.Queue == queue).GroupBy(i => i.Phase).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Count()} {g.Key}").ToList();
            return $"{queue} {tasks.Count(t => t.State == "queued")} pending, {tasks.Count(t => t.State == "running")} running, {tasks.Count(t => t.HasEnded)} done"
                + (phases.Count > 0 ? $" [{string.Join(", ", phases)}]" : "");
        });
        var budgets = scene.Budgets.Select(b => $"{b.Name} {Printable.Dollars(b.Spent)} spent + {Printable.Dollars(b.Held)} held of {Printable.Dollars(b.Limit)}");
        return Printable.Line(string.Join("; ", queues.Concat(budgets)));
    }
}
