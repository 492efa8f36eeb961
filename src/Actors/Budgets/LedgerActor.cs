using Akka.Actor;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Storage;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Actors.Budgets;

/// <summary>Runs the ledger of one budget tree, on a journal plug-in of its own so that no other entity's refused write can hold it up.</summary>
public sealed class LedgerActor : DeciderActor<LedgerDecider, LedgerState, LedgerCommand, LedgerEvent, LedgerEffect>
{
    private readonly BudgetName _root;
    private readonly Regions _regions;

    public LedgerActor(string root, ShellContext shell, Regions regions)
        : base($"ledger-{root}", shell)
    {
        _root = new BudgetName(root);
        _regions = regions;
        JournalPluginId = JournalPlugins.Ledger;
    }

    protected override LedgerCommand Tick { get; } = new LedgerCommand.Tick();

    protected override void Carry(LedgerEffect effect, IActorRef replyTo)
    {
        switch (effect)
        {
            case LedgerEffect.Tell e:
                _regions.Tell(e.Queue, new ScalerCommand.ForInstance(e.Instance, new InstanceCommand.LeaseAnswered(e.Answer)), Self);
                break;
            case LedgerEffect.Acknowledge e:
                replyTo.Tell(new CatalogCommand.Heard(EntityKind.Ledger, _root.Value, e.Revision), Self);
                break;
            case LedgerEffect.TellGone e:
                _regions.Tell(new CatalogCommand.LedgerGone(_root, e.Revision), Self);
                break;
        }
    }

    protected override void WakeElsewhere() => _regions.TellLedger(_root, WakeEntity.Instance, Self);

    protected override void OnOther(object message)
    {
        if (message is LedgerQuery)
            Answer(state => LedgerView.From(_root, state));
        else
            base.OnOther(message);
    }
}

/// <summary>Asks a ledger for its balances as they are now.</summary>
public sealed record LedgerQuery;

/// <summary>A ledger's balances.</summary>
public sealed record LedgerView(BudgetName Root, long Revision, IReadOnlyList<BudgetView> Budgets, int Leases, int Waiting)
{
    public static LedgerView From(BudgetName root, LedgerState state) => new(
        root,
        state.Revision,
        [.. state.Budgets.Values.Select(b => new BudgetView(b.Spec, b.Retired, b.Instances, b.Gpus, b.Windows.ToDictionary(w => w.Key, w => w.Value)))],
        state.Leases.Count,
        state.Waiting.Count);
}

/// <summary>One budget's balances by window.</summary>
public sealed record BudgetView(BudgetSpec Spec, bool Retired, int Instances, int Gpus, IReadOnlyDictionary<DateTimeOffset, Balance> Windows);
