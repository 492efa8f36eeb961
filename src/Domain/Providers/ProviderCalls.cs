using System.Text.Json.Serialization;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Providers;

/// <summary>Why a provider said no, by what the caller does next.</summary>
public enum ProviderFault
{
    /// <summary>No machine of this offer now: remember it and take another offer.</summary>
    InsufficientCapacity,

    /// <summary>The account's quota is used up: another offer of the same kind will not help soon.</summary>
    QuotaExceeded,

    /// <summary>Too many calls: slow down and repeat.</summary>
    Throttled,

    /// <summary>The request can never succeed as it stands (unknown image, missing permission): a person must mend it.</summary>
    Misconfigured,

    /// <summary>The call may or may not have taken effect: repeat with the same token until the answer is definite.</summary>
    Indeterminate,
}

/// <summary>One machine to launch.</summary>
/// <param name="Instance">The intent; becomes the machine's tag.</param>
/// <param name="Queue">The queue that it serves; becomes a tag too, so that any machine found can be routed to its scaler.</param>
/// <param name="LeaseUntil">The end of the prepaid time, for platforms and guests that can enforce an outer bound.</param>
/// <param name="Adopts">The platform's id of a machine that is there already and is taken over; null to launch one. A batch has intents of one of the two only.</param>
public sealed record LaunchIntent(
    InstanceId Instance, QueueName Queue, DateTimeOffset LeaseUntil, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Adopts = null);

/// <summary>Intents of one shape that are launched in one call.</summary>
/// <param name="Token">Unique for these intents, this offer and this attempt; never used for anything else.</param>
/// <param name="Offer">The one offer that is asked.</param>
/// <param name="Pool">The template.</param>
/// <param name="Intents">In the order in which machines are assigned to them.</param>
public sealed record LaunchBatch(string Token, Offer Offer, PoolSpec Pool, IReadOnlyList<LaunchIntent> Intents);

/// <summary>What became of one intent.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Launched), "launched")]
[JsonDerivedType(typeof(Failed), "failed")]
public abstract record LaunchOutcome(InstanceId Instance)
{
    /// <summary>The machine exists (it may still be booting).</summary>
    /// <param name="Instance">The intent.</param>
    /// <param name="NativeId">The platform's own id of the machine.</param>
    /// <param name="StartedAt">From when on it is billed.</param>
    /// <param name="Rate">As <see cref="Machine.Rate"/>. A platform whose prices move gives it here already; null where it shows no prices.</param>
    public sealed record Launched(
        InstanceId Instance, string NativeId, DateTimeOffset StartedAt,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] HourlyRate? Rate = null) : LaunchOutcome(Instance);

    /// <summary>No machine came of it. With <see cref="ProviderFault.Indeterminate"/> or <see cref="ProviderFault.Throttled"/>: not known, or not tried.</summary>
    /// <param name="Instance">The intent.</param>
    /// <param name="Fault">What the caller does next.</param>
    /// <param name="Message">The platform's own words, for the operator.</param>
    /// <param name="Zones">Zones that the platform says could serve it now: offers there are tried first. Null if it names none.</param>
    public sealed record Failed(
        InstanceId Instance, ProviderFault Fault, string Message,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Zones = null) : LaunchOutcome(Instance);
}

/// <summary>A machine, by our id and by the platform's. The native id is null where the launch's answer was lost.</summary>
public sealed record InstanceRef(InstanceId Instance, string? NativeId);

/// <summary>What became of one request to terminate.</summary>
/// <param name="Instance">The instance.</param>
/// <param name="Fault">Null if accepted.</param>
/// <param name="Message">The platform's words if not.</param>
public sealed record TerminateOutcome(InstanceId Instance, ProviderFault? Fault, string? Message);

/// <summary>A machine's state as its platform shows it.</summary>
public enum MachineState
{
    Pending,
    Running,
    Stopping,
    Ended,
}

/// <summary>Why a platform says that it ended a machine on its own.</summary>
public enum MachineEnd
{
    /// <summary>Unknown, or we asked for it.</summary>
    Requested,

    /// <summary>Taken back by the platform (spot reclaim, preemption).</summary>
    Preempted,

    /// <summary>The machine stopped by itself (its agent exited, a dead man's switch).</summary>
    Itself,
}

/// <summary>A machine as a sweep found it.</summary>
/// <param name="Instance">From its tag.</param>
/// <param name="Queue">From its tag.</param>
/// <param name="NativeId">The platform's id.</param>
/// <param name="State">Its state.</param>
/// <param name="StartedAt">From when on it is billed; null if the platform does not tell.</param>
/// <param name="EndedAt">Until when it is billed; null unless ended.</param>
/// <param name="End">Why it ended.</param>
/// <param name="InterruptionAt">When the platform announced that it will take it back; null if it did not.</param>
/// <param name="Rate">
/// The highest price at which it was billed since it started, as far as the platform shows it: what is settled. Null where it shows none; then the offer's price is settled.
/// </param>
/// <param name="Reason">Why it ended or is about to, in the platform's own words; null if it does not say.</param>
public sealed record Machine(
    InstanceId Instance,
    QueueName Queue,
    string NativeId,
    MachineState State,
    DateTimeOffset? StartedAt,
    DateTimeOffset? EndedAt,
    MachineEnd End,
    DateTimeOffset? InterruptionAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] HourlyRate? Rate = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason = null);

/// <summary>The result of one sweep.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Complete), "complete")]
[JsonDerivedType(typeof(Incomplete), "incomplete")]
public abstract record SweepOutcome
{
    /// <summary>Every page was read. Only such a list may let an instance count as absent.</summary>
    /// <param name="AsOf">When the first request of the sweep began.</param>
    /// <param name="Machines">All machines of ours, ended ones as long as the platform shows them.</param>
    public sealed record Complete(DateTimeOffset AsOf, IReadOnlyList<Machine> Machines) : SweepOutcome;

    /// <summary>The list broke off or never began; what was seen is true, what was not seen says nothing.</summary>
    public sealed record Incomplete(DateTimeOffset AsOf, IReadOnlyList<Machine> Machines, ProviderFault Fault, string Message) : SweepOutcome;
}
