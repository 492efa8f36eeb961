using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Catalog;

/// <summary>
/// What the catalog has others do. Each effect on an entity also wakes it. Its revision is that at which what it says last changed, so an entity
/// that already heard of this revision, or a later one, has nothing to do but be awake.
/// </summary>
public abstract record CatalogEffect
{
    private CatalogEffect()
    {
    }

    /// <summary>Who will say that it has heard this, and of what revision; null for what is repeated until something else happens.</summary>
    public HeardEntity? Hearing => this switch
    {
        ConfigureLedger e => new HeardEntity(EntityKind.Ledger, e.Ledger.Value, e.Revision),
        ConfigureGateway e => new HeardEntity(EntityKind.Gateway, e.Provider.Name, e.Revision),
        ConfigureScaler e => new HeardEntity(EntityKind.Scaler, e.Queue.Name.Value, e.Revision),
        ConfigureWatcher e => new HeardEntity(EntityKind.Watcher, e.Source.Name, e.Revision),
        _ => null,
    };

    /// <summary>Answers the asker of an <see cref="CatalogCommand.Apply"/>.</summary>
    public sealed record Reply(string Token, CatalogReply Answer) : CatalogEffect;

    /// <summary>Tells a ledger its tree, told before the scalers that spend from it.</summary>
    /// <param name="Ledger">The root of the tree: the ledger's id.</param>
    /// <param name="Tree">
    /// Parents before their children. A budget may be missing that still has leases, because it was removed or moved to another tree: those leases
    /// stay with this ledger until they are settled.
    /// </param>
    /// <param name="Revision">When the tree last changed.</param>
    public sealed record ConfigureLedger(BudgetName Ledger, IReadOnlyList<BudgetSpec> Tree, long Revision) : CatalogEffect;

    /// <summary>The tree was removed: grant nothing more, settle what is open, then say <see cref="CatalogCommand.LedgerGone"/>.</summary>
    public sealed record RetireLedger(BudgetName Ledger, long Revision) : CatalogEffect;

    /// <summary>Tells a provider's gateway its settings.</summary>
    public sealed record ConfigureGateway(ProviderSpec Provider, long Revision) : CatalogEffect;

    /// <summary>
    /// The provider was removed: launch nothing more; go on listing and terminating until nothing is left, then say <see cref="CatalogCommand.GatewayGone"/>.
    /// </summary>
    public sealed record RetireGateway(ProviderSpec Provider, long Revision) : CatalogEffect;

    /// <summary>Tells a scaler its queue. The ledger, budget or pools may differ from those of instances that it already has.</summary>
    public sealed record ConfigureScaler(QueueSpec Queue, long Revision) : CatalogEffect;

    /// <summary>The queue was removed: launch nothing more, drain what is there, then say <see cref="CatalogCommand.QueueGone"/>.</summary>
    public sealed record RetireScaler(QueueName Queue, long Revision) : CatalogEffect;

    /// <summary>
    /// Tells a source's watcher which queues to observe, removed ones with instances included. With no queues there is nothing to observe: it stops.
    /// A watcher remembers nothing, and takes what it was told last whatever its revision.
    /// </summary>
    public sealed record ConfigureWatcher(SourceSpec Source, IReadOnlyList<QueueName> Queues, long Revision) : CatalogEffect;
}
