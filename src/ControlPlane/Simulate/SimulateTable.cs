using System.Globalization;
using System.Text;
using ControlPlane.Domain.Scaling;
using ControlPlane.Simulation.Traces;

namespace ControlPlane.Simulate;

/// <summary>The command <c>simulate table</c>: every trace of a folder, and every synthetic shape, with every policy, as one Markdown table.</summary>
internal static class SimulateTable
{
    /// <summary>The seed of the synthetic traces.</summary>
    public const ulong Seed = 1;

    private static readonly (string Name, TraceDefaults.Settings Settings)[] Policies =
    [
        ("default", new()),
        ("perTask, idle 15 min", new() { MaxIdleTime = TimeSpan.FromMinutes(15) }),
        ("targetWait 5 min", new() { Policy = new PolicySpec.TargetWait(TimeSpan.FromMinutes(5)) }),
        ("targetWait 15 min", new() { Policy = new PolicySpec.TargetWait(TimeSpan.FromMinutes(15)) }),
        ("targetWait 60 min", new() { Policy = new PolicySpec.TargetWait(TimeSpan.FromHours(1)) }),
    ];

    /// <summary>Replays all of them.</summary>
    /// <param name="folder">Job traces, <c>*.csv</c> and <c>*.csv.gz</c>; other files of these names are left out and named. Null: only synthetic ones.</param>
    /// <param name="output">Where the table goes, trace by trace.</param>
    /// <param name="error">Where it is told what is left out.</param>
    /// <param name="cancel">Ends it early.</param>
    public static int Run(string? folder, TextWriter output, TextWriter error, CancellationToken cancel)
    {
        output.WriteLine("| trace | policy | cost / lower bound | cost / ClearML | wait p50 | p95 | p99 | mean |");
        output.WriteLine("|---|---|--:|--:|--:|--:|--:|--:|");
        try
        {
            foreach (var path in (folder is null ? [] : Directory.GetFiles(folder)).Order(StringComparer.Ordinal))
            {
                if (!path.EndsWith(".csv", StringComparison.Ordinal) && !path.EndsWith(".csv.gz", StringComparison.Ordinal))
                    continue;
                var name = Path.GetFileName(path);
                using var stream = File.OpenRead(path);
                if (Read(stream, name, error) is { } trace)
                    output.Write(Rows(name[..name.IndexOf(".csv", StringComparison.Ordinal)], trace, cancel));
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            error.WriteLine(fault.Message);
            return 1;
        }

        foreach (var shape in SyntheticTraces.Shapes)
            output.Write(Rows($"{shape} (synthetic)", SyntheticTraces.Make(shape, Seed), cancel));
        return 0;
    }

    private static JobTrace? Read(Stream stream, string name, TextWriter error)
    {
        try
        {
            var trace = JobTrace.Read(stream, name);
            if (trace.Faults.Count > 0)
                error.WriteLine($"{name}: {trace.Faults.Count} lines could not be read; the first is {trace.Faults[0]}");
            return trace.Jobs.Count > 0 ? trace : null;
        }
        catch (Exception fault) when (fault is FormatException or InvalidDataException)
        {
            error.WriteLine($"{fault.Message}; it is left out");
            return null;
        }
    }

    private static string Rows(string name, JobTrace trace, CancellationToken cancel)
    {
        var fits = Policies.Select(p => TraceFit.Of(p.Name, TraceDefaults.Of(trace, p.Settings), trace, new ReplayOptions())).ToArray();
        var runs = SimulateTrace.Runs(fits, null, cancel);
        var yard = runs[0].Yardsticks;
        var text = new StringBuilder();
        IEnumerable<TraceOutcome> outcomes =
            [.. runs.Select(r => r.Outcome), .. new[] { yard.ClearMl?.Outcome, yard.ClearMlAsMeant?.Outcome }.OfType<TraceOutcome>(), yard.Oracle];
        foreach (var outcome in outcomes)
        {
            var toClearMl = yard.ClearMl is { Outcome.Cost.Micros: > 0 } theirs ? (double)outcome.Cost.Micros / theirs.Outcome.Cost.Micros : (double?)null;
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {name} | {outcome.Name} | {TraceText.Ratio((double)outcome.Cost.Micros / yard.LowerBound.Cost.Micros)} | {TraceText.Ratio(toClearMl)} | {TraceText.Time(outcome.WaitOf(0.5))} | {TraceText.Time(outcome.WaitOf(0.95))} | {TraceText.Time(outcome.WaitOf(0.99))} | {TraceText.Time(outcome.MeanWait)} |\n");
            name = "";
        }

        return text.ToString();
    }
}
