using System.Text.Json.Serialization;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Catalog;

/// <summary>The kinds of entities that the catalog tells what concerns them.</summary>
public enum EntityKind
{
    Ledger,
    Gateway,
    Scaler,
    Watcher,
}

/// <summary>What may be asked of the catalog.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "command")]
[JsonDerivedType(typeof(Apply), "apply")]
[JsonDerivedType(typeof(Heard), "heard")]
[JsonDerivedType(typeof(Woke), "woke")]
[JsonDerivedType(typeof(WakeAll), "wakeAll")]
[JsonDerivedType(typeof(QueueGone), "queueGone")]
[JsonDerivedType(typeof(LedgerGone), "ledgerGone")]
[JsonDerivedType(typeof(GatewayGone), "gatewayGone")]
public abstract record CatalogCommand
{
    private CatalogCommand()
    {
    }

    /// <summary>Puts a whole configuration in force, or nothing of it. Repeating the token repeats the answer and changes nothing.</summary>
    /// <param name="Configuration">What is to be in force from now on.</param>
    /// <param name="ExpectedRevision">The revision that the change was made from; null to apply to whatever is in force.</param>
    /// <param name="By">Who asks, for the record.</param>
    /// <param name="Token">Drawn once by the asker for this change.</param>
    public sealed record Apply(Configuration Configuration, long? ExpectedRevision, string By, string Token) : CatalogCommand;

    /// <summary>From an entity: it is awake and has what concerns it of this revision. Until then the catalog repeats it.</summary>
    public sealed record Heard(EntityKind Kind, string Name, long Revision) : CatalogCommand;

    /// <summary>From an entity that has started without being told what concerns it, such as one that was started again after a fault.</summary>
    public sealed record Woke(EntityKind Kind, string Name) : CatalogCommand;

    /// <summary>Nodes have come or gone: entities may sleep that nobody has woken. Everything is told again.</summary>
    public sealed record WakeAll : CatalogCommand;

    /// <summary>From a scaler whose queue was removed: it has no instance left.</summary>
    /// <param name="Queue">The removed queue.</param>
    /// <param name="Revision">The revision of the <see cref="CatalogEffect.RetireScaler"/> that this answers: a queue added again meanwhile is not forgotten.</param>
    public sealed record QueueGone(QueueName Queue, long Revision) : CatalogCommand;

    /// <summary>From a ledger whose tree was removed: it has no lease left.</summary>
    /// <param name="Ledger">The root of the removed tree.</param>
    /// <param name="Revision">The revision of the <see cref="CatalogEffect.RetireLedger"/> that this answers.</param>
    public sealed record LedgerGone(BudgetName Ledger, long Revision) : CatalogCommand;

    /// <summary>From the gateway of a removed provider: no launch is in flight, and complete lists over the consistency window showed no machine of ours.</summary>
    /// <param name="Provider">The removed provider.</param>
    /// <param name="Revision">The revision of the <see cref="CatalogEffect.RetireGateway"/> that this answers.</param>
    public sealed record GatewayGone(string Provider, long Revision) : CatalogCommand;
}
