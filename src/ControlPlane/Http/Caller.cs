using System.Security.Claims;
using ControlPlane.Audit;

namespace ControlPlane.Http;

/// <summary>Who asks, for the record.</summary>
internal static class Caller
{
    /// <summary>What a caller without a token is called, where none is needed.</summary>
    public const string Anonymous = "anonymous@loopback";

    /// <summary>The authenticated user; without authentication only this machine can ask.</summary>
    public static string Of(HttpContext context) => context.User.Identity is { IsAuthenticated: true, Name.Length: > 0 } user ? user.Name : Anonymous;

    /// <summary>The same with role and address.</summary>
    public static AuditCaller ForAudit(HttpContext context) =>
        new(Of(context), context.User.FindFirstValue(ClaimTypes.Role) ?? "none", context.Connection.RemoteIpAddress?.ToString());
}
