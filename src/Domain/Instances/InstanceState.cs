using System.Text.Json.Serialization;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Instances;

/// <summary>Where an instance stands in its life.</summary>
public enum Phase
{
    /// <summary>Wanted; asks for its lease.</summary>
    Requested,

    /// <summary>Has its lease; not yet handed to the provider.</summary>
    Leased,

    /// <summary>Handed to the provider; whether a machine exists is not known yet.</summary>
    Launching,

    /// <summary>The machine exists; its worker has not registered.</summary>
    Booting,

    /// <summary>Its worker has no task.</summary>
    Idle,

    /// <summary>Its worker has at least one task.</summary>
    Busy,

    /// <summary>Takes no new task; ends when idle.</summary>
    Draining,

    /// <summary>The provider was told to end it; it was not yet seen to have ended.</summary>
    Terminating,

    /// <summary>Seen to have ended, or never launched. Its tasks and its account may still have to be settled.</summary>
    Ended,
}

/// <summary>One instance, from intent to settlement. Folded from its events, which stand in its scaler's stream.</summary>
public sealed record InstanceState
{
    public required InstanceId Id { get; init; }

    public required QueueName Queue { get; init; }

    /// <summary>The source of the queue.</summary>
    public required string Source { get; init; }

    /// <summary>The template as it was when the instance was requested.</summary>
    public required PoolSpec Pool { get; init; }

    public required BudgetName Budget { get; init; }

    /// <summary>The ledger that has its lease, wherever the queue's budget has moved since.</summary>
    public required BudgetName Ledger { get; init; }

    public required int Priority { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }

    public Phase Phase { get; init; } = Phase.Requested;

    public DateTimeOffset PhaseSince { get; init; }

    /// <summary>Why the lease has to wait; null if it does not.</summary>
    public Denial? Waiting { get; init; }

    /// <summary>The end of the prepaid time; null before the lease is granted.</summary>
    public DateTimeOffset? LeaseUntil { get; init; }

    /// <summary>Why the lease cannot be renewed; null if that is not known to be so.</summary>
    public Denial? Dry { get; init; }

    /// <summary>When the end of the prepaid time came near without an answer from the ledger; null if it did not.</summary>
    public DateTimeOffset? OverdueSince { get; init; }

    /// <summary>1 for the first offer that was asked; 0 before.</summary>
    public int Attempt { get; init; }

    /// <summary>The offer of the current attempt; null before the first, and in what was stored before this was.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Offer? Asked { get; init; }

    /// <summary>It asks no spot offer: decided when it was requested.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool SkipSpot { get; init; }

    /// <summary>The machine of somebody else that it takes over; null if it launches one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AdoptedMachine? Adopts { get; init; }

    /// <summary>When it asks again; null if it does not wait for spot capacity.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? AskAgainAt { get; init; }

    /// <summary>When the provider was first asked: the machine cannot have started earlier.</summary>
    public DateTimeOffset? FirstAskedAt { get; init; }

    /// <summary>Places in the pool's offers of those still to be asked, in this order; null: those after the last one asked. Set where a platform named zones that have capacity.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? Ahead { get; init; }

    public string? NativeId { get; init; }

    /// <summary>From when on it is billed.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>The highest price at which its platform showed it to be billed; null if it showed none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public HourlyRate? SeenRate { get; init; }

    /// <summary>The price of its last stretch, where its end was not seen and the price may have risen before; null: as seen.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public HourlyRate? LastRate { get; init; }

    /// <summary>It was told to leave by a platform's notice, and its tasks go back at once.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool AtNotice { get; init; }

    public DateTimeOffset? RegisteredAt { get; init; }

    /// <summary>Its machine was told what makes it a worker; null if it was not, or need not be.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BootstrapUse? Fetched { get; init; }

    /// <summary>Tasks on its workers.</summary>
    public IReadOnlyList<string> Tasks { get; init; } = [];

    /// <summary>Since when each of <see cref="Tasks"/> has been seen; null where that was not kept.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<DateTimeOffset>? TasksSince { get; init; }

    /// <summary>Since when it has had no task; null while it has one.</summary>
    public DateTimeOffset? IdleSince { get; init; }

    /// <summary>Why it is leaving; set from the drain, the cancellation or the termination on.</summary>
    public Outcome? Leaving { get; init; }

    /// <summary>A sentence about why it is leaving.</summary>
    public string? LeavingBecause { get; init; }

    /// <summary>The source gives its workers no more tasks: one idle observation is proof enough. False: not asked yet or not supported.</summary>
    public bool FeedingStopped { get; init; }

    /// <summary>The source was asked to stop feeding and has answered.</summary>
    public bool StopFeedingAnswered { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Why it could not be launched; null if it could.</summary>
    public ProviderFault? Fault { get; init; }

    /// <summary>Its provider has told what stands on its console, as is asked of one whose boot was stuck.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool ConsoleKept { get; init; }

    public bool TasksReturned { get; init; }

    public bool Settled { get; init; }

    /// <summary>Transient: idle observations since the drain began.</summary>
    [JsonIgnore]
    public int IdleLooks { get; init; }

    /// <summary>Transient: the last of them; one that comes twice counts once.</summary>
    [JsonIgnore]
    public DateTimeOffset IdleLookAt { get; init; }

    /// <summary>Transient: since when looks show no task, but not all workers of an instance that had one or that is to leave.</summary>
    [JsonIgnore]
    public DateTimeOffset? PartialSince { get; init; }

    /// <summary>Transient: since when complete lists do not show the machine.</summary>
    [JsonIgnore]
    public DateTimeOffset? AbsentSince { get; init; }

    /// <summary>Transient: the end of the prepaid time for which a renewal was asked.</summary>
    [JsonIgnore]
    public DateTimeOffset? RenewalAskedFor { get; init; }

    /// <summary>Transient: when the list began that showed its price last. What it cost later is not known.</summary>
    [JsonIgnore]
    public DateTimeOffset? PricedAt { get; init; }

    /// <summary>Transient: its boot has taken too long, and a look at the source must show that its worker is not there.</summary>
    [JsonIgnore]
    public bool BootOverdue { get; init; }

    /// <summary>Transient: somebody was refused what makes it a worker, and that was said.</summary>
    [JsonIgnore]
    public bool FetchRefused { get; init; }

    /// <summary>While it boots: a look from then on that does not show its worker finds it stuck.</summary>
    [JsonIgnore]
    public DateTimeOffset BootLimit => PhaseSince + Pool.MaxBootTime;

    /// <summary>The offer that the current attempt asks.</summary>
    [JsonIgnore]
    public Offer Offer => Asked ?? Pool.Offers[Math.Clamp(Attempt - 1, 0, Pool.Offers.Count - 1)];

    /// <summary>The highest rate of all its offers: the lease covers each of them.</summary>
    [JsonIgnore]
    public HourlyRate WorstRate => Pool.Offers.Max(o => o.WorstRate);

    /// <summary>The price at which its time is posted: as seen, else as offered, and never more than was set aside.</summary>
    [JsonIgnore]
    public HourlyRate Price => (SeenRate ?? Offer.Rate) is var price && price < WorstRate ? price : WorstRate;

    /// <summary>Up to when its time can be posted; null: up to now, because its price does not move.</summary>
    [JsonIgnore]
    public DateTimeOffset? PostUntil => SeenRate is null ? null : PricedAt ?? StartedAt;

    /// <summary>Its platform takes it back, and its tasks will wait again. Not from the moment on in which they are put back: a look may show them waiting already.</summary>
    [JsonIgnore]
    public bool OwesTasks => Leaving == Outcome.Preempted && Tasks.Count > 0 && (Phase == Phase.Draining || (Phase == Phase.Terminating && !LeavingRules.ReturnsEarly(this)));

    /// <summary>Nothing is left to do: its scaler may forget it.</summary>
    [JsonIgnore]
    public bool Done => Phase == Phase.Ended && TasksReturned && Settled;

    /// <summary>A machine exists, or may.</summary>
    [JsonIgnore]
    public bool MayRun => Phase is Phase.Launching or Phase.Booting or Phase.Idle or Phase.Busy or Phase.Draining or Phase.Terminating;

    /// <summary>It counts as capacity, now or soon.</summary>
    [JsonIgnore]
    public bool Serves => Leaving is null && Phase is Phase.Requested or Phase.Leased or Phase.Launching or Phase.Booting or Phase.Idle or Phase.Busy;

    /// <summary>How much time a lease prepays: twice the minimum billing at least, so that a launch always finds its minimum prepaid.</summary>
    [JsonIgnore]
    public TimeSpan LeaseLength => Pool.LeaseLength > Pool.Billing.Minimum * 2 ? Pool.LeaseLength : Pool.Billing.Minimum * 2;

    /// <summary>It can still be told to drain or terminate, to some effect.</summary>
    [JsonIgnore]
    public bool CanLeave => Phase is not (Phase.Terminating or Phase.Ended) && !(Phase == Phase.Launching && Leaving is not null);

    /// <summary>How long before the end of its prepaid time it must be told to end.</summary>
    [JsonIgnore]
    public TimeSpan Margin => TimeSpan.FromTicks(Math.Clamp(LeaseLength.Ticks / 5, TimeSpan.TicksPerSecond * 2, TimeSpan.TicksPerMinute));

    /// <summary>When the lease is to be renewed: at half its length, so that a denial leaves time to drain.</summary>
    [JsonIgnore]
    public DateTimeOffset? RenewAt => LeaseUntil - (LeaseLength / 2);

    /// <summary>When it must be told to end if its lease is not renewed.</summary>
    [JsonIgnore]
    public DateTimeOffset? CutoffAt => LeaseUntil - Margin;
}

/// <summary>What makes a machine a worker was handed out.</summary>
/// <param name="Claim">A digest of what only the process that asked knows.</param>
/// <param name="At">When.</param>
public sealed record BootstrapUse(string Claim, DateTimeOffset At);

/// <summary>The events of one instance. Facts; their names are the storage format.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(LeaseWaits), "leaseWaits")]
[JsonDerivedType(typeof(LeaseGranted), "leaseGranted")]
[JsonDerivedType(typeof(LeaseDenied), "leaseDenied")]
[JsonDerivedType(typeof(LeaseOverdue), "leaseOverdue")]
[JsonDerivedType(typeof(LaunchStarted), "launchStarted")]
[JsonDerivedType(typeof(LaunchRefused), "launchRefused")]
[JsonDerivedType(typeof(SpotAwaited), "spotAwaited")]
[JsonDerivedType(typeof(Launched), "launched")]
[JsonDerivedType(typeof(PriceSeen), "priceSeen")]
[JsonDerivedType(typeof(BootstrapFetched), "bootstrapFetched")]
[JsonDerivedType(typeof(WorkerRegistered), "workerRegistered")]
[JsonDerivedType(typeof(WorkerBusy), "workerBusy")]
[JsonDerivedType(typeof(WorkerIdle), "workerIdle")]
[JsonDerivedType(typeof(CancelRequested), "cancelRequested")]
[JsonDerivedType(typeof(DrainStarted), "drainStarted")]
[JsonDerivedType(typeof(FeedingStopped), "feedingStopped")]
[JsonDerivedType(typeof(TerminationStarted), "terminationStarted")]
[JsonDerivedType(typeof(ConsoleKept), "consoleKept")]
[JsonDerivedType(typeof(Ended), "ended")]
[JsonDerivedType(typeof(TasksReturned), "tasksReturned")]
[JsonDerivedType(typeof(Settled), "settled")]
public abstract record InstanceEvent : IEvent
{
    private InstanceEvent()
    {
    }

    public sealed record LeaseWaits(Denial Denial, DateTimeOffset At) : InstanceEvent;

    /// <summary>Granted the first time, or renewed.</summary>
    public sealed record LeaseGranted(DateTimeOffset Until, DateTimeOffset At) : InstanceEvent;

    public sealed record LeaseDenied(Denial Denial, DateTimeOffset At) : InstanceEvent;

    /// <summary>The end of the prepaid time is near and the ledger has not answered.</summary>
    public sealed record LeaseOverdue(DateTimeOffset At) : InstanceEvent;

    public sealed record LaunchStarted(int Attempt, Offer Offer, DateTimeOffset At) : InstanceEvent;

    /// <param name="Attempt">Which.</param>
    /// <param name="Fault">Why.</param>
    /// <param name="Message">The platform's words.</param>
    /// <param name="At">When.</param>
    /// <param name="Zones">Zones that the platform named as having capacity; null if none.</param>
    public sealed record LaunchRefused(
        int Attempt, ProviderFault Fault, string Message, DateTimeOffset At,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Zones = null) : InstanceEvent;

    /// <summary>No spot offer has capacity; it is asked again for a while before one on demand is taken.</summary>
    public sealed record SpotAwaited(DateTimeOffset AskAgainAt, DateTimeOffset At) : InstanceEvent;

    /// <param name="NativeId">The platform's id.</param>
    /// <param name="StartedAt">From when on it is billed.</param>
    /// <param name="At">When this was learnt.</param>
    /// <param name="Rate">The price that the platform showed; null if it showed none.</param>
    public sealed record Launched(
        string NativeId, DateTimeOffset StartedAt, DateTimeOffset At,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] HourlyRate? Rate = null) : InstanceEvent;

    /// <summary>The platform shows it at a price, higher than before.</summary>
    public sealed record PriceSeen(HourlyRate Rate, DateTimeOffset At) : InstanceEvent;

    /// <summary>Its machine is told what makes it a worker: its ticket is used up.</summary>
    public sealed record BootstrapFetched(string Claim, DateTimeOffset At) : InstanceEvent;

    public sealed record WorkerRegistered(string Worker, DateTimeOffset At) : InstanceEvent;

    public sealed record WorkerBusy(IReadOnlyList<string> Tasks, DateTimeOffset At) : InstanceEvent;

    public sealed record WorkerIdle(DateTimeOffset Since, DateTimeOffset At) : InstanceEvent;

    /// <summary>It is no longer wanted, but whether a machine exists must be known first.</summary>
    public sealed record CancelRequested(Outcome Outcome, string Because, DateTimeOffset At) : InstanceEvent;

    /// <param name="Outcome">Why.</param>
    /// <param name="Because">A sentence.</param>
    /// <param name="At">When.</param>
    /// <param name="AtNotice">Its tasks go back, and it ends, as soon as it can be given no other.</param>
    public sealed record DrainStarted(
        Outcome Outcome, string Because, DateTimeOffset At, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool AtNotice = false) : InstanceEvent;

    public sealed record FeedingStopped(bool Supported, DateTimeOffset At) : InstanceEvent;

    public sealed record TerminationStarted(Outcome Outcome, string Because, DateTimeOffset At) : InstanceEvent;

    /// <summary>Its boot was stuck, and this stands on its console: kept, since the machine will be gone.</summary>
    /// <param name="Lines">The last lines, as <see cref="ConsoleTail"/> cuts them; none if nothing stands there.</param>
    /// <param name="At">When they were told.</param>
    public sealed record ConsoleKept(IReadOnlyList<string> Lines, DateTimeOffset At) : InstanceEvent;

    /// <param name="Outcome">Why.</param>
    /// <param name="Because">A sentence.</param>
    /// <param name="Fault">Why it could not be launched, if so.</param>
    /// <param name="EndedAt">Until when it ran.</param>
    /// <param name="At">When this was learnt.</param>
    /// <param name="Rate">The price of its last stretch, where it differs from the one seen.</param>
    public sealed record Ended(
        Outcome Outcome, string Because, ProviderFault? Fault, DateTimeOffset EndedAt, DateTimeOffset At,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] HourlyRate? Rate = null) : InstanceEvent;

    public sealed record TasksReturned(IReadOnlyList<string> Requeued, IReadOnlyList<string> GivenUp, DateTimeOffset At) : InstanceEvent;

    public sealed record Settled(DateTimeOffset At) : InstanceEvent;

    /// <summary>Somebody asked for what makes it a worker and was refused; it was said.</summary>
    public sealed record BootstrapRefused : InstanceEvent, ITransientEvent;

    /// <summary>An idle look at a draining instance.</summary>
    public sealed record LookedIdle(int Looks, DateTimeOffset AsOf) : InstanceEvent, ITransientEvent;

    /// <summary>Some of its workers are missing from a look, or all are there again.</summary>
    public sealed record WorkersMissing(DateTimeOffset? Since) : InstanceEvent, ITransientEvent;

    /// <summary>A list showed its price.</summary>
    public sealed record PriceLooked(DateTimeOffset AsOf) : InstanceEvent, ITransientEvent;

    /// <summary>The time to boot is over. Only a look at the source can tell whether it is stuck.</summary>
    public sealed record BootTimeOver : InstanceEvent, ITransientEvent;

    /// <summary>The time to renew has come.</summary>
    public sealed record RenewalAsked(DateTimeOffset Until) : InstanceEvent, ITransientEvent;

    /// <summary>A complete list did not show the machine, or shows it again.</summary>
    public sealed record AbsenceChanged(DateTimeOffset? Since) : InstanceEvent, ITransientEvent;
}
