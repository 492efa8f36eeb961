using System.Text.Json.Serialization;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Budgets;

/// <summary>What the ledger of one budget tree is asked. Every command may be repeated.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Configure), "configure")]
[JsonDerivedType(typeof(Retire), "retire")]
[JsonDerivedType(typeof(Reserve), "reserve")]
[JsonDerivedType(typeof(Renew), "renew")]
[JsonDerivedType(typeof(Settle), "settle")]
[JsonDerivedType(typeof(Tick), "tick")]
public abstract record LedgerCommand
{
    private LedgerCommand()
    {
    }

    /// <summary>The tree as it is declared now. Budgets that still have leases and are no longer declared stay, with their last limits, until these are settled.</summary>
    public sealed record Configure(IReadOnlyList<BudgetSpec> Tree, long Revision) : LedgerCommand;

    /// <summary>The tree is no longer declared: grant nothing more. Repeated until the ledger has said that nothing is left.</summary>
    public sealed record Retire(long Revision) : LedgerCommand;

    /// <summary>A lease for an instance that is to be launched.</summary>
    public sealed record Reserve(LeaseRequest Request) : LedgerCommand;

    /// <summary>More time for a lease: from now on for its length.</summary>
    /// <param name="Lease">The instance.</param>
    /// <param name="Queue">Its queue, to which the answer goes.</param>
    /// <param name="KnownUntil">The end that the asker knows.</param>
    /// <param name="StartedAt">From when on the machine is billed: what has passed is posted at <paramref name="Rate"/>. Null while it is not known whether it runs.</param>
    /// <param name="NotBefore">While nothing was asked of the provider yet, the time before which the machine cannot have started: earlier time is freed.</param>
    /// <param name="Rate">The price that was seen.</param>
    /// <param name="PostUntil">Up to when that price is known: later time stays held at the worst one. Null: it does not move.</param>
    public sealed record Renew(
        InstanceId Lease, QueueName Queue, DateTimeOffset KnownUntil, DateTimeOffset? StartedAt, DateTimeOffset? NotBefore, HourlyRate Rate,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? PostUntil = null) : LedgerCommand;

    /// <summary>The instance has ended, or will never be launched: its actual cost is posted and the rest of its hold is freed.</summary>
    /// <param name="Lease">The instance.</param>
    /// <param name="Queue">Its queue, to which the answer goes.</param>
    /// <param name="BilledFrom">Null if no machine ever ran.</param>
    /// <param name="BilledUntil">The end of the billed time, minimum billing included.</param>
    /// <param name="Rate">The price that was seen.</param>
    public sealed record Settle(InstanceId Lease, QueueName Queue, DateTimeOffset? BilledFrom, DateTimeOffset? BilledUntil, HourlyRate Rate) : LedgerCommand;

    /// <summary>Time has passed: a window may have begun.</summary>
    public sealed record Tick : LedgerCommand;
}
