using System.Globalization;
using System.Text;
using ControlPlane.Domain.Deciding;

namespace ControlPlane.Simulate;

/// <summary><c>summary.md</c>: the comparison, what was odd about the input, and the queues of each run.</summary>
internal static class TraceMarkdown
{
    public static string Write(TraceReport report)
    {
        var text = new StringBuilder();
        text.Append($"# {Cell(report.File)}\n\n");
        text.Append(CultureInfo.InvariantCulture, $"{report.Trace.Jobs.Count:#,0} jobs over {Words.Duration(report.Span)}, boots of {Words.Duration(report.Options.Boot)} on average, seed {report.Options.Seed}.\n\n");
        foreach (var notice in report.Notices())
            text.Append($"- {Cell(notice)}\n");
        if (report.Notices().Any())
            text.Append('\n');
        text.Append(Table(report));
        foreach (var run in report.Runs)
        {
            text.Append($"\n## {Cell(run.Name)}\n\n");
            text.Append("| queue | jobs | cost | machines started | most at once | used | wait p50 | p95 | p99 | mean |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
            foreach (var queue in run.Outcome.Queues)
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"| {Cell(queue.Queue)} | {queue.Waits.Count} | {TraceText.Money(queue.Cost)} | {queue.Launches} | {queue.PeakMachines} | {TraceText.Percent(queue.Utilisation)} | {TraceText.Time(queue.WaitOf(0.5))} | {TraceText.Time(queue.WaitOf(0.95))} | {TraceText.Time(queue.WaitOf(0.99))} | {TraceText.Time(queue.MeanWait)} |\n");
            }

            foreach (var misfit in run.Fit.Misfits.Take(TraceReport.MostShown))
                text.Append($"\n- {Cell(misfit.ToString())}");
            if (run.Fit.Misfits.Count > TraceReport.MostShown)
                text.Append(CultureInfo.InvariantCulture, $"\n- ... and {run.Fit.Misfits.Count - TraceReport.MostShown} more jobs that cannot fit");
            if (run.Fit.Misfits.Count > 0)
                text.Append('\n');
        }

        if (report.Trace.Faults.Count > 0)
            text.Append("\n## Lines that could not be read\n\n");
        foreach (var fault in report.Trace.Faults.Take(TraceReport.MostShown))
            text.Append($"- {Cell(fault.ToString())}\n");
        return text.ToString();
    }

    /// <summary>The comparison as a table.</summary>
    public static string Table(TraceReport report)
    {
        var text = new StringBuilder();
        text.Append("| | cost | / lower bound | / bound at its wait | wait p50 | p95 | p99 | mean | |\n|---|--:|--:|--:|--:|--:|--:|--:|---|\n");
        foreach (var row in report.Rows)
        {
            var name = row.IsRun ? $"**{Cell(row.Name)}**" : Cell(row.Name);
            text.Append(
                $"| {name} | {TraceText.Money(row.Outcome.Cost)} | {TraceText.Ratio(row.ToLowerBound)} | {TraceText.Ratio(row.ToBound)} | {TraceText.Time(row.Outcome.WaitOf(0.5))} | {TraceText.Time(row.Outcome.WaitOf(0.95))} | {TraceText.Time(row.Outcome.WaitOf(0.99))} | {TraceText.Time(row.Outcome.MeanWait)} | {Cell(row.Note)} |\n");
        }

        return text.ToString();
    }

    /// <summary>Names come from files.</summary>
    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).Replace('\n', ' ').Replace("<", "&lt;", StringComparison.Ordinal);
}
