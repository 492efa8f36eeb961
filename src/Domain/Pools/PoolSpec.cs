using System.Text.Json.Serialization;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Domain.Pools;

/// <summary>A named template for identical instances with a maximum count. Belongs to one queue. Every value is valid: the catalog checked it.</summary>
public sealed record PoolSpec
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(3);

    /// <summary>Unique in the cluster; letters, digits, <c>-</c>, <c>_</c> and <c>.</c>, at most 63 (ClearML's worker names forbid a colon).</summary>
    public required string Name { get; init; }

    /// <summary>The provider that launches it, by its configured name.</summary>
    public required string Provider { get; init; }

    /// <summary>The most instances of this pool at any time, 0 to 10,000.</summary>
    public required int MaxInstances { get; init; }

    /// <summary>What it may be launched as, tried in this order. At least one.</summary>
    public required IReadOnlyList<Offer> Offers { get; init; }

    /// <summary>How many workers an instance runs, so how many tasks at once: 1 to 256.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>A boot that takes longer is stuck. 1 s to 24 h.</summary>
    public TimeSpan MaxBootTime { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How much time a lease prepays: 10 s to 24 h, at least the platform's minimum billing.</summary>
    public TimeSpan LeaseLength { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How the platform bills.</summary>
    public Billing Billing { get; init; } = Billing.PerSecond;

    /// <summary>
    /// How long an instance tries to get one of the spot offers before it takes an offer on demand. Null: an instance asks one offer after the other and does not
    /// wait. 0 to 24 h.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TimeSpan? FallbackAfter { get; init; }

    /// <summary>After an instance got no spot machine and fell back, the pool's next instances leave spot out for so long. Null: they try it each time. 0 to 24 h.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TimeSpan? SpotBlackout { get; init; }

    /// <summary>It has spot offers, and others to fall back on.</summary>
    [JsonIgnore]
    public bool CanFallBack => Offers.Any(o => o.Market == Market.Spot) && Offers.Any(o => o.Market == Market.OnDemand);

    /// <summary>How long an offer without capacity is not asked again: some minutes, or less where an instance waits for spot for a shorter time than that.</summary>
    public TimeSpan PauseOf(Offer offer)
    {
        if (offer.Market != Market.Spot || FallbackAfter is not { } wait || wait <= TimeSpan.Zero)
            return LongestPause;
        var pause = wait / 4;
        return pause < ShortestPause ? ShortestPause : pause < LongestPause ? pause : LongestPause;
    }

    /// <summary>What the pool's provider needs to know beside the offer.</summary>
    public required PoolTemplate Template { get; init; }

    /// <summary>How its machines become workers; null if their image, or the provider, sees to that.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BootstrapSpec? Bootstrap { get; init; }

    /// <summary>A digest of everything above: two specs with the same revision are the same. Set by the catalog.</summary>
    public string Revision { get; init; } = "";

    public bool Equals(PoolSpec? other) => other is not null && Name == other.Name && Revision == other.Revision && Revision.Length > 0;

    public override int GetHashCode() => HashCode.Combine(Name, Revision);
}

/// <summary>The part of a pool that only its provider understands. One nested record a provider.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(Local), "local")]
[JsonDerivedType(typeof(Aws), "aws")]
public abstract partial record PoolTemplate
{
    private PoolTemplate()
    {
    }

    /// <summary>A local process.</summary>
    /// <param name="BootDelay">How long the process waits before it registers: stands for a machine's boot. 0 to 1 h.</param>
    /// <param name="Environment">Variables for the worker and its tasks.</param>
    /// <param name="OrphanTimeout">The worker ends itself when it could not reach the server for this long and has no task: the dead man's switch. 1 s to 24 h.</param>
    public sealed record Local(TimeSpan BootDelay, IReadOnlyDictionary<string, string> Environment, TimeSpan OrphanTimeout) : PoolTemplate;
}
