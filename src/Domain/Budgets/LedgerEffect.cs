using System.Text.Json.Serialization;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Budgets;

/// <summary>What a ledger does: it answers.</summary>
public abstract record LedgerEffect
{
    private LedgerEffect()
    {
    }

    /// <summary>Tells an instance, by way of its queue's scaler.</summary>
    public sealed record Tell(QueueName Queue, InstanceId Instance, LeaseAnswer Answer) : LedgerEffect;

    /// <summary>Answers whoever sent the command, where that is not an instance.</summary>
    public sealed record Acknowledge(long Revision) : LedgerEffect;

    /// <summary>Tell the catalog that the removed tree has no lease left.</summary>
    /// <param name="Revision">That of the removal.</param>
    public sealed record TellGone(long Revision) : LedgerEffect;
}

/// <summary>What an instance hears from its ledger.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Granted), "granted")]
[JsonDerivedType(typeof(Waiting), "waiting")]
[JsonDerivedType(typeof(Impossible), "impossible")]
[JsonDerivedType(typeof(Denied), "denied")]
[JsonDerivedType(typeof(Settled), "settled")]
public abstract record LeaseAnswer
{
    private LeaseAnswer()
    {
    }

    /// <summary>Money is set aside until then.</summary>
    public sealed record Granted(DateTimeOffset Until) : LeaseAnswer;

    /// <summary>No money now; the request stands in line and will be answered again by itself.</summary>
    public sealed record Waiting(Denial Denial) : LeaseAnswer;

    /// <summary>No money ever: the lease is larger than a limit, or its budget does not exist.</summary>
    public sealed record Impossible(string Reason) : LeaseAnswer;

    /// <summary>The prepaid time is over at <paramref name="KnownUntil"/> and there is no money for more.</summary>
    /// <param name="Denial">Why.</param>
    /// <param name="WhenDry">What the instance is to do.</param>
    /// <param name="KnownUntil">The end of the lease that was not renewed: an answer that comes late, after a renewal, is recognised by it.</param>
    public sealed record Denied(Denial Denial, WhenDry WhenDry, DateTimeOffset KnownUntil) : LeaseAnswer;

    /// <summary>The account is closed. Also the answer for a lease that the ledger does not know (any more).</summary>
    public sealed record Settled : LeaseAnswer;
}
