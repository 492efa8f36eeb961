using System.Data.Common;
using Akka.Actor;
using Akka.Hosting;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Actors.Storage;
using ControlPlane.Domain.Deciding;
using ControlPlane.Http;

namespace ControlPlane.Health;

/// <summary>A part of the host that may have a reason why this node is not ready.</summary>
public interface IReadinessCheck
{
    /// <summary>Null if there is none.</summary>
    ReasonView? Reason { get; }
}

/// <summary>Finds out whether this node may be given work, and if not, every reason.</summary>
public sealed class Readiness(
    JournalHealth journal, ActorSystem system, EntityAsks entities, ReadModelStatus readModel, HttpApiOptions options, TimeProvider time, IEnumerable<IReadinessCheck> checks)
{
    private volatile bool wereAwake;

    /// <summary>Empty if the node is ready.</summary>
    public async Task<IReadOnlyList<ReasonView>> ReasonsAsync(CancellationToken cancel)
    {
        List<ReasonView> reasons = [];
        if (journal.Status is { Healthy: false } status)
            reasons.Add(new ReasonView("journal", $"The journal takes no writes: {status.Reason}"));
        if (system.WhenTerminated.IsCompleted || !ClusterStatus.Of(system).Up)
            reasons.Add(new ReasonView("cluster", "This node is not up in its cluster."));
        else if (await EntitiesAsync(cancel).ConfigureAwait(false) is { } asleep)
            reasons.Add(new ReasonView("entities", asleep));
        if (await LagAsync(cancel).ConfigureAwait(false) is { } lag)
            reasons.Add(new ReasonView("readModel", lag));
        reasons.AddRange(checks.Select(c => c.Reason).OfType<ReasonView>());
        return reasons;
    }

    /// <summary>Only a node that has just started waits for the entities: in a cluster some sleep for a moment whenever a node goes, and the others answer meanwhile.</summary>
    private async Task<string?> EntitiesAsync(CancellationToken cancel)
    {
        if (wereAwake)
            return null;
        try
        {
            var catalog = await entities.CatalogStatusAsync(cancel).ConfigureAwait(false);
            wereAwake = catalog.Awake == catalog.Entities;
            return wereAwake ? null : $"{catalog.Entities - catalog.Awake} of {catalog.Entities} entities are not awake yet.";
        }
        catch (Exception fault) when (fault is AskTimeoutException or EntityUnavailableException or MissingActorRegistryEntryException)
        {
            return $"The catalog does not answer: {fault.Message}";
        }
    }

    private async Task<string?> LagAsync(CancellationToken cancel)
    {
        try
        {
            var position = await readModel.PositionAsync(cancel).ConfigureAwait(false);
            return position.OldestMissing is { } since && time.GetUtcNow() - since > options.MaxReadModelLag
                ? $"The read model is {position.Head - position.Offset} events behind, the oldest written {Words.Duration(time.GetUtcNow() - since)} ago."
                : null;
        }
        catch (DbException fault)
        {
            return $"The read model cannot be read: {fault.Message}";
        }
    }
}
