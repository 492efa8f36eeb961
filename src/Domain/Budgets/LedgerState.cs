using System.Collections.Immutable;
using System.Text.Json.Serialization;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Domain.Budgets;

/// <summary>What is held and spent in one window of one budget.</summary>
public sealed record Balance(Money Held, Money Spent)
{
    public static readonly Balance Zero = new(Money.Zero, Money.Zero);

    /// <summary>Spent and held: what the limit is compared with.</summary>
    [JsonIgnore]
    public Money Committed => Held + Spent;
}

/// <summary>One budget with its balances.</summary>
public sealed record BudgetAccount
{
    public required BudgetSpec Spec { get; init; }

    /// <summary>No longer declared, but leases of it are still open.</summary>
    public bool Retired { get; init; }

    /// <summary>By the window's start, UTC. Windows that no open lease touches are kept for the time that a change of the window's length may need.</summary>
    public ImmutableSortedDictionary<DateTimeOffset, Balance> Windows { get; init; } = ImmutableSortedDictionary<DateTimeOffset, Balance>.Empty;

    /// <summary>Spent in windows that are no longer kept.</summary>
    public Money Archived { get; init; }

    public int Instances { get; init; }

    public int Gpus { get; init; }

    /// <summary>The window of the last alert, and its percentage.</summary>
    public DateTimeOffset AlertedWindow { get; init; }

    public int AlertedPercent { get; init; }

    [JsonIgnore]
    public TimeZoneInfo Zone => field ??= Spec.TimeZone == "UTC" ? TimeZoneInfo.Utc : TimeZoneInfo.FindSystemTimeZoneById(Spec.TimeZone);

    public Balance At(DateTimeOffset window) => Windows.GetValueOrDefault(window, Balance.Zero);

    public DateTimeOffset WindowOf(DateTimeOffset instant) => BudgetCalendar.StartOf(Spec.Window, Zone, instant);

    public DateTimeOffset EndOf(DateTimeOffset window) => BudgetCalendar.EndOf(Spec.Window, Zone, window);
}

/// <summary>
/// The ledger of one budget tree. Invariants: in every window of every budget, held equals the sum of the holds of the open leases below it;
/// a lease that is granted never lifts spent + held above a limit.
/// </summary>
public sealed record LedgerState
{
    /// <summary>How long the id of a settled lease is remembered. A request for an older id is refused as stale.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromHours(48);

    public static readonly LedgerState Initial = new();

    public long Revision { get; init; }

    public ImmutableSortedDictionary<BudgetName, BudgetAccount> Budgets { get; init; } = ImmutableSortedDictionary<BudgetName, BudgetAccount>.Empty;

    public ImmutableDictionary<InstanceId, Lease> Leases { get; init; } = ImmutableDictionary<InstanceId, Lease>.Empty;

    /// <summary>Leases whose renewal was denied; they are renewed when money comes free.</summary>
    public ImmutableDictionary<InstanceId, StalledRenewal> Stalled { get; init; } = ImmutableDictionary<InstanceId, StalledRenewal>.Empty;

    /// <summary>By priority, then ticket.</summary>
    public ImmutableList<Waiter> Waiting { get; init; } = [];

    /// <summary>Settled or withdrawn leases of the last <see cref="Memory"/>: a request that arrives late must not open them again.</summary>
    public ImmutableSortedSet<InstanceId> Closed { get; init; } = [];

    public long NextTicket { get; init; } = 1;

    /// <summary>The budget and its ancestors, from the leaf up. Empty if it is unknown.</summary>
    public IEnumerable<BudgetAccount> Chain(BudgetName leaf)
    {
        for (var name = leaf; name is not null && Budgets.TryGetValue(name, out var account); name = account.Spec.Parent)
            yield return account;
    }

    public Waiter? WaiterOf(InstanceId lease) => Waiting.Find(w => w.Request.Lease == lease);
}
