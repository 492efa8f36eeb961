using System.ComponentModel;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Audit;
using ControlPlane.Domain.Queues;
using ControlPlane.Http;
using ControlPlane.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ControlPlane.Pools;

/// <summary>The declared pools, under <c>/api/v1/pools</c>.</summary>
internal static class PoolEndpoints
{
    public static void MapPools(this IEndpointRouteBuilder api)
    {
        var pools = api.MapGroup("/pools").WithTags("Pools");
        pools.MapGet("/", ListAsync).WithSummary("All pools, by name").ProducesProblem(400);
        pools.MapGet("/{name}", GetAsync).WithSummary("One pool, and what stops it").ProducesProblem(404);
        pools.MapPost("/{name}/reset", ResetAsync).RequireAuthorization(Policies.Operator).Audited("reset", "pool", "name").WithSummary("Close a pool's breaker and forget its lack of capacity: it launches again").ProducesProblem(404).ProducesProblem(409).ProducesProblem(503);
    }

    private static async Task<Results<Ok<PageView<PoolView>>, ProblemHttpResult>> ListAsync(
        PoolQueries pools,
        PageQuery pages,
        [Description("Only of this queue.")] string? queue,
        [Description("Only of this provider.")] string? provider,
        [Description(PageQuery.LimitText)] int? limit,
        [Description(PageQuery.AfterText)] string? after,
        CancellationToken cancel)
    {
        if (!pages.TryRead(limit, after, out var request, out var problem))
            return problem;
        return TypedResults.Ok(PageView<PoolView>.From(await pools.ListAsync(queue, provider, request, cancel), PoolView.From));
    }

    private static async Task<Results<Ok<PoolView>, ProblemHttpResult>> GetAsync(string name, PoolQueries pools, CancellationToken cancel) =>
        await pools.FindAsync(name, cancel) is { } row ? TypedResults.Ok(PoolView.From(row)) : Problems.NotFound("pool", name);

    private static async Task<Results<Accepted, ProblemHttpResult>> ResetAsync(string name, PoolQueries pools, EntityAsks entities, HttpContext context, CancellationToken cancel)
    {
        if (await pools.FindAsync(name, cancel) is not { } row)
            return Problems.NotFound("pool", name);
        var reply = await entities.ScalerAsync(row.Queue, new ScalerCommand.ResetPool(name, Caller.Of(context)), cancel);
        return reply.Refusal is { } refusal
            ? Problems.Conflict("refused", "The scaler refuses", $"Nothing was done: {refusal}.")
            : TypedResults.Accepted($"/api/v1/pools/{Uri.EscapeDataString(name)}");
    }
}
