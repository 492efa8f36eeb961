using Akka.Actor;
using ControlPlane.Actors.Catalog;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Actors.Storage;
using ControlPlane.Http;

namespace ControlPlane.Clustering;

/// <summary>The cluster, under <c>/api/v1/cluster</c>.</summary>
internal static class ClusterEndpoints
{
    public static void MapCluster(this IEndpointRouteBuilder api) =>
        api.MapGroup("/cluster").WithTags("Cluster").MapGet("/", GetAsync).WithSummary("The nodes and what each has, the journal and the read model").ProducesProblem(503);

    private static async Task<ClusterView> GetAsync(
        HttpContext http, ActorSystem system, EntityAsks entities, JournalHealth journal, ReadModelStatus readModel, CancellationToken cancel)
    {
        var membership = http.RequestServices.GetService<Membership>();
        var catalog = CatalogAsync(entities, cancel);
        var shards = entities.ShardsAsync(cancel);
        var nodes = membership is null ? [] : await membership.NodesAsync(cancel);
        return ClusterView.From(ClusterStatus.Of(system), nodes, await shards, await catalog, journal.Status, await readModel.PositionAsync(cancel));
    }

    /// <summary>While a node is being replaced the catalog may not answer, and just then people look here.</summary>
    private static async Task<CatalogStatus?> CatalogAsync(EntityAsks entities, CancellationToken cancel)
    {
        try
        {
            return await entities.CatalogStatusAsync(cancel);
        }
        catch (Exception fault) when (fault is AskTimeoutException or EntityUnavailableException)
        {
            return null;
        }
    }
}
