namespace ControlPlane.Domain.Providers;

/// <summary>A provider that can take over machines which somebody else started. Beside <see cref="IComputeProvider"/>, for those that can.</summary>
public interface IAdoptingProvider
{
    /// <summary>
    /// Marks each machine that an intent of the batch names (<see cref="LaunchIntent.Adopts"/>) as that intent's, so that sweeps show it. Repeating it changes
    /// nothing. A machine that does not run, or is another's by its marks, is refused as <see cref="ProviderFault.Misconfigured"/>; nothing is ever launched.
    /// </summary>
    /// <returns>One outcome for each intent of the batch, in its order.</returns>
    Task<IReadOnlyList<LaunchOutcome>> AdoptAsync(LaunchBatch batch, CancellationToken cancel);
}
