
namespace ControlPlane.Domain.Providers;

/// <summary>
/// A compute platform. Port: implemented in Providers, called by Actors. Translates and never decides: no retry loop, no price rule, no policy.
/// Faults come back as values; only a cancellation or a defect of our own throws.
/// </summary>
public interface IComputeProvider
{
    /// <summary>
    /// Launches the batch: at most one instance for each intent in it, whatever happens. Repeating a batch (same token, same ids, same offer)
    /// starts nothing new and tells what became of it.
    /// </summary>
    /// <returns>One outcome for each intent of the batch, in its order.</returns>
    Task<IReadOnlyList<LaunchOutcome>> LaunchAsync(LaunchBatch batch, CancellationToken cancel);

    /// <summary>Ends instances. One that is already gone counts as accepted. Repeating it changes nothing.</summary>
    /// <returns>One outcome for each, in order. Accepted is not ended: only a sweep shows that.</returns>
    Task<IReadOnlyList<TerminateOutcome>> TerminateAsync(IReadOnlyList<InstanceRef> instances, CancellationToken cancel);

    /// <summary>Lists every machine that bears our cluster's tag, whatever its state, in one sweep.</summary>
    Task<SweepOutcome> SweepAsync(CancellationToken cancel);

    /// <summary>The last lines of the instance's console, at most <paramref name="maxBytes"/>; null if there is none.</summary>
    Task<string?> ReadConsoleAsync(InstanceRef instance, int maxBytes, CancellationToken cancel);
}
