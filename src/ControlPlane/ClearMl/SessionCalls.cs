using System.Buffers.Text;
using System.Reflection;
using System.Text.Json.Nodes;
using ControlPlane.Providers.ClearMl.Wire;

namespace ControlPlane.ClearMl;

/// <summary>The calls with which a client begins.</summary>
internal static class SessionCalls
{
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(24);

    private static readonly string Version = typeof(SessionCalls).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    private static readonly string Build = typeof(SessionCalls).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? Version;

    /// <summary>
    /// Clients insist on a session token of this form and read its expiry. Ours is no proof by itself: in the place of the signature it carries the API token that the
    /// client logged in with, and that is checked at every call; where none is needed the place is empty. So any node knows the session, and a revoked token ends it.
    /// </summary>
    public static Task<ClearMlAnswer> LoginAsync(ClearMlCall call)
    {
        var now = call.Now.ToUnixTimeSeconds();
        var header = new JsonObject { ["alg"] = "none", ["typ"] = "JWT" };
        var claims = new JsonObject
        {
            ["iat"] = now,
            ["exp"] = now + (long)TokenLifetime.TotalSeconds,
            ["api_version"] = "2.30",
            ["server_version"] = Version,
        };
        return Task.FromResult(ClearMlAnswer.Of(new AuthLoginResponse($"{Encode(header)}.{Encode(claims)}.{call.Token}"), WireJson.Default.AuthLoginResponse));
    }

    public static Task<ClearMlAnswer> InfoAsync(ClearMlCall call) =>
        Task.FromResult(ClearMlAnswer.Of(new ServerInfoResponse(Version, Build, "2.30"), WireJson.Default.ServerInfoResponse));

    private static string Encode(JsonObject json) => Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(json.ToJsonString()));
}
