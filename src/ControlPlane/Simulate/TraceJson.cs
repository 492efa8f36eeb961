using System.Text;
using System.Text.Json;
using ControlPlane.Simulation.Traces;

namespace ControlPlane.Simulate;

/// <summary><c>summary.json</c>: all numbers of a replay. Money is in dollars, times are in seconds.</summary>
internal static class TraceJson
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, NewLine = "\n" };

    public static string Write(TraceReport report)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory, Indented))
        {
            json.WriteStartObject();
            json.WriteNumber("version", 1);
            Trace(json, report);
            json.WriteStartObject("assumptions");
            json.WriteNumber("bootSeconds", report.Options.Boot.TotalSeconds);
            json.WriteNumber("seed", report.Options.Seed);
            json.WriteEndObject();
            json.WriteStartArray("runs");
            foreach (var run in report.Runs)
                Run(json, report, run);
            json.WriteEndArray();
            json.WriteStartArray("yardsticks");
            foreach (var row in report.Rows.Where(r => !r.IsRun))
            {
                json.WriteStartObject();
                json.WriteString("name", row.Name);
                Row(json, row);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(memory.ToArray()) + "\n";
    }

    private static void Trace(Utf8JsonWriter json, TraceReport report)
    {
        json.WriteStartObject("trace");
        json.WriteString("file", report.File);
        json.WriteNumber("jobs", report.Trace.Jobs.Count);
        json.WriteNumber("queues", report.Trace.Jobs.Select(j => j.Queue).Distinct().Count());
        json.WriteNumber("spanSeconds", report.Span.TotalSeconds);
        json.WriteBoolean("wasSorted", report.Trace.WasUnsorted);
        Faults(json, "faults", report.Trace.Faults);
        if (report.Spot is { } spot)
        {
            json.WriteString("spotFile", report.SpotFile);
            json.WriteBoolean("spotWasSorted", spot.WasUnsorted);
            Faults(json, "spotFaults", spot.Faults);
        }

        json.WriteEndObject();
    }

    private static void Faults(Utf8JsonWriter json, string name, IReadOnlyList<TraceFault> faults)
    {
        json.WriteStartArray(name);
        foreach (var fault in faults)
            json.WriteStringValue(fault.ToString());
        json.WriteEndArray();
    }

    private static void Run(Utf8JsonWriter json, TraceReport report, TraceRun run)
    {
        var row = report.Rows.First(r => r.IsRun && ReferenceEquals(r.Outcome, run.Outcome));
        json.WriteStartObject();
        json.WriteString("name", run.Name);
        Row(json, row);
        json.WriteNumber("interruptions", run.Outcome.Interruptions);
        json.WriteNumber("billedSeconds", run.Outcome.Billed.TotalSeconds);
        json.WriteNumber("workedSeconds", run.Outcome.Worked.TotalSeconds);
        json.WriteNumber("lostSeconds", run.Outcome.Lost.TotalSeconds);
        if (run.Outcome.Utilisation is { } used)
            json.WriteNumber("utilisation", Math.Round(used, 4));
        json.WriteNumber("steps", run.Outcome.Steps);
        json.WriteStartArray("misfits");
        foreach (var misfit in run.Fit.Misfits)
            json.WriteStringValue(misfit.ToString());
        json.WriteEndArray();
        json.WriteStartArray("unserved");
        foreach (var left in run.Outcome.Unserved)
        {
            json.WriteStartObject();
            json.WriteString("queue", left.Queue);
            json.WriteNumber("jobs", left.Jobs);
            json.WriteString("reason", left.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("queues");
        foreach (var queue in run.Outcome.Queues)
        {
            json.WriteStartObject();
            json.WriteString("name", queue.Queue);
            json.WriteNumber("jobs", queue.Waits.Count);
            json.WriteNumber("cost", queue.Cost.Dollars);
            Waits(json, queue.MeanWait, queue.WaitOf);
            json.WriteNumber("launches", queue.Launches);
            json.WriteNumber("interruptions", queue.Interruptions);
            json.WriteNumber("peakMachines", queue.PeakMachines);
            if (queue.Utilisation is { } share)
                json.WriteNumber("utilisation", Math.Round(share, 4));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Row(Utf8JsonWriter json, TraceRow row)
    {
        json.WriteNumber("jobs", row.Outcome.Waits.Count);
        json.WriteNumber("cost", row.Outcome.Cost.Dollars);
        Ratio(json, "costToLowerBound", row.ToLowerBound);
        Ratio(json, "costToOracle", row.ToOracle);
        if (row.Bound is { } bound)
            json.WriteNumber("boundAtItsMeanWait", bound.Dollars);
        Ratio(json, "costToBoundAtItsMeanWait", row.ToBound);
        Waits(json, row.Outcome.MeanWait, row.Outcome.WaitOf);
        if (row.Outcome.Launches > 0)
            json.WriteNumber("launches", row.Outcome.Launches);
        if (row.Outcome.PeakMachines > 0)
            json.WriteNumber("peakMachines", row.Outcome.PeakMachines);
        if (row.Note.Length > 0)
            json.WriteString("note", row.Note);
    }

    private static void Waits(Utf8JsonWriter json, TimeSpan mean, Func<double, TimeSpan> share)
    {
        json.WriteStartObject("waitSeconds");
        json.WriteNumber("mean", Seconds(mean));
        json.WriteNumber("p50", Seconds(share(0.5)));
        json.WriteNumber("p95", Seconds(share(0.95)));
        json.WriteNumber("p99", Seconds(share(0.99)));
        json.WriteNumber("most", Seconds(share(1)));
        json.WriteEndObject();
    }

    private static void Ratio(Utf8JsonWriter json, string name, double? ratio)
    {
        if (ratio is { } number)
            json.WriteNumber(name, Math.Round(number, 4));
    }

    private static double Seconds(TimeSpan time) => Math.Round(time.TotalSeconds, 3);
}
