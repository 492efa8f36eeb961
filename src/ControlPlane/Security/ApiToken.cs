using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace ControlPlane.Security;

/// <summary>
/// The text of a token: <c>cp_</c>, its id (16 hexadecimal digits), <c>_</c>, and 256 random bits in 43 letters of Base64url. The id is no secret: the token is found
/// by it. Only the hash of the whole text is ever stored; with 256 random bits no salt or slow hash is needed.
/// </summary>
public sealed record ApiToken(string Id, string Text)
{
    private const string Prefix = "cp_";
    private const int IdLength = 16;
    private const int SecretBytes = 32;
    private const int SecretLength = 43;

    /// <summary>A new token. Its text is told once, to whoever asked for it.</summary>
    public static ApiToken Create()
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdLength / 2));
        return new ApiToken(id, $"{Prefix}{id}_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes))}");
    }

    /// <summary>Reads what has the form of a token, whether or not there is such a one.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ApiToken? token)
    {
        token = null;
        if (text is null || text.Length != Prefix.Length + IdLength + 1 + SecretLength || !text.StartsWith(Prefix, StringComparison.Ordinal) || text[Prefix.Length + IdLength] != '_')
            return false;
        var id = text.Substring(Prefix.Length, IdLength);
        if (!id.All(char.IsAsciiHexDigitLower) || !text.Skip(Prefix.Length + IdLength + 1).All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            return false;
        token = new ApiToken(id, text);
        return true;
    }

    /// <summary>SHA-256 of a token's text, in hexadecimal digits.</summary>
    public static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Whether a text has this hash; takes the same time whatever the answer.</summary>
    public static bool Matches(string text, string hash) => CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(HashOf(text)), Encoding.ASCII.GetBytes(hash));

    /// <summary>Never the text itself.</summary>
    public override string ToString() => $"token {Id}";
}
