using System.Text;

namespace ControlPlane.Simulation.Faults;

/// <summary>Makes a failing run smaller: fewer faults, fewer tasks, shorter, as long as it breaks the same promise.</summary>
public static class Minimiser
{
    private const int MostRuns = 200;

    /// <summary>The smallest run found, and the key that replays it.</summary>
    public sealed record Smaller(ReplayKey Key, FaultResult Result);

    public static Smaller Shrink(FaultResult failure, FaultRunOptions? options = null)
    {
        var promise = failure.Violation?.Promise ?? throw new ArgumentException("The run broke no promise.", nameof(failure));
        var all = ScenarioMaker.Make(failure.Scenario.Seed);
        var key = new ReplayKey(all.Seed, [.. Enumerable.Range(0, all.Faults.Count)], [.. Enumerable.Range(0, all.Tasks.Count)]);
        var best = failure;
        var runs = 0;
        bool Fails(ReplayKey candidate)
        {
            if (runs++ >= MostRuns)
                return false;
            var result = FaultRun.Run(candidate.Scenario(), options);
            if (result.Violation?.Promise != promise)
                return false;
            (key, best) = (candidate, result);
            return true;
        }

        Thin(() => key.Faults!, kept => Fails(key with { Faults = kept }));
        Thin(() => key.Tasks!, kept => Fails(key with { Tasks = kept }));
        for (var minutes = (int)all.Trouble.TotalMinutes / 2; minutes >= 5 && Fails(key with { Minutes = minutes }); minutes /= 2)
        {
        }

        Thin(() => key.Faults!, kept => Fails(key with { Faults = kept }));
        return new Smaller(key, best);
    }

    /// <summary>What a person needs to see a failure and to see it again.</summary>
    public static string Report(FaultResult failure, FaultRunOptions? options = null)
    {
        var small = Shrink(failure, options);
        var told = FaultRun.Run(small.Key.Scenario(), (options ?? new FaultRunOptions()) with { LinesKept = 40 });
        var text = new StringBuilder();
        text.AppendLine($"seed {failure.Scenario.Seed}: {small.Result.Violation!.Promise} was broken at {small.Result.Violation.At:u}: {small.Result.Violation.Sentence}");
        text.AppendLine($"replay: controlplane simulate faults --replay \"{small.Key}\"");
        text.AppendLine($"{small.Result.Scenario.Tasks.Count} tasks; machines have {(small.Result.Scenario.LeaseSwitch ? "a" : "no")} dead man's switch; faults:");
        foreach (var fault in small.Result.Scenario.Faults)
            text.AppendLine($"  {fault}");
        text.AppendLine("what happened last:");
        foreach (var line in told.Lines)
            text.AppendLine($"  {(line.Length > 300 ? line[..300] : line)}");
        return text.ToString();
    }

    /// <summary>Leaves out halves, quarters, ... and single ones, as long as it still fails.</summary>
    private static void Thin(Func<IReadOnlyList<int>> current, Func<IReadOnlyList<int>, bool> fails)
    {
        for (var chunk = Math.Max(1, current().Count / 2); chunk >= 1; chunk /= 2)
        {
            for (var start = 0; start < current().Count;)
            {
                int[] kept = [.. current().Where((_, i) => i < start || i >= start + chunk)];
                if (!fails(kept))
                    start += chunk;
            }
        }
    }
}
