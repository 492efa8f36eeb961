using ControlPlane.Actors.ReadModel;
using ControlPlane.Http;

namespace ControlPlane.Instances;

/// <summary>An instance. Money is in micro-dollars.</summary>
/// <param name="Id">The launch intent's id, also the machine's tag and the lease's id.</param>
/// <param name="Queue">The queue that it serves.</param>
/// <param name="Pool">The pool that it is of.</param>
/// <param name="Provider">Who runs it.</param>
/// <param name="Budget">Who pays.</param>
/// <param name="Phase">Where it stands: requested, leased, launching, booting, idle, busy, draining, terminating, ended.</param>
/// <param name="Since">Since when.</param>
/// <param name="RequestedAt">When it was asked for.</param>
/// <param name="LeaseUntil">The end of its prepaid time.</param>
/// <param name="Waiting">Why it waits for money, or why its lease is not renewed.</param>
/// <param name="NativeId">The platform's id of the machine.</param>
/// <param name="Offer">What it was, or is being, launched as.</param>
/// <param name="Attempt">How many offers were tried.</param>
/// <param name="Slots">Tasks that it can work on at once.</param>
/// <param name="Tasks">Tasks that it works on.</param>
/// <param name="StartedAt">From when on it is billed.</param>
/// <param name="RegisteredAt">When its worker registered.</param>
/// <param name="IdleSince">Since when it has had no task.</param>
/// <param name="EndedAt">Until when it ran.</param>
/// <param name="Outcome">Why it leaves or left: idle, budget, policy, stuckBooting, preempted, vanished, launchFailed, operator.</param>
/// <param name="Because">That in a sentence.</param>
/// <param name="Fault">Why the last offer was refused.</param>
/// <param name="CostMicros">What it has cost as far as posted; in all, once settled.</param>
/// <param name="Settled">Whether its account is closed.</param>
public sealed record InstanceView(
    string Id,
    string Queue,
    string Pool,
    string? Provider,
    string? Budget,
    string Phase,
    DateTimeOffset Since,
    DateTimeOffset RequestedAt,
    DateTimeOffset? LeaseUntil,
    string? Waiting,
    string? NativeId,
    InstanceOfferView? Offer,
    int Attempt,
    int Slots,
    IReadOnlyList<string> Tasks,
    DateTimeOffset? StartedAt,
    DateTimeOffset? RegisteredAt,
    DateTimeOffset? IdleSince,
    DateTimeOffset? EndedAt,
    string? Outcome,
    string? Because,
    string? Fault,
    long CostMicros,
    bool Settled)
{
    public static InstanceView From(InstanceRow row) => new(
        row.Id,
        row.Queue,
        row.Pool,
        row.Provider,
        row.Budget,
        row.Phase,
        Times.At(row.Since),
        Times.At(row.RequestedAt),
        Times.At(row.LeaseUntil),
        row.Waiting,
        row.NativeId,
        row.OfferType is null ? null : new InstanceOfferView(row.OfferType, row.OfferZone ?? "", row.OfferMarket ?? "", row.RateMicros ?? 0, row.Gpus),
        row.Attempt,
        row.Slots,
        row.TaskIds,
        Times.At(row.StartedAt),
        Times.At(row.RegisteredAt),
        Times.At(row.IdleSince),
        Times.At(row.EndedAt),
        row.Outcome,
        row.Because,
        row.Fault,
        row.CostMicros,
        row.Settled);
}

/// <summary>What an instance was launched as.</summary>
public sealed record InstanceOfferView(string Type, string Zone, string Market, long RateMicrosPerHour, int Gpus);

/// <summary>An instance with its life in sentences.</summary>
/// <param name="Instance">The instance.</param>
/// <param name="History">The latest 500 lines, oldest first.</param>
/// <param name="Console">The last lines of the console of an instance whose boot was stuck, as they were kept then, else as its provider has them now; null for others.</param>
public sealed record InstanceDetailView(InstanceView Instance, IReadOnlyList<InstanceHistoryView> History, IReadOnlyList<string>? Console);

/// <summary>An instance's console.</summary>
/// <param name="Id">The instance.</param>
/// <param name="Text">The end of what stands on it; null if there is nothing, or no longer.</param>
public sealed record InstanceConsoleView(string Id, string? Text);

/// <summary>One line of an instance's life.</summary>
public sealed record InstanceHistoryView(long Id, DateTimeOffset At, string What, string Sentence)
{
    public static InstanceHistoryView From(InstanceHistoryRow row) => new(row.Ordering, Times.At(row.At), row.What, row.Sentence);
}
