using System.Globalization;
using ControlPlane.Domain.Deciding;
using ControlPlane.Simulation.Traces;

namespace ControlPlane.Simulate;

/// <summary>The plots of a report.</summary>
internal static class TracePlots
{
    private const double Wide = 1080;

    private static readonly (double Seconds, string Text)[] WaitTicks =
        [(1, "1 s"), (10, "10 s"), (60, "1 min"), (300, "5 min"), (900, "15 min"), (3600, "1 h"), (6 * 3600, "6 h"), (86_400, "1 d"), (7 * 86_400, "7 d")];

    /// <summary>Cost against waits: one dot for each line of the comparison that is no bound.</summary>
    public static string Comparison(TraceReport report)
    {
        var rows = report.Rows.Where(r => r.ToLowerBound is not null).ToArray();
        var shown = rows.Where(r => r.ToLowerBound <= Math.Max(2, rows.Where(o => o.IsRun).Max(o => o.ToLowerBound) * 1.5 ?? 2)).ToArray();
        if (shown.Length == 0)
            return "";
        var longest = Math.Max(60, shown.Max(r => r.Outcome.WaitOf(0.95).TotalSeconds));
        var least = Math.Min(1, shown.Min(r => r.ToLowerBound!.Value));
        var most = shown.Max(r => r.ToLowerBound!.Value);
        var plot = new SvgPlot("Cost over the lower bound against the wait that 95 % of the jobs do not exceed", (1, longest * 2), (least - 0.02, most + ((most - least) * 0.1) + 0.01), Wide, 340, logX: true);
        var step = SvgPlot.Ticks(most - least + 0.05).Skip(1).First();
        plot.Rows(Enumerable.Range(0, 20).Select(i => Math.Ceiling(least / step) * step + (i * step)).Where(v => v <= most + 0.01).Select(v => (v, v.ToString("0.00", CultureInfo.InvariantCulture))));
        plot.Columns(WaitTicks.Where(t => t.Seconds <= longest * 2).Select(t => (t.Seconds, t.Seconds == 1 ? "up to 1 s" : t.Text)), lines: true);
        List<(double X, double Y)> placed = [];
        foreach (var row in shown)
        {
            var x = Math.Max(1, row.Outcome.WaitOf(0.95).TotalSeconds);
            var y = row.ToLowerBound!.Value;

            // Names of dots that lie close together stand one below the other.
            var lift = 0.0;
            while (placed.Any(p => Math.Abs(Math.Log(p.X / x)) < 1.6 && Math.Abs(p.Y - (plot.Height(y) + lift)) < 13))
                lift += 13;
            placed.Add((x, plot.Height(y) + lift));
            plot.Dot(x, y, Colour(report, row), row.Name, $"{row.Name}: {TraceText.Ratio(y)} of the lower bound, 95 % wait at most {Words.Duration(row.Outcome.WaitOf(0.95))}", lift);
        }

        return plot.End();
    }

    /// <summary>Which share of the jobs waits for at most how long.</summary>
    public static string Waits(TraceReport report)
    {
        var rows = WaitRows(report).ToArray();
        var longest = Math.Max(60, rows.Max(r => r.Outcome.WaitOf(1).TotalSeconds));
        var plot = new SvgPlot("Share of the jobs by their wait", (1, longest), (0, 1), Wide, 320, logX: true);
        plot.Rows(new[] { 0, 0.25, 0.5, 0.75, 0.95, 1 }.Select(v => (v, string.Create(CultureInfo.InvariantCulture, $"{v * 100:0} %"))));
        plot.Columns(WaitTicks.Where(t => t.Seconds <= longest), lines: true);
        foreach (var row in rows)
            plot.Curve(Distribution(row.Outcome.Waits, longest), Colour(report, row), row.Name);
        return plot.End();
    }

    /// <summary>What has a curve of waits worth drawing.</summary>
    public static IEnumerable<TraceRow> WaitRows(TraceReport report) => report.Rows.Where(r => r.Outcome.Waits.Count > 0 && r.Outcome.Waits[^1] > TimeSpan.Zero);

    /// <summary>Pending and running tasks over time.</summary>
    public static string Tasks(TraceSeries series)
    {
        var plot = Time("Pending and running tasks", series, Math.Max(Most(series.Pending), Most(series.Running)));
        plot.Curve(Points(series, series.Running), "busy");
        plot.Curve(Points(series, series.Pending), "pending");
        return plot.End();
    }

    /// <summary>Machines over time, busy below idle below booting.</summary>
    public static string Machines(TraceSeries series)
    {
        var sums = series.Busy.Zip(series.Idle, series.Booting).Select(m => m.First + m.Second + m.Third).ToArray();
        var plot = Time("Machines: busy, idle and booting", series, Most(sums));
        Stack(plot, series, _ => 0, i => series.Busy[i], "busy");
        Stack(plot, series, i => series.Busy[i], i => series.Busy[i] + series.Idle[i], "idle");
        Stack(plot, series, i => series.Busy[i] + series.Idle[i], i => sums[i], "booting");
        return plot.End();
    }

    /// <summary>What is spent and held of one budget over time, with its limit.</summary>
    public static string Budget(TraceSeries series, BudgetSeries budget)
    {
        var limit = (double)budget.Limit.Dollars;
        var sums = budget.Spent.Zip(budget.Held, (spent, held) => (double)(spent + held).Dollars).ToArray();
        var plot = Time($"Budget {budget.Budget}", series, Math.Max(limit, sums.DefaultIfEmpty(0).Max()) * 1.05, money: true);
        Stack(plot, series, _ => 0, i => (double)budget.Spent[i].Dollars, "busy");
        Stack(plot, series, i => (double)budget.Spent[i].Dollars, i => sums[i], "idle");
        plot.Level(limit, $"limit {TraceText.Money(budget.Limit)} {TraceText.Per(budget.Window)}");
        return plot.End();
    }

    /// <summary>Runs have colours of their own, and yardsticks those of their kind.</summary>
    public static string Colour(TraceReport report, TraceRow row)
    {
        if (row.IsRun)
            return $"run{report.Rows.TakeWhile(r => !ReferenceEquals(r, row)).Count(r => r.IsRun) % 6}";
        return row.Name.StartsWith("ClearML as meant", StringComparison.Ordinal) ? "meant" : row.Name.StartsWith("ClearML", StringComparison.Ordinal) ? "clearml" : "yard";
    }

    private static SvgPlot Time(string label, TraceSeries series, double most, bool money = false)
    {
        var length = Math.Max(1, series.Pending.Count - 1) * series.Every.TotalHours;
        var plot = new SvgPlot(label, (0, length), (0, Math.Max(1e-9, most)), Wide, 220);
        plot.Rows(SvgPlot.Ticks(most).Select(v => (v, money ? $"${v.ToString("#,0.##", CultureInfo.InvariantCulture)}" : v.ToString("#,0.#", CultureInfo.InvariantCulture))));
        var step = new double[] { 0.25, 0.5, 1, 2, 3, 6, 12, 24, 48, 72, 168, 336 }.FirstOrDefault(s => length / s <= 12, 720);
        plot.Columns(Enumerable.Range(0, (int)(length / step) + 1).Select(i => (i * step, step >= 24 ? $"day {i * step / 24 + 1:0}" : Hours(i * step))));
        return plot;
    }

    private static string Hours(double hours) => string.Create(CultureInfo.InvariantCulture, $"{(int)hours}:{(hours - (int)hours) * 60:00}");

    private static (double X, double Y)[] Points(TraceSeries series, IReadOnlyList<int> values) => [.. values.Select((v, i) => (i * series.Every.TotalHours, (double)v))];

    private static void Stack(SvgPlot plot, TraceSeries series, Func<int, double> low, Func<int, double> high, string colour) =>
        plot.Area([.. Enumerable.Range(0, series.Pending.Count).Select(i => (i * series.Every.TotalHours, low(i), high(i)))], colour);

    private static double Most(IReadOnlyList<int> values) => values.Count == 0 ? 1 : Math.Max(1, values.Max());

    /// <summary>At most 300 points of the distribution, which are what can be seen.</summary>
    private static List<(double X, double Y)> Distribution(IReadOnlyList<TimeSpan> waits, double longest)
    {
        const int Points = 300;
        List<(double, double)> points = [];
        var below = 0;
        for (var i = 0; i <= Points; i++)
        {
            var seconds = Math.Pow(longest, (double)i / Points);
            while (below < waits.Count && waits[below].TotalSeconds <= seconds * (1 + 1e-9))
                below++;
            points.Add((seconds, (double)below / waits.Count));
        }

        return points;
    }
}
