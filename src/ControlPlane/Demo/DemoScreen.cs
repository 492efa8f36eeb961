using System.Globalization;
using ControlPlane.Cli;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ControlPlane.Demo;

/// <summary>A scene as it is drawn on a terminal.</summary>
internal static class DemoScreen
{
    private const int MostInstances = 8;
    private const int MostDecisions = 4;
    private const int BarCells = 46;
    private static readonly string[] _phases = ["requested", "leased", "launching", "booting", "idle", "busy", "draining", "terminating"];
    private static readonly Style _quiet = new(Color.Grey58);
    private static readonly Style _head = new(Color.Grey74, decoration: Decoration.Bold);
    private static readonly Style _good = new(Color.SpringGreen3);
    private static readonly Style _held = new(Color.SteelBlue1);
    private static readonly Style _warning = new(Color.Orange1);

    public static IRenderable Render(DemoScene scene)
    {
        List<IRenderable> rows = [Title(scene), Text.Empty];
        rows.AddRange(scene.Budgets.Select(b => Bar(b, scene.BudgetBites)));
        rows.Add(Text.Empty);
        rows.Add(Queues(scene));
        rows.Add(Text.Empty);
        rows.Add(Instances(scene));
        rows.Add(Text.Empty);
        rows.Add(Decisions(scene));
        return new Rows(rows);
    }

    public static Style StyleOf(string phase) => phase switch
    {
        "busy" => _good,
        "idle" => new Style(Color.Grey85),
        "requested" or "draining" or "terminating" => _warning,
        _ => _held,
    };

    private static Paragraph Title(DemoScene scene)
    {
        var title = new Paragraph();
        title.Append("ControlPlane demo", new Style(decoration: Decoration.Bold));
        title.Append($"   {Clock(scene.Elapsed)}   ", _quiet);
        title.Append(scene.Notes.Count > 0 ? Printable.Line(scene.Notes[^1].Text) : "");
        return title;
    }

    private static Paragraph Bar(SeenBudget budget, bool bites)
    {
        var bar = new Paragraph();
        bar.Append($"budget {Printable.Line(budget.Name)}  ", _head);
        if (budget.Limit is { } limit and > 0)
        {
            var spent = Cells(budget.Spent, limit);
            var held = Math.Min(BarCells - spent, Cells(budget.Spent + budget.Held, limit) - spent);
            bar.Append(new string('█', spent), _good);
            bar.Append(new string('▓', held), _held);
            bar.Append(new string('░', BarCells - spent - held), _quiet);
            bar.Append("  ");
        }

        bar.Append(Printable.Dollars(budget.Spent), _good);
        bar.Append(" spent + ");
        bar.Append(Printable.Dollars(budget.Held), _held);
        bar.Append($" held of {(budget.Limit is null ? "no limit" : Printable.Dollars(budget.Limit))} a {Printable.Line(budget.Window)}");
        if (bites)
            bar.Append("  machines wait for money", _warning);
        return bar;
    }

    private static int Cells(decimal amount, decimal limit) => (int)Math.Clamp(Math.Round(amount / limit * BarCells, MidpointRounding.AwayFromZero), 0, BarCells);

    private static Table Queues(DemoScene scene)
    {
        var phases = _phases.Where(p => p is "requested" or "booting" or "idle" or "busy" || scene.Live.Any(i => i.Phase == p)).ToList();
        var table = Framed("QUEUE", [.. new[] { "PENDING", "RUNNING", "DONE" }.Concat(phases.Select(p => p.ToUpperInvariant()))]);
        foreach (var queue in scene.Queues)
        {
            var tasks = scene.Tasks.Where(t => t.Queue == queue).ToList();
            table.AddRow(
            [
                new Text(Printable.Line(queue)),
                Number(tasks.Count(t => t.State == "queued"), _warning),
                Number(tasks.Count(t => t.State == "running"), _good),
                Number(tasks.Count(t => t.HasEnded), Style.Plain),
                .. phases.Select(p => Number(scene.Live.Count(i => i.Queue == queue && i.Phase == p), StyleOf(p))),
            ]);
        }

        return table;
    }

    private static Table Instances(DemoScene scene)
    {
        var table = Framed("INSTANCE", [], "POOL", "PHASE", "FOR", "WHY");
        var live = scene.Live.ToList();
        foreach (var i in live.Take(MostInstances))
        {
            table.AddRow(
                new Text(Printable.Line(Short(i.Id)), _quiet),
                new Text(Printable.Line(i.Pool)),
                new Text(Printable.Line(i.Phase), StyleOf(i.Phase)),
                new Text(Printable.Ago(i.Since, scene.Now)),
                new Text(Printable.Line(i.Waiting ?? i.Because ?? (i.Tasks > 0 ? Printable.Count(i.Tasks, "task") : "")), _quiet) { Overflow = Overflow.Ellipsis });
        }

        if (live.Count > MostInstances)
            table.AddRow(new Text($"and {live.Count - MostInstances} more", _quiet), Text.Empty, Text.Empty, Text.Empty, Text.Empty);
        if (live.Count == 0)
            table.AddRow(new Text("none", _quiet), Text.Empty, Text.Empty, Text.Empty, Text.Empty);
        return table;
    }

    private static Rows Decisions(DemoScene scene) => new(
    [
        new Text("LAST DECISIONS", _head),
        .. scene.Decisions.Take(MostDecisions).Select(d =>
        {
            var line = new Paragraph();
            line.Append($"{d.At?.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)}  ", _quiet);
            line.Append($"{Printable.Line(d.Queue)}: ", new Style(decoration: Decoration.Bold));
            line.Append(Printable.Line(d.Sentence));
            return (IRenderable)line;
        }),
    ]);

    private static Table Framed(string first, IReadOnlyList<string> numbers, params string[] texts)
    {
        var table = new Table { Border = TableBorder.None };
        table.AddColumn(Head(first, Justify.Left));
        foreach (var header in numbers)
            table.AddColumn(Head(header, Justify.Right));
        foreach (var header in texts)
            table.AddColumn(Head(header, Justify.Left));
        return table;
    }

    private static TableColumn Head(string header, Justify alignment) =>
        new(new Text(header, _head)) { Alignment = alignment, Padding = new Padding(0, 0, 3, 0) };

    private static Text Number(int number, Style style) => new(number.ToString(CultureInfo.InvariantCulture), number == 0 ? _quiet : style);

    private static string Short(string id) => id.Length > 8 ? id[^8..] : id;

    internal static string Clock(TimeSpan elapsed) => elapsed.ToString(@"mm\:ss", CultureInfo.InvariantCulture);
}
