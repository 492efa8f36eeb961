using Microsoft.AspNetCore.Http.HttpResults;

namespace ControlPlane.Health;

/// <summary>What load balancers and supervisors ask, under <c>/health</c>.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        var health = app.MapGroup("/health").WithTags("Health").AllowAnonymous();
        health.MapGet("/live", () => TypedResults.Ok(new HealthView("live", []))).WithSummary("Whether the process answers at all");
        health.MapGet("/ready", ReadyAsync).WithSummary("Whether the node may be given work; 503 with every reason if not").Produces<HealthView>(503);
    }

    private static async Task<JsonHttpResult<HealthView>> ReadyAsync(Readiness readiness, HttpContext context, CancellationToken cancel)
    {
        var reasons = await readiness.ReasonsAsync(cancel);
        context.Response.Headers.CacheControl = "no-store";
        return reasons.Count == 0
            ? TypedResults.Json(new HealthView("ready", reasons))
            : TypedResults.Json(new HealthView("unready", reasons), statusCode: StatusCodes.Status503ServiceUnavailable);
    }
}
