using System.ComponentModel;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Audit;
using ControlPlane.Domain.Queues;
using ControlPlane.Http;
using ControlPlane.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ControlPlane.Queues;

/// <summary>The queues that are scaled, under <c>/api/v1/queues</c>.</summary>
internal static class QueueEndpoints
{
    public static void MapQueues(this IEndpointRouteBuilder api)
    {
        var queues = api.MapGroup("/queues").WithTags("Queues");
        queues.MapGet("/", ListAsync).WithSummary("All queues, by name").ProducesProblem(400);
        queues.MapGet("/{name}", GetAsync).WithSummary("One queue as its scaler sees it now").ProducesProblem(404).ProducesProblem(503);
        queues.MapGet("/{name}/explain", ExplainAsync).WithSummary("Why the queue has the machines that it has, and why not more, in words").ProducesProblem(404).ProducesProblem(503);
        queues.MapPost("/{name}/drain", DrainAsync).RequireAuthorization(Policies.Operator).Audited("drain", "queue", "name").WithSummary("Let all its instances finish their tasks and leave; new ones come if there is demand and it is not paused")
            .ProducesProblem(404).ProducesProblem(409).ProducesProblem(503);
        queues.MapAdoption();
    }

    private static async Task<Results<Ok<PageView<QueueView>>, ProblemHttpResult>> ListAsync(
        QueueQueries queues,
        InstanceQueries instances,
        PageQuery pages,
        [Description("Only in this source.")] string? source,
        [Description("Only those that this budget pays for.")] string? budget,
        [Description(PageQuery.LimitText)] int? limit,
        [Description(PageQuery.AfterText)] string? after,
        CancellationToken cancel)
    {
        if (!pages.TryRead(limit, after, out var request, out var problem))
            return problem;
        var page = await queues.ListAsync(source, budget, request, cancel);
        var counts = (await instances.CountAsync(null, cancel)).ToLookup(c => c.Queue);
        return TypedResults.Ok(PageView<QueueView>.From(page, row => QueueView.From(row, counts[row.Name])));
    }

    private static async Task<Results<Ok<QueueDetailView>, ProblemHttpResult>> GetAsync(string name, QueueQueries queues, EntityAsks entities, CancellationToken cancel) =>
        await queues.FindAsync(name, cancel) is { } row
            ? TypedResults.Ok(QueueDetailView.From(row, await entities.ScalerAsync(name, cancel)))
            : Problems.NotFound("queue", name);

    private static async Task<Results<Ok<ExplanationView>, ProblemHttpResult>> ExplainAsync(string name, QueueQueries queues, EntityAsks entities, CancellationToken cancel)
    {
        if (await queues.FindAsync(name, cancel) is null)
            return Problems.NotFound("queue", name);
        var view = await entities.ScalerAsync(name, cancel);
        var sentences = Explanation.Of(view);
        return TypedResults.Ok(new ExplanationView(name, view.Situation.Now, sentences, string.Join(' ', sentences)));
    }

    private static async Task<Results<Accepted, ProblemHttpResult>> DrainAsync(string name, QueueQueries queues, EntityAsks entities, HttpContext context, CancellationToken cancel)
    {
        if (await queues.FindAsync(name, cancel) is null)
            return Problems.NotFound("queue", name);
        var reply = await entities.ScalerAsync(name, new ScalerCommand.DrainAll(Caller.Of(context)), cancel);
        return reply.Refusal is { } refusal
            ? Problems.Conflict("refused", "The scaler refuses", $"Nothing was done: {refusal}.")
            : TypedResults.Accepted($"/api/v1/queues/{Uri.EscapeDataString(name)}");
    }
}
