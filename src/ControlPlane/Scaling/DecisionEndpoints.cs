using System.ComponentModel;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ControlPlane.Scaling;

/// <summary>What was decided and why, under <c>/api/v1/decisions</c>.</summary>
internal static class DecisionEndpoints
{
    public static void MapDecisions(this IEndpointRouteBuilder api) =>
        api.MapGroup("/decisions").WithTags("Decisions").MapGet("/", ListAsync).WithSummary("Decisions, the latest first").ProducesProblem(400);

    private static async Task<Results<Ok<PageView<DecisionView>>, ProblemHttpResult>> ListAsync(
        DecisionQueries decisions,
        PageQuery pages,
        [Description("Only of this queue.")] string? queue,
        [Description("Only those made at this time or later.")] DateTimeOffset? since,
        [Description(PageQuery.LimitText)] int? limit,
        [Description(PageQuery.AfterText)] string? after,
        CancellationToken cancel)
    {
        if (!pages.TryRead(limit, after, out var request, out var problem))
            return problem;
        return TypedResults.Ok(PageView<DecisionView>.From(await decisions.ListAsync(queue, since, request, cancel), DecisionView.From));
    }
}
