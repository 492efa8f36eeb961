using System.ComponentModel;
using Akka.Actor;
using ControlPlane.Actors.Catalog;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Actors.Storage;
using ControlPlane.Http;
using ControlPlane.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ControlPlane.Clustering;

/// <summary>The cluster, under <c>/api/v1/cluster</c>.</summary>
internal static class ClusterEndpoints
{
    private const int MaxSeconds = 300;

    public static void MapCluster(this IEndpointRouteBuilder api)
    {
        var cluster = api.MapGroup("/cluster").WithTags("Cluster");
        cluster.MapGet("/", GetAsync).WithSummary("The nodes and what each has, the journal and the read model").ProducesProblem(503);
        cluster.MapGet("/answers", AnswersAsync).RequireAuthorization(Policies.Operator).WithSummary("Ask the scaler of every queue, wherever it is, until each has answered").ProducesProblem(400).ProducesProblem(503);
    }

    private static async Task<ClusterView> GetAsync(
        HttpContext http, ActorSystem system, EntityAsks entities, JournalHealth journal, ReadModelStatus readModel, CancellationToken cancel)
    {
        var membership = http.RequestServices.GetService<Membership>();
        var catalog = CatalogAsync(entities, cancel);
        var shards = entities.ShardsAsync(cancel);
        var nodes = membership is null ? [] : await membership.NodesAsync(cancel);
        return ClusterView.From(ClusterStatus.Of(system), nodes, await shards, await catalog, journal.Status, await readModel.PositionAsync(cancel));
    }

    private static async Task<Results<Ok<AnswersView>, ProblemHttpResult>> AnswersAsync(
        QueueQueries queues,
        EntityAsks entities,
        [Description("Seconds to wait for the last: 1 to 300; absent: 30.")] int? within,
        CancellationToken cancel)
    {
        if (within is < 1 or > MaxSeconds)
            return Problems.Invalid("within", $"{within} is out of range: write 1 to {MaxSeconds} seconds.");
        var limit = TimeSpan.FromSeconds(within ?? 30);
        var names = await queues.NamesAsync(cancel);
        return TypedResults.Ok(AnswersView.From(names, await Task.WhenAll(names.Select(name => entities.AnswersAsync(name, limit, cancel)))));
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
