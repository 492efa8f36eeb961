using ControlPlane.Actors.Queues;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Audit;
using ControlPlane.Domain.Queues;
using ControlPlane.Http;
using ControlPlane.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ControlPlane.Queues;

/// <summary>Which machines a queue takes over.</summary>
/// <param name="Machines">The platform's ids of them; none: all that serve the queue and have a pool here.</param>
/// <param name="DryRun">Only say what would be taken over.</param>
public sealed record AdoptionRequest(IReadOnlyList<string>? Machines = null, bool DryRun = false);

/// <summary>What becomes of each machine.</summary>
public sealed record AdoptionView(bool DryRun, IReadOnlyList<AdoptionChoiceView> Machines)
{
    public static AdoptionView From(AdoptionAnswer answer, bool dryRun) => new(dryRun, [.. answer.Choices.Select(AdoptionChoiceView.From)]);
}

/// <summary>One machine of another autoscaler.</summary>
/// <param name="NativeId">The platform's id of it.</param>
/// <param name="Worker">The name of a worker on it; empty if none serves the queue.</param>
/// <param name="Busy">It has a task.</param>
/// <param name="Pool">The pool that takes it; null if none can.</param>
/// <param name="Instance">The instance that it becomes; null if it does not, or in a dry run.</param>
/// <param name="Refusal">Why it is left alone; null if it is not.</param>
public sealed record AdoptionChoiceView(string NativeId, string Worker, bool Busy, string? Pool, string? Instance, string? Refusal)
{
    public static AdoptionChoiceView From(AdoptionChoice choice) => new(choice.NativeId, choice.Worker, choice.Busy, choice.Pool, choice.Instance?.Value, choice.Refusal);
}

/// <summary>Taking over machines that another autoscaler started.</summary>
internal static class AdoptionEndpoint
{
    private const int MostMachines = 1_000;

    public static void MapAdoption(this IEndpointRouteBuilder queues) =>
        queues.MapPost("/{name}/adopt", AdoptAsync).RequireAuthorization(Policies.Operator).Audited("adopt", "queue", "name")
            .WithSummary("Take over machines that another autoscaler started; each waits for its lease first. Asking again takes over nothing twice")
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(503);

    private static async Task<Results<Ok<AdoptionView>, ProblemHttpResult>> AdoptAsync(
        string name, AdoptionRequest? request, QueueQueries queues, EntityAsks entities, HttpContext context, CancellationToken cancel)
    {
        var machines = request?.Machines ?? [];
        if (machines.Count > MostMachines || machines.Any(m => m is null || m.Length is 0 or > 128))
            return Problems.Invalid("machines", $"Write at most {MostMachines:N0} ids of machines as their platform has them, such as i-0123456789abcdef0.");
        if (await queues.FindAsync(name, cancel) is null)
            return Problems.NotFound("queue", name);
        var dryRun = request?.DryRun ?? false;
        var answer = dryRun
            ? await entities.AdoptionAsync(name, new AdoptionQuery(machines), cancel)
            : await entities.AdoptionAsync(name, new ScalerCommand.Adopt(machines, Caller.Of(context)), cancel);
        return answer.Refusal is { } refusal
            ? Problems.Conflict("refused", "The scaler refuses", $"Nothing was done: {refusal}.")
            : TypedResults.Ok(AdoptionView.From(answer, dryRun));
    }
}
