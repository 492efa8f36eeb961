using System.Collections.Immutable;
using System.Text.Json.Serialization;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Providers;

/// <summary>A batch whose answer is not complete yet.</summary>
/// <param name="Batch">As it was, and will be, asked.</param>
/// <param name="Attempts">The attempt of each of its intents.</param>
/// <param name="Open">The intents without a definite answer.</param>
public sealed record OpenBatch(LaunchBatch Batch, IReadOnlyList<int> Attempts, ImmutableHashSet<InstanceId> Open);

/// <summary>A definite answer that its instance has not yet recorded.</summary>
public sealed record PendingAnswer(QueueName Queue, int Attempt, LaunchOutcome Outcome);

/// <summary>An attempt whose answer its instance has recorded: a copy of the request that comes late must not launch again.</summary>
public sealed record ClosedAttempt(int Attempt, DateTimeOffset At);

/// <summary>What the gateway knows of one queue's machines. Learnt anew after a restart.</summary>
/// <param name="Machines">As it was told last.</param>
/// <param name="HotUntil">Until when the queue is told of every sweep, also of one that shows nothing new.</param>
/// <param name="ToldAt">The last sweep that it was told of: it is told of one now and then in any case, because what it was told may have been lost.</param>
public sealed record QueueMachines(IReadOnlyList<Machine> Machines, DateTimeOffset HotUntil, DateTimeOffset ToldAt = default);

/// <summary>The gateway of one provider. Only launches in flight, offers without capacity and learnt rates are remembered over a restart.</summary>
public sealed record GatewayState
{
    public static readonly GatewayState Initial = new();

    /// <summary>By token.</summary>
    public ImmutableSortedDictionary<string, OpenBatch> Batches { get; init; } = ImmutableSortedDictionary.Create<string, OpenBatch>(StringComparer.Ordinal);

    public ImmutableSortedDictionary<InstanceId, PendingAnswer> Answers { get; init; } = ImmutableSortedDictionary<InstanceId, PendingAnswer>.Empty;

    public ImmutableSortedDictionary<InstanceId, ClosedAttempt> Closed { get; init; } = ImmutableSortedDictionary<InstanceId, ClosedAttempt>.Empty;

    /// <summary>Offers without capacity, until when they are not asked, and how carefully they are asked then.</summary>
    public ImmutableList<ExhaustedOffer> Exhausted { get; init; } = [];

    /// <summary>What throttling taught of the rate of launch calls; null: the declared rate is right.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LearntRate? LaunchRate { get; init; }

    /// <summary>The same of calls that terminate.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LearntRate? TerminationRate { get; init; }

    // ---- transient from here ----
    [JsonIgnore]
    public ProviderSpec? Spec { get; init; }

    [JsonIgnore]
    public ImmutableSortedDictionary<InstanceId, Gathered> Gathering { get; init; } = ImmutableSortedDictionary<InstanceId, Gathered>.Empty;

    /// <summary>When to look next whether a batch is complete: never later than it is. Null while nothing is gathered.</summary>
    [JsonIgnore]
    public DateTimeOffset? FlushAt { get; init; }

    /// <summary>Batches whose call is under way, or when it is to be repeated.</summary>
    [JsonIgnore]
    public ImmutableDictionary<string, CallState> Calls { get; init; } = ImmutableDictionary<string, CallState>.Empty;

    /// <summary>Open batches whose call is not under way. Null after a start: not gathered yet; <see cref="Resting"/> tells them at any time.</summary>
    [JsonIgnore]
    public ImmutableHashSet<string>? RestingCalls { get; init; }

    /// <summary>Intents without an answer in open batches. Null after a start: not gathered yet; <see cref="IsOpen"/> tells at any time.</summary>
    [JsonIgnore]
    public ImmutableHashSet<InstanceId>? OpenIntents { get; init; }

    /// <summary>Batches to be called, now or later. In a burst thousands are open, and few of them rest.</summary>
    [JsonIgnore]
    public IEnumerable<string> Resting => RestingCalls ?? Batches.Keys.Where(t => Calls.GetValueOrDefault(t) is not { Busy: true });

    /// <summary>Calls that the platform throttled last, by their kind.</summary>
    [JsonIgnore]
    public ImmutableDictionary<LimitedCall, DateTimeOffset> ThrottledAt { get; init; } = ImmutableDictionary<LimitedCall, DateTimeOffset>.Empty;

    /// <summary>Launch calls that may be made now.</summary>
    [JsonIgnore]
    public Bucket Bucket { get; init; } = Bucket.Unknown;

    /// <summary>Instances that may be launched now, where that is limited.</summary>
    [JsonIgnore]
    public Bucket InstanceBucket { get; init; } = Bucket.Unknown;

    /// <summary>Calls to terminate that may be made now, where that is limited.</summary>
    [JsonIgnore]
    public Bucket TerminationBucket { get; init; } = Bucket.Unknown;

    /// <summary>Terminations wait for their bucket: launches wait behind them.</summary>
    [JsonIgnore]
    public bool TerminationsShort { get; init; }

    /// <summary>Terminations to send, and those under way.</summary>
    [JsonIgnore]
    public ImmutableDictionary<InstanceId, Ending> Ending { get; init; } = ImmutableDictionary<InstanceId, Ending>.Empty;

    /// <summary>Consoles that are being read, with the queues of their instances.</summary>
    [JsonIgnore]
    public ImmutableDictionary<InstanceId, QueueName> Reading { get; init; } = ImmutableDictionary<InstanceId, QueueName>.Empty;

    [JsonIgnore]
    public ImmutableSortedDictionary<QueueName, QueueMachines> Queues { get; init; } = ImmutableSortedDictionary<QueueName, QueueMachines>.Empty;

    /// <summary>Machines that their scaler does not know, and since when.</summary>
    [JsonIgnore]
    public ImmutableDictionary<InstanceId, DateTimeOffset> Orphans { get; init; } = ImmutableDictionary<InstanceId, DateTimeOffset>.Empty;

    [JsonIgnore]
    public DateTimeOffset? SweepStartedAt { get; init; }

    [JsonIgnore]
    public DateTimeOffset NextSweepAt { get; init; }

    /// <summary>When the last complete list began; null before the first.</summary>
    [JsonIgnore]
    public DateTimeOffset? SweptAt { get; init; }

    /// <summary>When the gateway was first told its settings after its start.</summary>
    [JsonIgnore]
    public DateTimeOffset AwakeSince { get; init; }

    [JsonIgnore]
    public int FailedSweeps { get; init; }

    /// <summary>The last sweep's fault in the platform's words; null while all is well.</summary>
    [JsonIgnore]
    public string? SweepFault { get; init; }

    /// <summary>Whether an intent stands in an open batch and has no answer.</summary>
    public bool IsOpen(InstanceId instance) => OpenIntents?.Contains(instance) ?? Batches.Values.Any(b => b.Open.Contains(instance));

    /// <summary>The call of a batch is under way, rests, or is over (null).</summary>
    public GatewayState WithCall(string token, CallState? call)
    {
        var resting = RestingCalls ?? [.. Resting];
        return this with
        {
            Calls = call is null ? Calls.Remove(token) : Calls.SetItem(token, call),
            RestingCalls = call is { Busy: false } && Batches.ContainsKey(token) ? resting.Add(token) : resting.Remove(token),
        };
    }
}

/// <summary>An offer that had no capacity. It is remembered for a while after it may be asked again: then it is asked carefully at first.</summary>
/// <param name="Offer">Type, zone and market.</param>
/// <param name="Until">Not asked before.</param>
/// <param name="Message">The platform's words.</param>
/// <param name="Failures">How often in a row it was asked and had none, beyond the first time.</param>
/// <param name="Window">The most instances that one call asks of it, one call at a time; 0: as many as wait.</param>
/// <param name="Zones">The zones that the platform named instead; null if none.</param>
/// <param name="Quota">It was the account's quota that was used up, not the platform's capacity.</param>
public sealed record ExhaustedOffer(
    OfferKey Offer, DateTimeOffset Until, string Message,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int Failures = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int Window = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Zones = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Quota = false);

/// <summary>A kind of call that a platform limits by the time.</summary>
public enum LimitedCall
{
    Launch,
    Terminate,
}

/// <summary>What throttling taught of a rate.</summary>
/// <param name="Share">The part of the declared refill that is used, above 0 to below 1.</param>
/// <param name="At">When that was learnt.</param>
public sealed record LearntRate(double Share, DateTimeOffset At);

/// <summary>A launch that waits for others of its shape.</summary>
public sealed record Gathered(GatewayCommand.Launch Launch, DateTimeOffset At);

/// <param name="Busy">The call is under way.</param>
/// <param name="Tries">Calls so far.</param>
/// <param name="RetryAt">When to repeat it.</param>
public sealed record CallState(bool Busy, int Tries, DateTimeOffset RetryAt);

/// <summary>A termination: to send from <paramref name="Since"/> on, or under way since then.</summary>
/// <param name="Instance">Which machine.</param>
/// <param name="Busy">The call is under way.</param>
/// <param name="Since">Since when, or from when on.</param>
/// <param name="Tries">Calls so far that came to nothing.</param>
public sealed record Ending(InstanceRef Instance, bool Busy, DateTimeOffset Since, int Tries = 0);

/// <summary>A token bucket. Pure: its level is computed from the time that has passed.</summary>
public sealed record Bucket(double Level, DateTimeOffset At)
{
    /// <summary>Full, of whatever size.</summary>
    public static readonly Bucket Unknown = new(0, DateTimeOffset.MinValue);

    public Bucket Refilled(double perSecond, int size, DateTimeOffset now) => At == DateTimeOffset.MinValue
        ? new Bucket(size, now)
        : new Bucket(Math.Min(size, Level + (Math.Max(0, (now - At).TotalSeconds) * perSecond)), now > At ? now : At);

    public Bucket Less(double tokens) => this with { Level = Level - tokens };

    /// <summary>When it holds so many tokens, which must be no more than its size.</summary>
    public DateTimeOffset Has(double tokens, double perSecond) => At == DateTimeOffset.MinValue || Level >= tokens
        ? DateTimeOffset.MinValue
        : At + TimeSpan.FromSeconds((tokens - Level) / perSecond) + TimeSpan.FromMilliseconds(1);
}

/// <summary>Facts of a gateway.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(BatchOpened), "batchOpened")]
[JsonDerivedType(typeof(LaunchesAnswered), "launchesAnswered")]
[JsonDerivedType(typeof(AnswerAcknowledged), "answerAcknowledged")]
[JsonDerivedType(typeof(OfferExhausted), "offerExhausted")]
[JsonDerivedType(typeof(OfferServed), "offerServed")]
[JsonDerivedType(typeof(RateLearnt), "rateLearnt")]
[JsonDerivedType(typeof(OrphanReaped), "orphanReaped")]
public abstract record GatewayEvent : IEvent
{
    private GatewayEvent()
    {
    }

    /// <summary>The token is now these intents', this offer's and these attempts', for ever.</summary>
    public sealed record BatchOpened(LaunchBatch Batch, IReadOnlyList<int> Attempts, DateTimeOffset At) : GatewayEvent;

    /// <summary>Definite answers. The token is empty where the offer was known to have no capacity and nobody was asked.</summary>
    public sealed record LaunchesAnswered(string Token, IReadOnlyList<PendingAnswer> Answers, DateTimeOffset At) : GatewayEvent;

    public sealed record AnswerAcknowledged(InstanceId Instance, int Attempt, DateTimeOffset At) : GatewayEvent;

    public sealed record OfferExhausted(ExhaustedOffer Offer, DateTimeOffset At) : GatewayEvent;

    /// <summary>An offer that had no capacity has some again.</summary>
    /// <param name="Offer">Which.</param>
    /// <param name="Window">The most instances that the next call asks of it; 0: it is asked like any other.</param>
    /// <param name="At">When.</param>
    public sealed record OfferServed(OfferKey Offer, int Window, DateTimeOffset At) : GatewayEvent;

    /// <summary>The platform throttled a call, or answered one while its rate was held down.</summary>
    /// <param name="Call">Which kind.</param>
    /// <param name="Share">The part of the declared refill that is used from now on; 1: all of it.</param>
    /// <param name="At">When.</param>
    public sealed record RateLearnt(LimitedCall Call, double Share, DateTimeOffset At) : GatewayEvent;

    /// <summary>A machine with our tag that nobody knows was told to end.</summary>
    public sealed record OrphanReaped(InstanceRef Machine, QueueName Queue, DateTimeOffset At) : GatewayEvent;

    /// <summary>Everything that the gateway forgets when it restarts: the new state of its memory.</summary>
    public sealed record Noted(Func<GatewayState, GatewayState> Change) : GatewayEvent, ITransientEvent;
}

/// <summary>What a gateway does.</summary>
public abstract record GatewayEffect
{
    private GatewayEffect()
    {
    }

    public sealed record CallLaunch(LaunchBatch Batch) : GatewayEffect;

    public sealed record CallTerminate(IReadOnlyList<InstanceRef> Instances) : GatewayEffect;

    public sealed record CallSweep : GatewayEffect;

    public sealed record CallConsole(InstanceRef Instance) : GatewayEffect;

    public sealed record TellInstance(QueueName Queue, InstanceId Instance, InstanceCommand Command) : GatewayEffect;

    public sealed record TellScaler(QueueName Queue, ScalerCommand Command) : GatewayEffect;

    public sealed record Acknowledge(long Revision) : GatewayEffect;

    /// <summary>Tell the catalog that the removed provider has no machine of ours left.</summary>
    /// <param name="Revision">That of the removal.</param>
    public sealed record TellGone(long Revision) : GatewayEffect;
}
