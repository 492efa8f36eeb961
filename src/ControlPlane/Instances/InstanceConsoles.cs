using ControlPlane.Actors.Providers;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Http;

namespace ControlPlane.Instances;

/// <summary>Reads the consoles of instances where their machines are. Of a stuck boot the last lines are kept in the instance's history, too.</summary>
internal sealed class InstanceConsoles(EntityAsks entities, Connections connections, TimeProvider time)
{
    public const int MostBytes = 65_536;
    public const int DefaultBytes = 16_384;
    private const int LinesOfStuckBoot = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>An instance's story is told with or without it.</summary>
    private static readonly TimeSpan ShortPatience = TimeSpan.FromSeconds(3);

    /// <summary>The end of the console; null if there is none, or the provider is no longer declared.</summary>
    /// <exception cref="IOException">The provider does not give it.</exception>
    /// <exception cref="TimeoutException">The provider did not answer in time.</exception>
    public async Task<string?> ReadAsync(InstanceRow row, int bytes, CancellationToken cancel) => await ReadAsync(row, bytes, Patience, cancel).ConfigureAwait(false);

    /// <summary>
    /// The last lines of an instance that did not become a worker in time: as they were kept, else as its provider has them. Null for others, and where they cannot be read.
    /// </summary>
    public async Task<IReadOnlyList<string>?> OfStuckBootAsync(InstanceRow row, IEnumerable<InstanceHistoryRow> history, CancellationToken cancel)
    {
        if (!string.Equals(row.Outcome, nameof(Outcome.StuckBooting), StringComparison.OrdinalIgnoreCase) || row.NativeId is null)
            return null;
        if (history.Select(h => InstanceStory.ConsoleIn(h.Sentence)).FirstOrDefault(lines => lines is not null) is { } kept)
            return kept;
        try
        {
            var text = await ReadAsync(row, MostBytes, ShortPatience, cancel).ConfigureAwait(false);
            return text?.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(LinesOfStuckBoot).Select(l => l.TrimEnd('\r')).ToArray();
        }
        catch (Exception fault) when (fault is IOException or TimeoutException or EntityUnavailableException or Akka.Actor.AskTimeoutException)
        {
            return null;
        }
    }

    private async Task<string?> ReadAsync(InstanceRow row, int bytes, TimeSpan patience, CancellationToken cancel)
    {
        var catalog = await entities.CatalogAsync(cancel).ConfigureAwait(false);
        if (catalog.Configuration.Providers.FirstOrDefault(p => p.Name == row.Provider) is not { } spec)
            return null;
        using var limit = new CancellationTokenSource(patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        try
        {
            return await connections.Provider(spec).ReadConsoleAsync(new InstanceRef(new InstanceId(row.Id), row.NativeId), bytes, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException($"it did not answer within {patience.TotalSeconds:0} s.");
        }
    }
}
