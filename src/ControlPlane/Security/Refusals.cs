using ControlPlane.Http;

namespace ControlPlane.Security;

/// <summary>How an endpoint tells a caller that it may not: problems by default, another form where its clients know another.</summary>
/// <param name="WriteAsync">Writes the answer: the context, the status, and a sentence.</param>
public sealed record RefusalFormat(Func<HttpContext, int, string, Task> WriteAsync);

/// <summary>Answers 401 and 403.</summary>
internal static class Refusals
{
    public static Task UnauthorizedAsync(HttpContext context, bool presented)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer";
        var detail = presented
            ? "The token is not known, has expired or was revoked. Ask an admin for another: 'controlplane tokens create NAME --role ROLE'."
            : "A token is needed: 'Authorization: Bearer TOKEN', or the variable CONTROLPLANE_TOKEN for the command line. An admin makes one with 'controlplane tokens create NAME --role ROLE'.";
        return WriteAsync(context, StatusCodes.Status401Unauthorized, detail, Problems.Unauthorized);
    }

    public static Task ForbiddenAsync(HttpContext context)
    {
        var needed = context.GetEndpoint()?.Metadata.GetMetadata<Microsoft.AspNetCore.Authorization.IAuthorizeData>()?.Policy ?? Policies.Admin;
        var roles = Policies.Roles.TryGetValue(needed, out var allowed) ? string.Join(" or ", allowed.Select(Policies.Word)) : needed;
        return WriteAsync(context, StatusCodes.Status403Forbidden, $"{Caller.Of(context)} may not do this: the role {roles} is needed.", Problems.Forbidden);
    }

    private static Task WriteAsync(HttpContext context, int status, string detail, Func<string, Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult> problem) =>
        context.GetEndpoint()?.Metadata.GetMetadata<RefusalFormat>() is { } format ? format.WriteAsync(context, status, detail) : problem(detail).ExecuteAsync(context);
}
