using System.ComponentModel;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ControlPlane.Budgets;

/// <summary>Budgets and their ledgers' lines, under <c>/api/v1/budgets</c>.</summary>
internal static class BudgetEndpoints
{
    private const int WindowsShown = 100;

    private static readonly string[] Kinds = ["granted", "renewed", "settled", "queued", "withdrawn", "denied", "alert", "configured", "closed"];

    public static void MapBudgets(this IEndpointRouteBuilder api)
    {
        var budgets = api.MapGroup("/budgets").WithTags("Budgets");
        budgets.MapGet("/", ListAsync).WithSummary("All budgets, by name").ProducesProblem(400);
        budgets.MapGet("/{name}", GetAsync).WithSummary("One budget as its ledger sees it now, and its windows").ProducesProblem(404).ProducesProblem(503);
        budgets.MapGet("/{name}/entries", EntriesAsync).WithSummary("The lines of a budget, the latest first: who, what, when, why, balance after").ProducesProblem(400).ProducesProblem(404);
    }

    private static async Task<Results<Ok<PageView<BudgetView>>, ProblemHttpResult>> ListAsync(
        BudgetQueries budgets,
        PageQuery pages,
        TimeProvider time,
        [Description("Only in the tree of this root.")] string? ledger,
        [Description(PageQuery.LimitText)] int? limit,
        [Description(PageQuery.AfterText)] string? after,
        CancellationToken cancel)
    {
        if (!pages.TryRead(limit, after, out var request, out var problem))
            return problem;
        var now = time.GetUtcNow();
        var page = await budgets.ListAsync(ledger, request, cancel);
        List<BudgetView> views = [];
        foreach (var row in page.Items)
            views.Add(BudgetView.From(row, await budgets.WindowAsync(row, now, cancel), now));
        return TypedResults.Ok(new PageView<BudgetView>(views, page.Next));
    }

    private static async Task<Results<Ok<BudgetDetailView>, ProblemHttpResult>> GetAsync(
        string name, BudgetQueries budgets, EntityAsks entities, TimeProvider time, CancellationToken cancel)
    {
        if (await budgets.FindAsync(name, cancel) is not { } row)
            return Problems.NotFound("budget", name);
        var now = time.GetUtcNow();
        var ledger = await entities.LedgerAsync(row.Ledger, cancel);
        var windows = await budgets.WindowsAsync(row.Ledger, name, WindowsShown, cancel);
        var view = ledger.Budgets.FirstOrDefault(b => b.Spec.Name.Value == name) is { } live
            ? BudgetView.From(row, live, now)
            : BudgetView.From(row, await budgets.WindowAsync(row, now, cancel), now);
        return TypedResults.Ok(new BudgetDetailView(view, [.. windows.Select(WindowView.From)]));
    }

    private static async Task<Results<Ok<PageView<EntryView>>, ProblemHttpResult>> EntriesAsync(
        string name,
        BudgetQueries budgets,
        PageQuery pages,
        [Description("Only about this instance.")] string? instance,
        [Description("Only about instances of this queue.")] string? queue,
        [Description("Only about instances of this pool.")] string? pool,
        [Description("Only of this kind: granted, renewed, settled, queued, withdrawn, denied, alert, configured or closed.")] string? kind,
        [Description("Only those made at this time or later.")] DateTimeOffset? since,
        [Description(PageQuery.LimitText)] int? limit,
        [Description(PageQuery.AfterText)] string? after,
        CancellationToken cancel)
    {
        if (!pages.TryRead(limit, after, out var request, out var problem))
            return problem;
        if (kind is not null && !Kinds.Contains(kind))
            return Problems.Invalid("kind", $"'{kind}' is none of {string.Join(", ", Kinds)}.");
        var page = await budgets.EntriesAsync(name, new LedgerEntryFilter(instance, queue, pool, kind, since), request, cancel);
        return page.Items.Count == 0 && request.After is null && await budgets.FindAsync(name, cancel) is null
            ? Problems.NotFound("budget", name)
            : TypedResults.Ok(PageView<EntryView>.From(page, EntryView.From));
    }
}
