using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Catalog;

/// <summary>What happened to the catalog.</summary>
public abstract record CatalogEvent : IEvent
{
    private CatalogEvent()
    {
    }

    /// <summary>A configuration came into force.</summary>
    /// <param name="Revision">Its number: 1 for the first, then one more each time.</param>
    /// <param name="Configuration">Checked, and its pools stamped with their digests.</param>
    /// <param name="By">Who asked for it.</param>
    /// <param name="At">When.</param>
    /// <param name="Token">The asker's token.</param>
    public sealed record ConfigurationApplied(long Revision, Configuration Configuration, string By, DateTimeOffset At, string Token) : CatalogEvent;

    /// <summary>An entity has heard what concerns it; null: all may have to hear it again.</summary>
    public sealed record Heard(HeardEntity? Entity) : CatalogEvent, ITransientEvent;

    /// <summary>An entity has to hear again what concerns it.</summary>
    public sealed record Forgot(HeardEntity Entity) : CatalogEvent, ITransientEvent;

    /// <summary>A removed queue has nothing left and is no longer retired.</summary>
    public sealed record QueueForgotten(QueueName Queue) : CatalogEvent;

    /// <summary>A removed budget tree has no lease left.</summary>
    public sealed record LedgerForgotten(BudgetName Ledger) : CatalogEvent;

    /// <summary>A removed provider has no machine of ours left.</summary>
    public sealed record GatewayForgotten(string Provider) : CatalogEvent;
}
