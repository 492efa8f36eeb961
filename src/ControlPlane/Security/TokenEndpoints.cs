using System.ComponentModel;
using ControlPlane.Audit;
using ControlPlane.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ControlPlane.Security;

/// <summary>A token as it is answered: never its secret.</summary>
/// <param name="Id">By which it is revoked; null for a token from a file.</param>
/// <param name="Name">Whose it is.</param>
/// <param name="Role">worker, viewer, operator or admin.</param>
/// <param name="State">good, expired or revoked.</param>
/// <param name="CreatedAt">When it was made; null for a token from a file.</param>
/// <param name="CreatedBy">By whom; the settings for a token from a file.</param>
/// <param name="ExpiresAt">From when it allows nothing; null for never.</param>
/// <param name="RevokedAt">Since when it allows nothing.</param>
/// <param name="RevokedBy">By whom it was revoked.</param>
public sealed record TokenView(
    string? Id, string Name, Role Role, string State, DateTimeOffset? CreatedAt, string CreatedBy, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, string? RevokedBy)
{
    public static TokenView From(TokenRecord token, DateTimeOffset now) => new(
        token.Id, token.Name, token.Role, token.RevokedAt is not null ? "revoked" : token.IsGood(now) ? "good" : "expired", token.CreatedAt, token.CreatedBy, token.ExpiresAt, token.RevokedAt,
        token.RevokedBy);
}

/// <summary>A token that was just made.</summary>
/// <param name="Token">What it says.</param>
/// <param name="Secret">The text to send; it is told here and never again.</param>
public sealed record CreatedTokenView(TokenView Token, string Secret);

/// <summary>A token that is wanted.</summary>
/// <param name="Name">Whose it is: 1 to 100 characters.</param>
/// <param name="Role">worker, viewer, operator or admin.</param>
/// <param name="ExpiresAt">From when it allows nothing; absent: never.</param>
public sealed record TokenRequest(string? Name, string? Role, DateTimeOffset? ExpiresAt);

/// <summary>The tokens of the API, under <c>/api/v1/tokens</c>.</summary>
internal static class TokenEndpoints
{
    public static void MapTokens(this IEndpointRouteBuilder api)
    {
        var tokens = api.MapGroup("/tokens").WithTags("Security").RequireAuthorization(Policies.Admin);
        tokens.MapGet("/", ListAsync).WithSummary("All tokens that ever were, without their secrets");
        tokens.MapPost("/", CreateAsync).WithSummary("Make a token; its secret is answered once").WithMetadata(new NotAudited("The entry is a part of the transaction that makes the token.")).ProducesProblem(400);
        tokens.MapPost("/{id}/revoke", RevokeAsync).WithSummary("Revoke a token; other nodes refuse it within two seconds")
            .WithMetadata(new NotAudited("The entry is a part of the transaction that revokes the token.")).ProducesProblem(404);
    }

    private static async Task<Ok<PageView<TokenView>>> ListAsync(TokenStore tokens, TokenFiles files, TimeProvider time, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var fromFiles = files.Listed.Select(t => new TokenView(null, t.Name, t.Role, "good", null, "settings", null, null, null));
        return TypedResults.Ok(new PageView<TokenView>([.. fromFiles, .. (await tokens.ListAsync(cancel)).Select(t => TokenView.From(t, now))], null));
    }

    private static async Task<Results<Created<CreatedTokenView>, ProblemHttpResult>> CreateAsync(
        TokenRequest request, TokenStore tokens, TimeProvider time, HttpContext context, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (TokenRules.Faults(request.Name, request.Role, request.ExpiresAt, now) is { Count: > 0 } faults)
            return Problems.Invalid(faults);
        var (token, record) = await tokens.CreateAsync(request.Name!, Policies.Parse(request.Role)!.Value, request.ExpiresAt, Caller.ForAudit(context), cancel);
        return TypedResults.Created($"/api/v1/tokens/{record.Id}", new CreatedTokenView(TokenView.From(record, now), token.Text));
    }

    private static async Task<Results<Ok<TokenView>, ProblemHttpResult>> RevokeAsync(
        [Description("The token's id.")] string id, TokenStore tokens, TimeProvider time, HttpContext context, CancellationToken cancel) =>
        await tokens.RevokeAsync(id, Caller.ForAudit(context), cancel) is { } record ? TypedResults.Ok(TokenView.From(record, time.GetUtcNow())) : Problems.NotFound("token", id);
}

/// <summary>What may be asked of a new token.</summary>
internal static class TokenRules
{
    /// <summary>Everything that is wrong, by field; empty if nothing is.</summary>
    public static IReadOnlyDictionary<string, string[]> Faults(string? name, string? role, DateTimeOffset? expires, DateTimeOffset now)
    {
        var faults = new Dictionary<string, string[]>();
        if (name is null || name.Length is 0 or > TokenStore.MaxName || name.Any(char.IsControl))
            faults["name"] = [$"Write whose token it is: 1 to {TokenStore.MaxName} printable characters."];
        if (Policies.Parse(role) is null)
            faults["role"] = [$"'{role}' is no role. Write worker, viewer, operator or admin."];
        if (expires <= now)
            faults["expiresAt"] = [$"{expires.Value.UtcDateTime:u} is past. Write a time in the future, or leave it out."];
        return faults;
    }
}
