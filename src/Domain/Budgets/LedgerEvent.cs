using System.Text.Json.Serialization;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Domain.Budgets;

/// <summary>Facts of a ledger. Their names are the storage format: add fields, never rename.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(Configured), "configured")]
[JsonDerivedType(typeof(LeaseGranted), "leaseGranted")]
[JsonDerivedType(typeof(LeaseRenewed), "leaseRenewed")]
[JsonDerivedType(typeof(LeaseSettled), "leaseSettled")]
[JsonDerivedType(typeof(RequestQueued), "requestQueued")]
[JsonDerivedType(typeof(RequestWithdrawn), "requestWithdrawn")]
[JsonDerivedType(typeof(RenewalDenied), "renewalDenied")]
[JsonDerivedType(typeof(AlertReached), "alertReached")]
public abstract record LedgerEvent : IEvent
{
    private LedgerEvent()
    {
    }

    public sealed record Configured(IReadOnlyList<BudgetSpec> Tree, long Revision, DateTimeOffset At) : LedgerEvent;

    public sealed record LeaseGranted(LeaseRequest Request, DateTimeOffset At, DateTimeOffset Until, IReadOnlyList<Posting> Postings) : LedgerEvent;

    /// <param name="Lease">The instance.</param>
    /// <param name="At">When.</param>
    /// <param name="HeldFrom">From when on money is now held.</param>
    /// <param name="Until">The new end.</param>
    /// <param name="Posted">What was posted as spent for the time before.</param>
    /// <param name="PostedFrom">Start of the stretch that was posted.</param>
    /// <param name="Rate">At what price.</param>
    /// <param name="Postings">What it did to the budgets.</param>
    public sealed record LeaseRenewed(
        InstanceId Lease, DateTimeOffset At, DateTimeOffset HeldFrom, DateTimeOffset Until, Money Posted, DateTimeOffset PostedFrom, HourlyRate Rate,
        IReadOnlyList<Posting> Postings) : LedgerEvent;

    /// <param name="Lease">The instance.</param>
    /// <param name="At">When.</param>
    /// <param name="Cost">Its cost in all.</param>
    /// <param name="Overrun">What of it was not prepaid: zero, unless the machine outlived its lease.</param>
    /// <param name="Postings">What it did to the budgets.</param>
    public sealed record LeaseSettled(InstanceId Lease, DateTimeOffset At, Money Cost, Money Overrun, IReadOnlyList<Posting> Postings) : LedgerEvent;

    public sealed record RequestQueued(LeaseRequest Request, long Ticket, Denial Denial, DateTimeOffset At) : LedgerEvent;

    public sealed record RequestWithdrawn(InstanceId Lease, DateTimeOffset At) : LedgerEvent;

    public sealed record RenewalDenied(InstanceId Lease, RenewalWish Wish, Denial Denial, DateTimeOffset At) : LedgerEvent;

    /// <summary>What was spent in a window has reached a percentage of the limit.</summary>
    public sealed record AlertReached(BudgetName Budget, DateTimeOffset Window, int Percent, DateTimeOffset At) : LedgerEvent;

    /// <summary>A newer revision declared the same tree: an older one that comes late must not undo it.</summary>
    public sealed record RevisionSeen(long Revision) : LedgerEvent, ITransientEvent;
}
