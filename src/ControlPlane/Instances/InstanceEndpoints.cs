using System.ComponentModel;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Audit;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Queues;
using ControlPlane.Http;
using ControlPlane.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ControlPlane.Instances;

/// <summary>Every instance that ever was, under <c>/api/v1/instances</c>.</summary>
internal static class InstanceEndpoints
{
    private const int HistoryLines = 500;

    public static void MapInstances(this IEndpointRouteBuilder api)
    {
        var instances = api.MapGroup("/instances").WithTags("Instances");
        instances.MapGet("/", ListAsync).WithSummary("Instances, the newest first").ProducesProblem(400);
        instances.MapGet("/{id}", GetAsync).WithSummary("One instance and its history in sentences").ProducesProblem(404);
        instances.MapGet("/{id}/console", ConsoleAsync).WithSummary("The last lines of an instance's console, as its provider has them now").ProducesProblem(400).ProducesProblem(404).ProducesProblem(503);
        instances.MapPost("/{id}/drain", DrainAsync).RequireAuthorization(Policies.Operator).Audited("drain", "instance", "id").WithSummary("Let an instance finish its tasks and leave").ProducesProblem(404).ProducesProblem(409).ProducesProblem(503);
        instances.MapPost("/{id}/terminate", TerminateAsync).RequireAuthorization(Policies.Operator).Audited("terminate", "instance", "id").WithSummary("End an instance now; its tasks go back to the queue").ProducesProblem(404).ProducesProblem(409).ProducesProblem(503);
    }

    private static async Task<Results<Ok<PageView<InstanceView>>, ProblemHttpResult>> ListAsync(
        InstanceQueries instances,
        PageQuery pages,
        [Description("Only of this queue.")] string? queue,
        [Description("Only of this pool.")] string? pool,
        [Description("Only in this phase: requested, leased, launching, booting, idle, busy, draining, terminating, ended.")] string? phase,
        [Description("Only with this outcome: idle, budget, policy, stuckBooting, preempted, vanished, launchFailed, operator.")] string? outcome,
        [Description("true: only those that have not ended; false: only those that have.")] bool? live,
        [Description("Only those requested at this time or later.")] DateTimeOffset? since,
        [Description(PageQuery.LimitText)] int? limit,
        [Description(PageQuery.AfterText)] string? after,
        CancellationToken cancel)
    {
        if (!pages.TryRead(limit, after, out var request, out var problem)
            || !WordQuery.TryRead<Phase>(phase, "phase", out var inPhase, out problem)
            || !WordQuery.TryRead<Outcome>(outcome, "outcome", out var withOutcome, out problem))
        {
            return problem;
        }

        var page = await instances.ListAsync(new InstanceFilter(queue, pool, inPhase, withOutcome, live, since), request, cancel);
        return TypedResults.Ok(PageView<InstanceView>.From(page, InstanceView.From));
    }

    private static async Task<Results<Ok<InstanceDetailView>, ProblemHttpResult>> GetAsync(string id, InstanceQueries instances, InstanceConsoles consoles, CancellationToken cancel)
    {
        if (await instances.FindAsync(id, cancel) is not { } row)
            return Problems.NotFound("instance", id);
        var history = await instances.HistoryAsync(id, HistoryLines, cancel);
        var view = InstanceView.From(row);
        return TypedResults.Ok(new InstanceDetailView(view, [.. history.Select(InstanceHistoryView.From)], await consoles.OfStuckBootAsync(row, history, cancel)));
    }

    private static async Task<Results<Ok<InstanceConsoleView>, ProblemHttpResult>> ConsoleAsync(
        string id,
        InstanceQueries instances,
        InstanceConsoles consoles,
        [Description("How much of its end: 1 to 65,536 bytes. Left out: 16,384.")] int? bytes,
        CancellationToken cancel)
    {
        if (bytes is < 1 or > InstanceConsoles.MostBytes)
            return Problems.Invalid("bytes", $"{bytes} is out of range: write 1 to {InstanceConsoles.MostBytes}.");
        if (await instances.FindAsync(id, cancel) is not { } row)
            return Problems.NotFound("instance", id);
        try
        {
            return TypedResults.Ok(new InstanceConsoleView(id, await consoles.ReadAsync(row, bytes ?? InstanceConsoles.DefaultBytes, cancel)));
        }
        catch (Exception fault) when (fault is IOException or TimeoutException)
        {
            return Problems.Unavailable($"Provider {row.Provider} does not give the console: {fault.Message}");
        }
    }

    private static Task<Results<Accepted, ProblemHttpResult>> DrainAsync(string id, InstanceQueries instances, EntityAsks entities, HttpContext context, CancellationToken cancel) =>
        LeaveAsync(id, atOnce: false, instances, entities, context, cancel);

    private static Task<Results<Accepted, ProblemHttpResult>> TerminateAsync(string id, InstanceQueries instances, EntityAsks entities, HttpContext context, CancellationToken cancel) =>
        LeaveAsync(id, atOnce: true, instances, entities, context, cancel);

    private static async Task<Results<Accepted, ProblemHttpResult>> LeaveAsync(
        string id, bool atOnce, InstanceQueries instances, EntityAsks entities, HttpContext context, CancellationToken cancel)
    {
        if (await instances.FindAsync(id, cancel) is not { } row)
            return Problems.NotFound("instance", id);
        var reply = await entities.ScalerAsync(row.Queue, new ScalerCommand.Leave(new InstanceId(id), atOnce, Caller.Of(context)), cancel);
        return reply.Refusal is { } refusal
            ? Problems.Conflict("refused", "The scaler refuses", $"Nothing was done: {refusal}.")
            : TypedResults.Accepted($"/api/v1/instances/{id}");
    }
}
