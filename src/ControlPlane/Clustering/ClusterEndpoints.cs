using Akka.Actor;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Actors.Storage;
using ControlPlane.Http;

namespace ControlPlane.Clustering;

/// <summary>The cluster, under <c>/api/v1/cluster</c>.</summary>
internal static class ClusterEndpoints
{
    public static void MapCluster(this IEndpointRouteBuilder api) =>
        api.MapGroup("/cluster").WithTags("Cluster").MapGet("/", GetAsync).WithSummary("The cluster, its journal and its read model").ProducesProblem(503);

    private static async Task<ClusterView> GetAsync(ActorSystem system, EntityAsks entities, JournalHealth journal, ReadModelStatus readModel, CancellationToken cancel) =>
        ClusterView.From(ClusterStatus.Of(system), await entities.CatalogAsync(cancel), journal.Status, await readModel.PositionAsync(cancel));
}
