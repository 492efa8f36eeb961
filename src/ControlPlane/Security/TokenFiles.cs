namespace ControlPlane.Security;

/// <summary>Tokens whose secrets were in files when the node started. Only their hashes are kept.</summary>
public sealed class TokenFiles
{
    private readonly IReadOnlyList<(string Name, Role Role, string Hash)> _tokens;

    /// <summary>Reads the files.</summary>
    /// <exception cref="IOException">A file cannot be read, or its secret is too short.</exception>
    public TokenFiles(SecurityOptions options) => _tokens = [.. options.Tokens.Select(t => (t.Name, Policies.Parse(t.Role)!.Value, ApiToken.HashOf(SecretIn(t))))];

    public int Count => _tokens.Count;

    /// <summary>Names and roles, in the order of the settings.</summary>
    public IEnumerable<(string Name, Role Role)> Listed => _tokens.Select(t => (t.Name, t.Role));

    /// <summary>Whose secret this is; null if nobody's. All are compared, whichever fits.</summary>
    public (string Name, Role Role)? Find(string secret)
    {
        (string Name, Role Role)? found = null;
        foreach (var (name, role, hash) in _tokens)
        {
            if (ApiToken.Matches(secret, hash))
                found ??= (name, role);
        }

        return found;
    }

    private static string SecretIn(TokenFileOptions token)
    {
        var secret = File.ReadAllText(token.File).Trim();
        return secret.Length >= TokenFileOptions.MinSecret && !secret.Any(char.IsWhiteSpace)
            ? secret
            : throw new IOException($"{token.File} must hold the secret of token '{token.Name}': at least {TokenFileOptions.MinSecret} characters in one line.");
    }
}
