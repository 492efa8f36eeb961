using System.ComponentModel.DataAnnotations;
using System.Net;

namespace ControlPlane.Security;

/// <summary>Settings of who may ask, section <c>Security</c>. Secrets are named by their files, never written here.</summary>
public sealed class SecurityOptions : IValidatableObject
{
    public const string Section = "Security";

    /// <summary>Whether every request needs a token even on the loopback. Elsewhere, and once a token was made, it does whatever this says.</summary>
    public bool RequireTokens { get; set; }

    /// <summary>Tokens whose secrets are in files, such as the secrets of a container engine. The files are read at start.</summary>
    public IList<TokenFileOptions> Tokens { get; } = [];

    /// <summary>People's tokens of an OpenID Connect provider; null for none.</summary>
    public OidcOptions? Oidc { get; set; }

    /// <summary>The certificate that the API shows over https, with those between it and its authority, as PEM.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>The certificate's private key, as PEM.</summary>
    public string? KeyFile { get; set; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        for (var i = 0; i < Tokens.Count; i++)
        {
            foreach (var fault in Tokens[i].Faults($"{Section}:Tokens:{i}"))
                yield return new ValidationResult(fault);
        }

        if (Tokens.GroupBy(t => t.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
            yield return new ValidationResult($"{Section}:Tokens has the name '{twice.Key}' twice.");
        foreach (var fault in Oidc?.Faults($"{Section}:Oidc") ?? [])
            yield return new ValidationResult(fault);
        foreach (var (key, file) in new[] { (nameof(CertificateFile), CertificateFile), (nameof(KeyFile), KeyFile) })
        {
            if (file is not null && !File.Exists(file))
                yield return new ValidationResult($"{Section}:{key} is '{file}', and there is no such file.");
        }

        if (CertificateFile is null != KeyFile is null)
            yield return new ValidationResult($"{Section}:{nameof(CertificateFile)} and {Section}:{nameof(KeyFile)} go together: write both.");
    }
}

/// <summary>A token whose secret is in a file.</summary>
public sealed class TokenFileOptions
{
    /// <summary>The shortest secret, in characters.</summary>
    public const int MinSecret = 32;

    /// <summary>Whose it is; the audit names it.</summary>
    public string Name { get; set; } = "";

    /// <summary>worker, viewer, operator or admin.</summary>
    public string Role { get; set; } = "";

    /// <summary>Holds the secret: at least <see cref="MinSecret"/> characters in one line.</summary>
    public string File { get; set; } = "";

    internal IEnumerable<string> Faults(string at)
    {
        if (Name.Length is 0 or > TokenStore.MaxName)
            yield return $"{at}:Name must be 1 to {TokenStore.MaxName} characters.";
        if (Policies.Parse(Role) is null)
            yield return $"{at}:Role is '{Role}'; write worker, viewer, operator or admin.";
        if (!System.IO.File.Exists(File))
            yield return $"{at}:File is '{File}', and there is no such file.";
    }
}

/// <summary>How people's tokens of an OpenID Connect provider are checked.</summary>
public sealed class OidcOptions
{
    /// <summary>The issuer, such as <c>https://login.example.com/</c>; its keys are found under <c>.well-known/openid-configuration</c>. Plain http only on the loopback.</summary>
    public string Authority { get; set; } = "";

    /// <summary>What tokens must be made for.</summary>
    public string Audience { get; set; } = "";

    /// <summary>The claim that holds the caller's roles.</summary>
    public string RoleClaim { get; set; } = "roles";

    /// <summary>The claim that names the caller.</summary>
    public string NameClaim { get; set; } = "sub";

    /// <summary>The value of the role claim that makes a viewer.</summary>
    public string Viewer { get; set; } = "viewer";

    /// <summary>The value of the role claim that makes an operator.</summary>
    public string Operator { get; set; } = "operator";

    /// <summary>The value of the role claim that makes an admin.</summary>
    public string Admin { get; set; } = "admin";

    internal bool IsPlain => Uri.TryCreate(Authority, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttp;

    internal Role? RoleOf(IEnumerable<string> values)
    {
        var had = values.ToHashSet(StringComparer.Ordinal);
        return had.Contains(Admin) ? Role.Admin : had.Contains(Operator) ? Role.Operator : had.Contains(Viewer) ? Role.Viewer : null;
    }

    internal IEnumerable<string> Faults(string at)
    {
        if (!Uri.TryCreate(Authority, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            yield return $"{at}:Authority is '{Authority}'; write the issuer's address such as https://login.example.com/.";
        else if (IsPlain && !NodeAddress.IsLoopback(uri))
            yield return $"{at}:Authority is '{Authority}': its keys could be forged on the way. Use https.";
        if (Audience.Length == 0)
            yield return $"{at}:Audience is missing: tokens that were made for others must not count here.";
        if (RoleClaim.Length == 0 || NameClaim.Length == 0)
            yield return $"{at}:RoleClaim and {at}:NameClaim must not be empty.";
    }
}

/// <summary>Who can reach an address.</summary>
internal static class NodeAddress
{
    /// <summary>Only this machine can.</summary>
    public static bool IsLoopback(Uri uri) => uri.Host == "localhost" || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    /// <summary>The address under which a process on this machine reaches a node that listens there.</summary>
    public static string FromThisMachine(string url)
    {
        var uri = new Uri(url);
        return IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
            ? $"{uri.Scheme}://127.0.0.1:{uri.Port}"
            : url;
    }
}

/// <summary>What this node is called in the audit, and who can reach it.</summary>
/// <param name="Node">The machine and the port.</param>
/// <param name="OnLoopback">Whether it listens on the loopback only.</param>
public sealed record Listening(string Node, bool OnLoopback)
{
    /// <summary>Of a node that listens at an address.</summary>
    public static Listening Of(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri)
        ? new Listening(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Environment.MachineName}:{uri.Port}"), NodeAddress.IsLoopback(uri))
        : new Listening(Environment.MachineName, false);
}
