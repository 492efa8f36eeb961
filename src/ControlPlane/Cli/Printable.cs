using System.Globalization;
using System.Text;
using ControlPlane.Domain.Catalog;

namespace ControlPlane.Cli;

/// <summary>Values as people read them. What others wrote (names, reasons) never reaches the terminal as control characters.</summary>
internal static class Printable
{
    public const string Nothing = "-";

    /// <summary>The text on one line: control characters, and those that turn the direction of writing, become spaces.</summary>
    public static string Line(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var c in text)
            clean.Append(char.IsControl(c) || CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.LineSeparator ? ' ' : c);
        return clean.ToString();
    }

    /// <summary>Several lines of a document; tabs and line feeds stay.</summary>
    public static string Lines(string text) => string.Join('\n', text.Split('\n').Select(l => string.Join('\t', l.TrimEnd('\r').Split('\t').Select(Line))));

    /// <summary>A length of time in its two largest units: <c>1h5m</c>, <c>12s</c>, <c>340ms</c>.</summary>
    public static string Span(TimeSpan span)
    {
        if (span < TimeSpan.Zero)
            return "-" + Span(-span);

        var unit = span switch
        {
            { TotalDays: >= 1 } => TimeSpan.TicksPerHour,
            { TotalHours: >= 1 } => TimeSpan.TicksPerMinute,
            { TotalSeconds: >= 1 } => TimeSpan.TicksPerSecond,
            _ => TimeSpan.TicksPerMillisecond,
        };
        return DurationText.Format(TimeSpan.FromTicks(span.Ticks / unit * unit));
    }

    /// <summary>Seconds with one decimal.</summary>
    public static string Seconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.0} s");

    public static string Ago(DateTimeOffset? time, DateTimeOffset now) => time is { } then ? Span(now < then ? TimeSpan.Zero : now - then) : Nothing;

    public static string Clock(DateTimeOffset? time) => time is { } then ? then.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) : Nothing;

    /// <summary>Dollars to the hundredth of a cent.</summary>
    public static string Dollars(decimal? dollars) => dollars is { } amount
        ? string.Create(CultureInfo.InvariantCulture, $"{(amount < 0 ? "-" : "")}${Math.Abs(amount):0.00##}")
        : Nothing;

    public static string Count(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";
}
