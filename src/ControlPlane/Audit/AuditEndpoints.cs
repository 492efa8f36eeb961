using System.ComponentModel;
using System.Globalization;
using ControlPlane.Http;
using ControlPlane.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ControlPlane.Audit;

/// <summary>An entry of the audit as it is answered.</summary>
/// <param name="Id">Later entries have higher ones.</param>
/// <param name="At">When it was asked for.</param>
/// <param name="By">Who asked.</param>
/// <param name="Role">What the caller was allowed.</param>
/// <param name="Address">From where.</param>
/// <param name="Node">The node that was asked.</param>
/// <param name="Act">apply, drain, terminate, reset, cancel, create or revoke.</param>
/// <param name="Kind">configuration, queue, instance, pool, task or token.</param>
/// <param name="Subject">Which one.</param>
/// <param name="Outcome">done, refused, or asked: it is under way, or what came of it was not learnt.</param>
/// <param name="Changes">Values before and after.</param>
public sealed record AuditView(
    string Id, DateTimeOffset At, string By, string Role, string? Address, string Node, string Act, string Kind, string Subject, string Outcome, IReadOnlyList<AuditChange> Changes)
{
    public static AuditView From(AuditEntry entry) => new(
        entry.Id.ToString(CultureInfo.InvariantCulture), entry.At, entry.What.Caller.Name, entry.What.Caller.Role, entry.What.Caller.Address, entry.Node, entry.What.Act, entry.What.Kind,
        entry.What.Subject, entry.Outcome, entry.Changes);
}

/// <summary>Who changed what, under <c>/api/v1/audit</c>.</summary>
internal static class AuditEndpoints
{
    public static void MapAudit(this IEndpointRouteBuilder api) =>
        api.MapGet("/audit", ListAsync).WithTags("Security").RequireAuthorization(Policies.Admin).WithSummary("Who changed what, the latest first").ProducesProblem(400);

    private static async Task<Results<Ok<PageView<AuditView>>, ProblemHttpResult>> ListAsync(
        AuditLog audit,
        PageQuery pages,
        [Description("Only by this caller.")] string? by,
        [Description("Only about this kind: configuration, queue, instance, pool, task, token.")] string? kind,
        [Description("Only about this one.")] string? subject,
        [Description(PageQuery.LimitText)] int? limit,
        [Description(PageQuery.AfterText)] string? after,
        CancellationToken cancel)
    {
        if (!pages.TryRead(limit, after, out var page, out var problem))
            return problem;
        long? before = null;
        if (page.After is { } text)
        {
            if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return Problems.Invalid("after", $"'{text}' is no entry of the audit. Use the 'next' of the page before, with the same filters.");
            before = number;
        }

        var entries = await audit.ListAsync(new AuditFilter(by, kind, subject), before, page.Limit + 1, cancel);
        var shown = entries.Take(page.Limit).Select(AuditView.From).ToArray();
        return TypedResults.Ok(new PageView<AuditView>(shown, entries.Count > page.Limit ? shown[^1].Id : null));
    }
}
