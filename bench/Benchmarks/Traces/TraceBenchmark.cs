using System.Diagnostics;
using ControlPlane.Benchmarks.Measuring;
using ControlPlane.Simulation.Faults;
using ControlPlane.Simulation.Traces;

namespace ControlPlane.Benchmarks.Traces;

/// <summary>Simulated events a second: a trace of jobs on the default configuration, and fault runs. One thread; processor time is what counts.</summary>
internal static class TraceBenchmark
{
    /// <param name="output">Where figures go.</param>
    /// <param name="sizes">Repetitions, and the number of fault seeds.</param>
    /// <param name="file">A trace of jobs; null for a synthetic month of about 41,000.</param>
    public static int Run(TextWriter output, Sizes sizes, string? file)
    {
        var report = new Report(output, "traces");
        var trace = file is null ? Month() : Read(file);
        for (var run = 0; run < (sizes.Runs ?? 1); run++)
        {
            var fit = TraceFit.Of("default", TraceDefaults.Of(trace), trace, new ReplayOptions());
            var (outcome, seconds) = Timed(() => new TraceReplay().Run(fit.Setup));
            report.Add($"{outcome.Waits.Count:N0} jobs: processor time", "s", seconds);
            report.Add("simulated events of a replay", "/s", outcome.Steps / seconds);
            report.Add("resident set, highest", "MB", Process.GetCurrentProcess().PeakWorkingSet64 / 1e6);

            // As with limits on money: leases of ten minutes.
            var limited = TraceFit.Of("default", TraceDefaults.Of(trace), trace, new ReplayOptions { EveryRenewal = true });
            var (renewed, longer) = Timed(() => new TraceReplay().Run(limited.Setup));
            report.Add("the same with every renewal of its leases: processor time", "s", longer);
            report.Add("the same: simulated events", "/s", renewed.Steps / longer);

            // The first seeds are compiled more than run.
            const int Seeds = 200;
            foreach (var _ in FaultCampaign.Run(1, 100))
            {
            }

            var (last, time) = Timed(() => FaultCampaign.Run(1_000, Seeds).Last());
            report.Add("fault runs: seeds, of processor time", "/s", last.Seeds / time);
            report.Add("fault runs: simulated events", "/s", last.Steps / time);
            report.Add("fault runs: simulated hours a second", "h", last.Simulated.TotalHours / time);
        }

        report.WriteTable();
        return 0;
    }

    /// <summary>Seconds of processor time of the whole process, so with the collector's and the compiler's.</summary>
    private static (T Result, double Seconds) Timed<T>(Func<T> work)
    {
        var before = Environment.CpuUsage.TotalTime;
        var result = work();
        return (result, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
    }

    private static JobTrace Read(string file)
    {
        using var stream = File.OpenRead(file);
        return JobTrace.Read(stream, Path.GetFileName(file));
    }

    private static JobTrace Month()
    {
        List<TraceJob> jobs = [];
        for (ulong seed = 1; jobs.Count < 41_000; seed++)
        {
            foreach (var shape in SyntheticTraces.Shapes)
                jobs.AddRange(SyntheticTraces.Make(shape, seed).Jobs.Select(j => j with { Queue = $"{shape}-{j.Queue}", SubmittedAt = j.SubmittedAt + TimeSpan.FromDays(7 * (seed % 4)) }));
        }

        return new JobTrace([.. jobs.Take(41_446).OrderBy(j => j.SubmittedAt)], [], false);
    }
}
