using System.Globalization;
using ControlPlane.Simulation.Faults;

namespace ControlPlane.Simulate;

/// <summary>The command <c>simulate faults</c>: many seeds until one breaks a promise, or one run again by its key.</summary>
public static class SimulateFaults
{
    /// <summary>Runs the seeds from <paramref name="first"/> on.</summary>
    /// <param name="output">Where to write.</param>
    /// <param name="time">The clock, for the speed that is shown.</param>
    /// <param name="first">The first seed.</param>
    /// <param name="seeds">How many, at least 1.</param>
    /// <param name="progress">Told after each seed; null if nobody looks.</param>
    /// <param name="cancel">Ends the campaign after the seed under way.</param>
    /// <returns>0 if every promise was kept, 1 if one was broken.</returns>
    public static int Run(TextWriter output, TimeProvider time, ulong first, long seeds, Action<CampaignProgress>? progress, CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        CampaignProgress last = new(0, TimeSpan.Zero, 0, 0, null);
        foreach (var now in FaultCampaign.Run(first, seeds))
        {
            last = now;
            progress?.Invoke(now);
            if (cancel.IsCancellationRequested)
                break;
        }

        if (last.Failure is { } failure)
            output.Write(Minimiser.Report(failure));
        var seconds = Math.Max(0.001, time.GetElapsedTime(started).TotalSeconds);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{last.Seeds} seeds from {first}, {last.Simulated.TotalHours:0} simulated hours, {last.Machines} machines, {last.Steps} steps; {last.Seeds / seconds:0.#} seeds/s, {last.Steps / seconds:0} steps/s; {(last.Failure is null ? "every promise was kept" : "a promise was broken")}"));
        return last.Failure is null ? 0 : 1;
    }

    /// <summary>Runs one scenario again and shows the last lines of its history.</summary>
    /// <returns>0 if every promise was kept, 1 if one was broken, 2 if the key is none.</returns>
    public static int Replay(TextWriter output, string key, int lines = 100)
    {
        Scenario scenario;
        try
        {
            scenario = ReplayKey.Parse(key).Scenario();
        }
        catch (FormatException fault)
        {
            output.WriteLine($"--replay: {fault.Message}");
            return 2;
        }

        var result = FaultRun.Run(scenario, new FaultRunOptions(LinesKept: lines));
        foreach (var line in result.Lines)
            output.WriteLine(line);
        output.WriteLine(result.Violation is { } broken ? $"{broken.Promise} was broken at {broken.At:u}: {broken.Sentence}" : "every promise was kept");
        return result.Violation is null ? 0 : 1;
    }
}
