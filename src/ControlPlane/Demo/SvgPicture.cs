using System.Globalization;
using System.Net;
using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ControlPlane.Demo;

/// <summary>Terminal screens as a picture: what Spectre.Console draws, cell by cell, in SVG.</summary>
internal static class SvgPicture
{
    private const double CellWidth = 8.4;
    private const double LineHeight = 19;
    private const double Edge = 18;
    private const double TitleHeight = 34;
    private const string Ground = "#11151c";
    private const string Frame = "#1b212b";
    private const string Ink = "#d7dce5";

    /// <param name="screens">From top to bottom, each with its title.</param>
    /// <param name="columns">Width of a screen in cells: lines are broken there.</param>
    public static string Draw(IReadOnlyList<(string Title, IRenderable Content)> screens, int columns)
    {
        var drawn = screens.Select(s => (s.Title, Lines: Render(s.Content, columns))).ToList();
        var width = (columns * CellWidth) + (2 * Edge);
        var height = drawn.Sum(s => HeightOf(s.Lines.Count)) + (Edge * (drawn.Count - 1));
        var svg = new StringBuilder();
        svg.Append(Invariant($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:0.#}\" height=\"{height:0.#}\" viewBox=\"0 0 {width:0.#} {height:0.#}\" "));
        svg.Append("font-family=\"'JetBrains Mono','SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"14\">\n");
        var top = 0.0;
        foreach (var (title, lines) in drawn)
        {
            svg.Append(Invariant($"<rect x=\"0\" y=\"{top:0.#}\" width=\"{width:0.#}\" height=\"{HeightOf(lines.Count):0.#}\" rx=\"10\" fill=\"{Ground}\"/>\n"));
            svg.Append(Invariant($"<rect x=\"0\" y=\"{top:0.#}\" width=\"{width:0.#}\" height=\"{TitleHeight - 8:0.#}\" rx=\"10\" fill=\"{Frame}\"/>\n"));
            svg.Append(Invariant($"<text x=\"{Edge:0.#}\" y=\"{top + 18:0.#}\" fill=\"#8b95a7\" font-size=\"12\">{WebUtility.HtmlEncode(title)}</text>\n"));
            for (var n = 0; n < lines.Count; n++)
                Line(svg, lines[n], top + TitleHeight + ((n + 1) * LineHeight) - 5);
            top += HeightOf(lines.Count) + Edge;
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static double HeightOf(int lines) => TitleHeight + (lines * LineHeight) + Edge;

    private static List<SegmentLine> Render(IRenderable content, int columns)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(TextWriter.Null),
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.TrueColor,
            Interactive = InteractionSupport.No,
        });
        console.Profile.Width = columns;
        console.Profile.Capabilities.Unicode = true;
        return Segment.SplitLines(content.GetSegments(console), columns);
    }

    private static void Line(StringBuilder svg, SegmentLine line, double y)
    {
        var cell = 0;
        foreach (var segment in line.Where(s => !s.IsControlCode))
        {
            var cells = segment.CellCount();
            // Spaces draw nothing; leading ones only move what follows.
            var text = segment.Text.TrimEnd();
            if (text.Length > 0)
            {
                var width = new Segment(text).CellCount() * CellWidth;
                svg.Append(Invariant($"<text x=\"{Edge + (cell * CellWidth):0.##}\" y=\"{y:0.##}\" textLength=\"{width:0.##}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\"{Look(segment.Style)}>"));
                svg.Append(WebUtility.HtmlEncode(text)).Append("</text>\n");
            }

            cell += cells;
        }
    }

    private static string Look(Style style)
    {
        var look = new StringBuilder();
        look.Append($" fill=\"{(style.Foreground == Color.Default ? Ink : "#" + style.Foreground.ToHex().ToLowerInvariant())}\"");
        if (style.Decoration.HasFlag(Decoration.Bold))
            look.Append(" font-weight=\"bold\"");
        if (style.Decoration.HasFlag(Decoration.Italic))
            look.Append(" font-style=\"italic\"");
        return look.ToString();
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
