using System.Globalization;
using ControlPlane.Catalog;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Scaling;
using ControlPlane.Simulation.Traces;

namespace ControlPlane.Simulate;

/// <summary>The command <c>simulate trace</c>: replays a trace of jobs on one or more configurations, and writes a report.</summary>
internal static class SimulateTrace
{
    /// <summary>Replays, and writes the report into the folder.</summary>
    /// <returns>0 if it is written, 1 if the input is faulty.</returns>
    public static int Run(TraceArguments arguments, TextWriter output, TextWriter error, CancellationToken cancel)
    {
        try
        {
            return Replay(arguments, output, error, cancel);
        }
        catch (Exception fault) when (fault is FormatException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            error.WriteLine(fault.Message);
            return 1;
        }
    }

    private static int Replay(TraceArguments arguments, TextWriter output, TextWriter error, CancellationToken cancel)
    {
        var file = Path.GetFileName(arguments.Jobs);
        var trace = Read(arguments.Jobs, stream => JobTrace.Read(stream, file));
        var spotFile = arguments.Spot is null ? null : Path.GetFileName(arguments.Spot);
        var spot = arguments.Spot is null ? null : Read(arguments.Spot, stream => SpotTrace.Read(stream, spotFile!));
        Tell(error, trace.Faults);
        Tell(error, spot?.Faults ?? []);
        if (trace.Jobs.Count == 0)
        {
            error.WriteLine($"{file}: there is no job to replay.");
            return 1;
        }

        var options = new ReplayOptions { Boot = arguments.Boot, Seed = arguments.Seed, Spot = spot };
        if (Configurations(arguments, trace, spot, error) is not { } configurations)
            return 1;
        List<TraceFit> fits = [];
        foreach (var (name, configuration) in configurations)
        {
            var fit = TraceFit.Of(name, configuration, trace, options, arguments.Map);
            if (!IsReplayable(fit, error))
                return 1;
            fits.Add(fit);
        }

        var report = new TraceReport { File = file, Trace = trace, SpotFile = spotFile, Spot = spot, Options = options, Runs = Runs(fits, output, cancel) };
        foreach (var notice in report.Notices())
            error.WriteLine(notice);
        Directory.CreateDirectory(arguments.Out);
        File.WriteAllText(Path.Combine(arguments.Out, "summary.json"), TraceJson.Write(report));
        File.WriteAllText(Path.Combine(arguments.Out, "summary.md"), TraceMarkdown.Write(report));
        File.WriteAllText(Path.Combine(arguments.Out, "index.html"), TracePage.Write(report));
        output.WriteLine();
        output.Write(TraceMarkdown.Table(report));
        output.WriteLine();
        output.WriteLine($"Written to {arguments.Out}: index.html, summary.md, summary.json");
        return 0;
    }

    /// <summary>Replays each; yardsticks are computed once for all that have the same machines and jobs.</summary>
    internal static IReadOnlyList<TraceRun> Runs(IReadOnlyList<TraceFit> fits, TextWriter? output, CancellationToken cancel)
    {
        Dictionary<string, TraceYardsticks> yardsticks = new(StringComparer.Ordinal);
        List<TraceRun> runs = [];
        foreach (var fit in fits)
        {
            output?.WriteLine($"{fit.Setup.Name}: {TraceReport.Jobs(fit.Setup.Trace.Jobs.Count)} on {fit.Setup.Queues.Count} queues ...");
            var outcome = new TraceReplay().Run(fit.Setup, null, cancel);
            var world = World(fit);
            if (!yardsticks.TryGetValue(world, out var known))
                yardsticks[world] = known = TraceYardsticks.Of(fit.Setup);
            runs.Add(new TraceRun(fit, outcome, known));
        }

        return runs;
    }

    /// <summary>All that the yardsticks depend on.</summary>
    private static string World(TraceFit fit) => string.Join('\n', fit.Setup.Queues.Select(q => string.Create(
        CultureInfo.InvariantCulture,
        $"{q.Name} {string.Join(' ', q.Pools.Select(p => $"{p.MaxInstances}*{p.Slots} {p.Billing.Minimum} {Prices(p.Offers)}"))}")).Append(Jobs(fit)));

    private static string Prices(IReadOnlyList<Offer> offers) =>
        string.Join('|', offers.Any(o => o.Market == Market.OnDemand) ? offers.Where(o => o.Market == Market.OnDemand).Select(o => o.Rate) : offers.Select(o => o.WorstRate));

    private static string Jobs(TraceFit fit) => string.Join(',', fit.Misfits.Select(m => m.Number.ToString(CultureInfo.InvariantCulture)));

    private static T Read<T>(string path, Func<Stream, T> read)
    {
        using var stream = File.OpenRead(path);
        return read(stream);
    }

    private static void Tell(TextWriter error, IReadOnlyList<TraceFault> faults)
    {
        foreach (var fault in faults.Take(TraceReport.MostShown))
            error.WriteLine(fault.ToString());
        if (faults.Count > TraceReport.MostShown)
            error.WriteLine($"... and {faults.Count - TraceReport.MostShown} more lines; summary.json has them all.");
    }

    private static List<(string Name, Configuration Configuration)>? Configurations(TraceArguments arguments, JobTrace trace, SpotTrace? spot, TextWriter error)
    {
        if (arguments.Configurations.Count == 0)
            return BuiltIn(trace, spot);
        List<(string, Configuration)> read = [];
        var names = Names(arguments.Configurations);
        for (var i = 0; i < names.Count; i++)
        {
            var parsed = ConfigurationDocument.Parse(File.ReadAllText(arguments.Configurations[i]));
            foreach (var fault in parsed.Faults)
                error.WriteLine($"{arguments.Configurations[i]}:{fault}");
            if (parsed.Configuration is { } configuration)
                read.Add((names[i], configuration));
        }

        return read.Count == names.Count ? read : null;
    }

    /// <summary>What is compared when nobody gives a configuration: what a document means that says nothing, a target for waiting, and spot where there is a trace of it.</summary>
    private static List<(string, Configuration)> BuiltIn(JobTrace trace, SpotTrace? spot)
    {
        var target = new PolicySpec.TargetWait(TimeSpan.FromMinutes(10));
        List<(string, Configuration)> built =
        [
            ("default", TraceDefaults.Of(trace)),
            ("targetWait 10m", TraceDefaults.Of(trace, new() { Policy = target })),
        ];
        if (spot is not null)
            built.Add(("spot with fallback", TraceDefaults.Of(trace, new() { Spot = [.. spot.Changes.Keys.OrderBy(k => k, Comparer<(string, string)>.Default)] })));
        return built;
    }

    /// <summary>The files' names without folder and ending; with a number where two are the same.</summary>
    private static List<string> Names(IReadOnlyList<string> files)
    {
        List<string> names = [];
        foreach (var file in files)
        {
            var name = Path.GetFileNameWithoutExtension(file);
            var same = names.Count(n => n == name || n.StartsWith($"{name} (", StringComparison.Ordinal));
            names.Add(same == 0 ? name : $"{name} ({same + 1})");
        }

        return names;
    }

    private static bool IsReplayable(TraceFit fit, TextWriter error)
    {
        foreach (var (queue, jobs) in fit.Strangers)
            error.WriteLine($"{fit.Setup.Name}: it has no queue {queue}, to which {TraceReport.Jobs(jobs)} of the trace {(jobs == 1 ? "goes" : "go")}. Declare it, or send it elsewhere: --map {queue}=QUEUE, or --map *=QUEUE.");
        foreach (var misfit in fit.Misfits.Take(TraceReport.MostShown))
            error.WriteLine($"{fit.Setup.Name}: {misfit}");
        if (fit.Misfits.Count > TraceReport.MostShown)
            error.WriteLine($"{fit.Setup.Name}: ... and {fit.Misfits.Count - TraceReport.MostShown} more jobs; summary.json has them all.");
        if (fit.Strangers.Count > 0)
            return false;
        if (fit.Setup.Trace.Jobs.Count > 0)
            return true;
        error.WriteLine($"{fit.Setup.Name}: none of the trace's jobs fits.");
        return false;
    }
}
