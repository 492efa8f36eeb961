namespace ControlPlane.Http;

/// <summary>Who asks, for the record.</summary>
internal static class Caller
{
    /// <summary>The authenticated user; without authentication only this machine can ask.</summary>
    public static string Of(HttpContext context) => context.User.Identity is { IsAuthenticated: true, Name.Length: > 0 } user ? user.Name : "anonymous@loopback";
}
