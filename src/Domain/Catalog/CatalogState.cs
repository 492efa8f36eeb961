using System.Collections.Immutable;
using System.Text.Json.Serialization;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Catalog;

/// <summary>What the catalog knows: the configuration in force, and what each entity has been told of it.</summary>
public sealed record CatalogState
{
    /// <summary>0 until the first configuration was applied.</summary>
    public long Revision { get; init; }

    public Configuration Configuration { get; init; } = Configuration.Empty;

    /// <summary>Who applied it; empty before the first.</summary>
    public string AppliedBy { get; init; } = "";

    /// <summary>When it was applied; null before the first.</summary>
    public DateTimeOffset? AppliedAt { get; init; }

    /// <summary>The latest tokens and what came of them, oldest first; at most <see cref="CatalogDecider.TokensKept"/>.</summary>
    public IReadOnlyList<AppliedToken> Tokens { get; init; } = [];

    /// <summary>Transient: who has heard what concerns it since this catalog started.</summary>
    [JsonIgnore]
    public ImmutableHashSet<HeardEntity> Heard { get; init; } = [];

    /// <summary>Budget trees by the name of their root.</summary>
    public IReadOnlyDictionary<string, KnownLedger> Ledgers { get; init; } = new Dictionary<string, KnownLedger>();

    /// <summary>Providers by name.</summary>
    public IReadOnlyDictionary<string, KnownGateway> Gateways { get; init; } = new Dictionary<string, KnownGateway>();

    /// <summary>Queues by name, resolved.</summary>
    public IReadOnlyDictionary<string, KnownScaler> Scalers { get; init; } = new Dictionary<string, KnownScaler>();

    /// <summary>Sources by name, with their queues.</summary>
    public IReadOnlyDictionary<string, KnownWatcher> Watchers { get; init; } = new Dictionary<string, KnownWatcher>();
}

/// <summary>An entity that is awake and knows what concerns it of a revision.</summary>
public sealed record HeardEntity(EntityKind Kind, string Name, long Revision);

/// <summary>A change that was applied.</summary>
public sealed record AppliedToken(string Token, long Revision);

/// <param name="Tree">Parents before children; of a retired ledger, as it last was.</param>
/// <param name="Revision">When it last changed or was retired.</param>
/// <param name="Retired">Removed from the configuration, and has not yet said that nothing is left.</param>
public sealed record KnownLedger(IReadOnlyList<BudgetSpec> Tree, long Revision, bool Retired);

/// <param name="Spec">As declared; of a retired one, as it last was.</param>
/// <param name="Revision">When it last changed or was retired.</param>
/// <param name="Retired">Removed from the configuration, and has not yet said that nothing is left.</param>
public sealed record KnownGateway(ProviderSpec Spec, long Revision, bool Retired);

/// <param name="Spec">Resolved; of a retired one, as it last was.</param>
/// <param name="Revision">When it last changed or was retired.</param>
/// <param name="Retired">Removed from the configuration, and has not yet said that nothing is left.</param>
public sealed record KnownScaler(QueueSpec Spec, long Revision, bool Retired);

/// <param name="Spec">As declared. A removed source stays for as long as a retired queue is in it.</param>
/// <param name="Queues">To be observed, in order of their names, retired ones included.</param>
/// <param name="Revision">When it last changed.</param>
public sealed record KnownWatcher(SourceSpec Spec, IReadOnlyList<QueueName> Queues, long Revision);
