using System.Security.Claims;
using System.Text;
using System.Text.Encodings.Web;
using ControlPlane.Http;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace ControlPlane.Security;

/// <summary>
/// Recognises our own tokens: as a bearer token; as the password of basic authentication, as ClearML's clients send their key and secret when they log in; and at the
/// end of the session token that those are given. Where the node is open, a caller without a token is the admin.
/// </summary>
internal sealed class TokenAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory log, UrlEncoder encoder, TokenStore tokens, TokenFiles files, AuthenticationGate gate, WorkerTokens? workers = null)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, log, encoder)
{
    public const string Name = "token";

    /// <summary>What a session token of ClearML's form ends in: ours, or somebody else's signature.</summary>
    public static string Last(string bearer) => bearer[(bearer.LastIndexOf('.') + 1)..];

    /// <summary>The token that a request brings; null if none that could be ours.</summary>
    public static string? Presented(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return Last(header["Bearer ".Length..].Trim()) is { Length: > 0 } token ? token : null;
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
            return null;
        var buffer = new byte[header.Length];
        if (!Convert.TryFromBase64String(header["Basic ".Length..].Trim(), buffer, out var length))
            return null;
        var pair = Encoding.UTF8.GetString(buffer, 0, length);
        return pair.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon ? pair[(colon + 1)..] : null;
    }

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Presented(Request) is { } secret && await FindAsync(secret) is { } found)
            return Success(found.Name, found.Role);
        if (await gate.IsOpenAsync(Context.RequestAborted))
            return Success(Caller.Anonymous, Role.Admin);
        return Request.Headers.Authorization.Count > 0 ? AuthenticateResult.Fail("No such token.") : AuthenticateResult.NoResult();
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) => Refusals.UnauthorizedAsync(Context, Request.Headers.Authorization.Count > 0);

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) => Refusals.ForbiddenAsync(Context);

    private async Task<(string Name, Role Role)?> FindAsync(string secret)
    {
        if (ApiToken.TryParse(secret, out var token) && await tokens.FindGoodAsync(token, Context.RequestAborted) is { } record)
            return (record.Name, record.Role);
        if (workers is not null && workers.TryRead(secret, out var instance))
            return ($"instance {instance}", Role.Worker);
        return files.Find(secret);
    }

    private static AuthenticateResult Success(string name, Role role)
    {
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, name), new Claim(ClaimTypes.Role, Policies.Word(role))], Name);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Name));
    }
}
