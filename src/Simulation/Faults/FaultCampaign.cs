namespace ControlPlane.Simulation.Faults;

/// <summary>How far a campaign has come.</summary>
/// <param name="Seeds">Runs so far.</param>
/// <param name="Simulated">Virtual time so far.</param>
/// <param name="Steps">Things that happened so far.</param>
/// <param name="Machines">Machines that were started so far.</param>
/// <param name="Failure">The first run that broke a promise; null so far.</param>
public sealed record CampaignProgress(long Seeds, TimeSpan Simulated, long Steps, long Machines, FaultResult? Failure);

/// <summary>Many runs, one a seed, until one breaks a promise.</summary>
public static class FaultCampaign
{
    /// <summary>Runs the seeds <paramref name="first"/>, first + 1, ... and tells after each.</summary>
    public static IEnumerable<CampaignProgress> Run(ulong first, long count, FaultRunOptions? options = null)
    {
        var progress = new CampaignProgress(0, TimeSpan.Zero, 0, 0, null);
        for (long i = 0; i < count && progress.Failure is null; i++)
        {
            var seed = unchecked(first + (ulong)i);
            var result = FaultRun.Run(ScenarioMaker.Make(seed), options);
            progress = new CampaignProgress(
                progress.Seeds + 1, progress.Simulated + result.Simulated, progress.Steps + result.Steps, progress.Machines + result.Machines,
                result.Violation is null ? null : result);
            yield return progress;
        }
    }
}
