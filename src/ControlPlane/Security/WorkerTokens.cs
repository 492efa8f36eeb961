using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using ControlPlane.Domain.Instances;

namespace ControlPlane.Security;

/// <summary>
/// The tokens of workers that this node's local provider starts: <c>cw_</c>, the instance's id, <c>_</c> and a code (HMAC-SHA256) over the id by the node's key. Nothing
/// has to be kept, and a worker's token outlives the node that gave it. It allows what the role worker allows. Thread safe.
/// </summary>
public sealed class WorkerTokens(byte[] key)
{
    private const string Prefix = "cw_";

    /// <summary>The token of an instance's worker.</summary>
    public string Of(InstanceId instance) => $"{Prefix}{instance.Value}_{Base64Url.EncodeToString(CodeOf(instance.Value))}";

    /// <summary>The instance whose token this is. False if it was not made with this key.</summary>
    public bool TryRead(string text, [NotNullWhen(true)] out InstanceId? instance)
    {
        instance = null;
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || text.IndexOf('_', Prefix.Length) is not (> 0 and var end) || !Base64Url.IsValid(text.AsSpan(end + 1)))
            return false;
        var id = text[Prefix.Length..end];
        if (!CryptographicOperations.FixedTimeEquals(CodeOf(id), Base64Url.DecodeFromChars(text.AsSpan(end + 1))))
            return false;
        instance = new InstanceId(id);
        return true;
    }

    // The purpose stands in front, so that a code for something else under the same key is never a token.
    private byte[] CodeOf(string instance) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"controlplane worker token\n{instance}"));
}
