using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Providers.Bootstrap;

/// <summary>What a ticket says: the machines of one launch, of which each may ask once for what makes it a worker.</summary>
/// <param name="Batch">The launch's token.</param>
/// <param name="Queue">The queue that the machines serve: its scaler knows them.</param>
/// <param name="Instances">The intents of the launch.</param>
public sealed record BootstrapTicket(string Batch, QueueName Queue, IReadOnlyList<InstanceId> Instances)
{
    /// <summary>The ticket of a launch. The gateway puts only intents of one queue into a batch.</summary>
    public static BootstrapTicket Of(LaunchBatch batch) => new(batch.Token, batch.Intents[0].Queue, [.. batch.Intents.Select(i => i.Instance)]);
}

/// <summary>
/// Writes and reads tickets. A ticket is what it says and a code (HMAC-SHA256) over it by the cluster's key, so nobody else can write one, and nothing has to be
/// kept. The same launch always has the same ticket: EC2 refuses a repeated launch whose user data differs. Thread safe.
/// </summary>
public sealed class BootstrapTickets(byte[] key)
{
    private const string Version = "1";

    /// <summary>Writes a ticket: letters, digits, <c>-</c>, <c>_</c> and <c>.</c> only.</summary>
    public string Write(BootstrapTicket ticket)
    {
        var said = $"{Version}\n{ticket.Batch}\n{ticket.Queue.Value}\n{string.Join(',', ticket.Instances.Select(i => i.Value))}";
        return $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(said))}.{Base64Url.EncodeToString(CodeOf(said))}";
    }

    /// <summary>Reads a ticket. False if it was not written with this key, whatever it says.</summary>
    public bool TryRead(string? text, [NotNullWhen(true)] out BootstrapTicket? ticket)
    {
        ticket = null;
        if (text?.Split('.') is not [var said, var code] || !Base64Url.IsValid(said) || !Base64Url.IsValid(code))
            return false;
        var plain = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(said));
        if (!CryptographicOperations.FixedTimeEquals(CodeOf(plain), Base64Url.DecodeFromChars(code)) || plain.Split('\n') is not [Version, var batch, var queue, var instances])
            return false;
        ticket = new BootstrapTicket(batch, new QueueName(queue), [.. instances.Split(',').Select(i => new InstanceId(i))]);
        return true;
    }

    // The purpose stands in front, so that a code for something else under the same key is never a ticket.
    private byte[] CodeOf(string said) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"controlplane bootstrap ticket\n{said}"));
}
