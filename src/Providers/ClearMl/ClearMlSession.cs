using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;

namespace ControlPlane.Providers.ClearMl;

/// <summary>A login: the token, until when it is used, and the version of the API that is spoken with it.</summary>
/// <param name="Token">As the server gave it.</param>
/// <param name="RenewAt">When a new one is fetched: well before the token's end, by our own clock.</param>
/// <param name="Version">The version of the calls.</param>
internal sealed record ClearMlSession(string Token, DateTimeOffset RenewAt, ClearMlVersion Version)
{
    /// <summary>The share of a token's life after which it is renewed.</summary>
    private const double Life = 0.8;

    /// <summary>How long a token that does not say is used.</summary>
    private static readonly TimeSpan Unknown = TimeSpan.FromMinutes(30);

    /// <summary>Reads a token's claims. It is the server's and is not verified here: whoever could forge it could forge every answer.</summary>
    public static ClearMlSession From(string token, string apiVersion, DateTimeOffset now)
    {
        var (lifetime, server) = Claims(token);
        var version = ClearMlVersion.TryParse(apiVersion, out var told) ? told
            : ClearMlVersion.TryParse(server, out var known) && known < ClearMlVersion.Newest ? known
            : ClearMlVersion.Newest;
        return new ClearMlSession(token, now + ((lifetime ?? Unknown) * Life), version);
    }

    private static (TimeSpan? Lifetime, string? ApiVersion) Claims(string token)
    {
        try
        {
            var parts = token.Split('.');
            if (parts.Length != 3)
                return (null, null);
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
            double? Number(string name) => claims.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
            var lifetime = Number("exp") - Number("iat");
            var version = claims.RootElement.TryGetProperty("api_version", out var text) ? text.ToString() : null;
            return (lifetime is > 0 and < 1e9 ? TimeSpan.FromSeconds(lifetime.Value) : null, version);
        }
        catch (Exception fault) when (fault is FormatException or JsonException or InvalidOperationException)
        {
            // A token of another kind: it is used as it is, and a 401 tells when it has ended.
            return (null, null);
        }
    }
}

/// <summary>A version of ClearML's API: 2.9 is older than 2.13.</summary>
internal readonly record struct ClearMlVersion(int Major, int Minor) : IComparable<ClearMlVersion>
{
    /// <summary>The oldest that has all that is needed: a page of a list, a filter by status, a reset that keeps the models.</summary>
    public static ClearMlVersion Oldest { get; } = new(2, 13);

    /// <summary>The newest whose schema these calls were checked against.</summary>
    public static ClearMlVersion Newest { get; } = new(2, 31);

    public static bool operator <(ClearMlVersion a, ClearMlVersion b) => a.CompareTo(b) < 0;

    public static bool operator >(ClearMlVersion a, ClearMlVersion b) => a.CompareTo(b) > 0;

    public static bool operator <=(ClearMlVersion a, ClearMlVersion b) => a.CompareTo(b) <= 0;

    public static bool operator >=(ClearMlVersion a, ClearMlVersion b) => a.CompareTo(b) >= 0;

    public static bool TryParse(string? text, out ClearMlVersion version)
    {
        version = default;
        var parts = (text ?? "").Split('.');
        if (parts.Length < 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major) || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minor))
            return false;
        version = new ClearMlVersion(major, minor);
        return true;
    }

    public int CompareTo(ClearMlVersion other) => Major != other.Major ? Major.CompareTo(other.Major) : Minor.CompareTo(other.Minor);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");
}
