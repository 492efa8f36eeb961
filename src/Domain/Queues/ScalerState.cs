using System.Collections.Immutable;
using System.Text.Json.Serialization;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Scaling;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Domain.Queues;

/// <summary>The memory of a pool's failures to boot. One free retry, then 1, 5 and 15 minutes, then it stops until a person or a new template resets it.</summary>
/// <param name="Failures">Rounds of launches that failed one after the other. Instances requested before the last failure count with it.</param>
/// <param name="LastFailureAt">When the last was recorded.</param>
/// <param name="OpenUntil">No launch before; null while it is closed or has tripped.</param>
/// <param name="Tripped">No launch until it is reset.</param>
/// <param name="Revision">The template that failed.</param>
/// <param name="Message">What was the matter, in the cloud's or our own words.</param>
public sealed record Breaker(int Failures, DateTimeOffset LastFailureAt, DateTimeOffset? OpenUntil, bool Tripped, string Revision, string Message)
{
    private static readonly TimeSpan[] Pauses = [TimeSpan.Zero, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15)];

    /// <summary>The breaker after one more failed round.</summary>
    public static Breaker After(Breaker? before, string revision, string message, DateTimeOffset now)
    {
        var failures = (before is not null && before.Revision == revision ? before.Failures : 0) + 1;
        return failures > Pauses.Length
            ? new Breaker(failures, now, null, true, revision, message)
            : new Breaker(failures, now, Pauses[failures - 1] is { Ticks: > 0 } pause ? now + pause : null, false, revision, message);
    }
}

/// <summary>A pool that is not asked for a while: its offers had no capacity, or no budget could ever pay for it as things stand.</summary>
/// <param name="Until">Until when.</param>
/// <param name="Message">Why.</param>
/// <param name="NoMoney">It was the ledger that refused, not the provider.</param>
public sealed record Blackout(DateTimeOffset Until, string Message, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool NoMoney = false);

/// <summary>A machine that has ended. Its worker's registration outlives it, and must not be taken for another's idle worker.</summary>
/// <param name="Instance">Whose machine it was.</param>
/// <param name="At">When its end was learnt.</param>
public sealed record DepartedMachine(InstanceId Instance, DateTimeOffset At);

/// <summary>The scaler of one queue and the life of each of its instances.</summary>
public sealed record ScalerState
{
    public static readonly ScalerState Initial = new();

    public const int StrainToDouble = 40;

    public const int MostStrain = 8 * StrainToDouble;

    /// <summary>Null before it is configured for the first time.</summary>
    public QueueSpec? Spec { get; init; }

    public long Revision { get; init; }

    /// <summary>The queue was removed from the configuration: its instances drain, and then it is gone.</summary>
    public bool Retired { get; init; }

    /// <summary>Every instance that is not yet ended, settled and done with.</summary>
    public ImmutableSortedDictionary<InstanceId, InstanceState> Instances { get; init; } = ImmutableSortedDictionary<InstanceId, InstanceState>.Empty;

    /// <summary>By pool.</summary>
    public ImmutableSortedDictionary<string, Breaker> Breakers { get; init; } = ImmutableSortedDictionary.Create<string, Breaker>(StringComparer.Ordinal);

    /// <summary>By pool.</summary>
    public ImmutableSortedDictionary<string, Blackout> Blackouts { get; init; } = ImmutableSortedDictionary.Create<string, Blackout>(StringComparer.Ordinal);

    /// <summary>Machines that ended lately, by the platform's id: longer than any registration outlives its worker.</summary>
    public ImmutableSortedDictionary<string, DepartedMachine> Departed { get; init; } = ImmutableSortedDictionary.Create<string, DepartedMachine>(StringComparer.Ordinal);

    /// <summary>By pool: until when new instances leave spot out. Null: for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImmutableSortedDictionary<string, Blackout>? SpotBlackouts { get; init; }

    /// <summary>What the queue has learnt of itself; null before its first worker registered.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Experience? Experience { get; init; }

    /// <summary>The last decision that changed something.</summary>
    public DecisionRecord? LastDecision { get; init; }

    /// <summary>Transient: the newest revision that declared what was known already.</summary>
    [JsonIgnore]
    public long SeenRevision { get; init; }

    /// <summary>What an older revision, coming late, must not undo.</summary>
    [JsonIgnore]
    public long NewestRevision => Math.Max(Revision, SeenRevision);

    /// <summary>Transient: the last look at the queue.</summary>
    [JsonIgnore]
    public QueueObservation? Observation { get; init; }

    /// <summary>Transient: only a look that began later than this tells how the queue stands now.</summary>
    [JsonIgnore]
    public DateTimeOffset LookWantedAt { get; init; }

    /// <summary>A fresh look is owed: none was had since the start, or something has changed since the last.</summary>
    [JsonIgnore]
    public bool NeedsLook => Spec is not null && !Retired && (Observation is null || Observation.AsOf <= LookWantedAt);

    /// <summary>Transient: tasks that were last seen on more than one instance at once.</summary>
    [JsonIgnore]
    public ImmutableSortedSet<string> DoubledTasks { get; init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>Transient: until when the passing of time was dealt with: deadlines before it are not due again.</summary>
    [JsonIgnore]
    public DateTimeOffset EvaluatedAt { get; init; }

    /// <summary>Transient: how much waiting has strained the target of late, 0 to <see cref="MostStrain"/>. What a spare is worth doubles with each <see cref="StrainToDouble"/>.</summary>
    [JsonIgnore]
    public int Strain { get; init; }

    /// <summary>Transient: how long the waiting tasks have waited at the most, for a policy that asks.</summary>
    [JsonIgnore]
    public WaitingAges Waiting { get; init; } = WaitingAges.None;

    /// <summary>Transient: when the policy's answer changes by the passing of time alone.</summary>
    [JsonIgnore]
    public DateTimeOffset? ReconsiderAt { get; init; }

    /// <summary>Transient: the look for which a plug-in policy was asked and has not answered.</summary>
    [JsonIgnore]
    public DateTimeOffset? PolicyAskedFor { get; init; }

    public IEnumerable<InstanceState> InPool(PoolSpec pool) => Instances.Values.Where(i => i.Pool.Name == pool.Name && i.Phase != Phase.Ended);
}
