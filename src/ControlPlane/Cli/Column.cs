using System.Text.Json.Nodes;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ControlPlane.Cli;

/// <summary>One column of a list.</summary>
/// <param name="Header">In capitals.</param>
/// <param name="Value">What a row shows; null prints a dash.</param>
internal sealed record Column(string Header, Func<JsonNode, DateTimeOffset, string?> Value)
{
    /// <summary>Only with <c>-o wide</c>.</summary>
    public bool Wide { get; init; }

    /// <summary>Numbers stand to the right.</summary>
    public bool Number { get; init; }

    public static Column Of(string header, string path) => new(header, (item, _) => item.Text(path));

    public static Column OfNumber(string header, string path) => new(header, (item, _) => item.Text(path)) { Number = true };

    public static Column OfAge(string header, string path) => new(header, (item, now) => Printable.Ago(item.Time(path), now)) { Number = true };

    public static Column OfTime(string header, string path) => new(header, (item, _) => Printable.Clock(item.Time(path)));

    public static Column OfMoney(string header, string path) => new(header, (item, _) => Printable.Dollars(Amounts.Dollars(item, path))) { Number = true };

    public static Column OfFlag(string header, string path) => new(header, (item, _) => item.Flag(path) ? "yes" : "no");

    public static Column OfList(string header, string path) => new(header, (item, _) => string.Join(", ", item.Items(path).Select(i => i.Scalar() ?? i.Text("name") ?? i.ToJsonString())));
}

/// <summary>Rows under headers, without lines between them, so that other programs can cut them.</summary>
internal static class Listing
{
    public static IRenderable Render(IReadOnlyList<JsonNode> items, IReadOnlyList<Column> columns, bool wide, bool interactive, DateTimeOffset now)
    {
        var shown = columns.Where(c => wide || !c.Wide).ToList();
        var table = new Table { Border = TableBorder.None, ShowHeaders = true };
        for (var n = 0; n < shown.Count; n++)
        {
            var last = n == shown.Count - 1;
            var column = new TableColumn(new Text(shown[n].Header, new Style(decoration: Decoration.Bold)))
            {
                Alignment = shown[n].Number ? Justify.Right : Justify.Left,
                Padding = new Padding(0, 0, last ? 0 : 3, 0),
                // On a terminal the last column, which holds the sentences, is broken; elsewhere a row is a line.
                NoWrap = !interactive || !last,
            };
            table.AddColumn(column);
        }

        foreach (var item in items)
            table.AddRow(shown.Select(c => new Text(Printable.Line(c.Value(item, now) is { Length: > 0 } text ? text : Printable.Nothing))));
        return table;
    }
}

/// <summary>Money as the API writes it: whole micro-dollars.</summary>
internal static class Amounts
{
    public static decimal? Dollars(JsonNode? node, string path) => node.Number(path) / 1_000_000m;
}
