using System.Globalization;
using ControlPlane.Simulation.Faults;

namespace ControlPlane.Simulate;

/// <summary>The command <c>simulate faults</c>: many seeds until one breaks a promise, or one run again by its key.</summary>
public static class SimulateFaults
{
    /// <summary>Runs the seeds of a plan.</summary>
    /// <param name="output">Where to write.</param>
    /// <param name="time">The clock, for the speed that is shown.</param>
    /// <param name="plan">Which seeds.</param>
    /// <param name="screen">Shows how far it is.</param>
    /// <param name="cancel">Ends the campaign after the seeds under way.</param>
    /// <returns>0 if every promise was kept, 1 if one was broken.</returns>
    internal static int Run(TextWriter output, TimeProvider time, FaultPlan plan, CampaignScreen screen, CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        var last = new ParallelCampaign(plan, screen.Show, cancel).Run();
        screen.End();
        var seconds = Math.Max(0.001, time.GetElapsedTime(started).TotalSeconds);
        if (last.Failure is { } failure)
            output.Write(Minimiser.Report(failure));
        var threads = plan.Parallel == 1 ? "1 thread" : $"{plan.Parallel} threads";
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{last.Seeds} seeds from {plan.First}, {last.Simulated.TotalHours:0} simulated hours, {last.Machines} machines, {last.Steps} steps; {last.Seeds / seconds:0.#} seeds/s, {last.Steps / seconds:0} steps/s on {threads}; {(last.Failure is null ? "every promise was kept" : "a promise was broken")}"));
        if (cancel.IsCancellationRequested)
            output.WriteLine("It was interrupted before its end.");
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
