using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ControlPlane.Bootstrap;

/// <summary>What a machine sends when it asks.</summary>
/// <param name="Ticket">From its user data.</param>
/// <param name="NativeId">Its id at its cloud.</param>
/// <param name="Claim">32 to 128 hexadecimal digits that it drew at its first try and keeps: a repeated request bears the same.</param>
internal sealed partial record BootstrapRequest(string Ticket, string NativeId, string Claim)
{
    /// <summary>The largest body, in bytes. A ticket of the largest launch has 4 KB.</summary>
    public const int MostBytes = 16 * 1024;

    /// <summary>What is kept of the claim: who reads the journal cannot ask with it.</summary>
    public string ClaimDigest => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Claim)));

    /// <summary>Reads a body; the errors by field if it is none.</summary>
    public static bool TryRead(string body, [NotNullWhen(true)] out BootstrapRequest? request, out Dictionary<string, string[]> errors)
    {
        errors = [];
        request = null;
        try
        {
            using var document = JsonDocument.Parse(body);
            var read = new BootstrapRequest(Text("ticket"), Text("nativeId"), Text("claim"));
            if (read.Ticket.Length == 0)
                errors["ticket"] = ["It is missing: send the ticket that stands in the machine's user data."];
            if (!NativeIds().IsMatch(read.NativeId))
                errors["nativeId"] = ["It must have 1 to 128 letters, digits, '.', '_' or '-': the machine's id at its cloud."];
            if (!Claims().IsMatch(read.Claim))
                errors["claim"] = ["It must have 32 to 128 hexadecimal digits, drawn at random by the machine."];
            request = errors.Count == 0 ? read : null;

            string Text(string name) =>
                document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            errors["body"] = ["It is no JSON object with ticket, nativeId and claim."];
        }

        return request is not null;
    }

    [GeneratedRegex("^[A-Za-z0-9._-]{1,128}$", RegexOptions.CultureInvariant)]
    private static partial Regex NativeIds();

    [GeneratedRegex("^[0-9a-fA-F]{32,128}$", RegexOptions.CultureInvariant)]
    private static partial Regex Claims();
}
