using ControlPlane.Domain.Pricing;
using ControlPlane.Simulation.Traces;

namespace ControlPlane.Simulate;

/// <summary>One configuration's run.</summary>
/// <param name="Fit">What of the trace it could serve.</param>
/// <param name="Outcome">What it made of that.</param>
/// <param name="Yardsticks">What that is compared with.</param>
internal sealed record TraceRun(TraceFit Fit, TraceOutcome Outcome, TraceYardsticks Yardsticks)
{
    public string Name => Outcome.Name;
}

/// <summary>A line of the comparison.</summary>
/// <param name="Name">The configuration or the yardstick.</param>
/// <param name="IsRun">It is one of the configurations.</param>
/// <param name="Outcome">Cost and waits.</param>
/// <param name="ToLowerBound">Cost over that of the jobs' durations alone; null where that is nothing.</param>
/// <param name="ToOracle">Cost over that of the cheapest schedule without waits; null where that is nothing.</param>
/// <param name="Bound">What no schedule with the same mean wait can go below; null where it was not computed.</param>
/// <param name="Note">What else is to be said; may be empty.</param>
internal sealed record TraceRow(string Name, bool IsRun, TraceOutcome Outcome, double? ToLowerBound, double? ToOracle, Money? Bound, string Note)
{
    /// <summary>Cost over the bound at its own mean wait.</summary>
    public double? ToBound => Bound is { Micros: > 0 } bound ? (double)Outcome.Cost.Micros / bound.Micros : null;
}

/// <summary>All that a replay of a trace tells. The same input gives the same report, byte for byte: it has no date and no path.</summary>
internal sealed record TraceReport
{
    /// <summary>Faults and misfits that are shown to people; summary.json has all.</summary>
    public const int MostShown = 20;

    /// <summary>The file's name without its folder.</summary>
    public required string File { get; init; }

    public required JobTrace Trace { get; init; }

    public string? SpotFile { get; init; }

    public SpotTrace? Spot { get; init; }

    public required ReplayOptions Options { get; init; }

    public required IReadOnlyList<TraceRun> Runs { get; init; }

    /// <summary>Runs first, then the yardsticks of the first run; those of others only where their machines or jobs are others.</summary>
    public IReadOnlyList<TraceRow> Rows => field ??= [.. Compare()];

    /// <summary>The time from the first submission to the end of the last job, had none waited.</summary>
    public TimeSpan Span => Trace.Jobs.Count == 0 ? TimeSpan.Zero : Trace.Jobs.Max(j => j.SubmittedAt + j.Duration) - Trace.Jobs[0].SubmittedAt;

    /// <summary>What was odd about the input, a sentence each.</summary>
    public IEnumerable<string> Notices()
    {
        if (Trace.Faults.Count > 0)
            yield return $"{File}: {Lines(Trace.Faults.Count)} could not be read and {(Trace.Faults.Count == 1 ? "was" : "were")} left out.";
        if (Trace.WasUnsorted)
            yield return $"{File}: the lines were not in the order of submission; they were sorted.";
        if (Spot?.Faults.Count > 0)
            yield return $"{SpotFile}: {Lines(Spot.Faults.Count)} could not be read and {(Spot.Faults.Count == 1 ? "was" : "were")} left out.";
        if (Spot?.WasUnsorted == true)
            yield return $"{SpotFile}: the lines were not in the order of time; they were sorted.";
        foreach (var run in Runs)
        {
            if (run.Fit.Misfits.Count > 0)
                yield return $"{run.Name}: {Jobs(run.Fit.Misfits.Count)} cannot fit and {(run.Fit.Misfits.Count == 1 ? "was" : "were")} left out.";
            foreach (var left in run.Outcome.Unserved)
                yield return $"{run.Name}: {Jobs(left.Jobs)} of queue {left.Queue} {(left.Jobs == 1 ? "was" : "were")} not served: {left.Reason}";
        }
    }

    public static string Jobs(int count) => count == 1 ? "1 job" : $"{count} jobs";

    private static string Lines(int count) => count == 1 ? "1 line" : $"{count} lines";

    private IEnumerable<TraceRow> Compare()
    {
        foreach (var run in Runs)
            yield return Row(run, run.Outcome, true, "", bounded: true);
        foreach (var world in Runs.GroupBy(r => r.Yardsticks))
        {
            var (run, yard) = (world.First(), world.Key);
            var suffix = ReferenceEquals(yard, Runs[0].Yardsticks) ? "" : $" ({string.Join(", ", world.Select(r => r.Name))})";
            foreach (var model in new[] { yard.ClearMl, yard.ClearMlAsMeant }.OfType<ClearMlOutcome>())
            {
                var outcome = model.Outcome with { Name = model.Outcome.Name + suffix, Launches = model.Launches, PeakMachines = model.MostAtOnce };
                yield return Row(run, outcome, false, model.Killed > 0 ? $"{Jobs(model.Killed)} killed and never done" : "", bounded: true);
            }

            foreach (var outcome in yard.Fleets.Append(yard.Oracle).Append(yard.LowerBound))
                yield return Row(run, outcome with { Name = outcome.Name + suffix }, false, "", bounded: false);
        }
    }

    private static TraceRow Row(TraceRun run, TraceOutcome outcome, bool isRun, string note, bool bounded) => new(
        outcome.Name,
        isRun,
        outcome,
        Over(outcome.Cost, run.Yardsticks.LowerBound.Cost),
        Over(outcome.Cost, run.Yardsticks.Oracle.Cost),
        bounded ? run.Yardsticks.AtMeanWait(run.Fit.Setup.Trace, outcome.MeanWait) : null,
        note);

    private static double? Over(Money cost, Money of) => of.Micros > 0 ? (double)cost.Micros / of.Micros : null;
}
