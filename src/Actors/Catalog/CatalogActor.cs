using Akka.Actor;
using Akka.Cluster;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Shell;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Actors.Catalog;

/// <summary>Runs the catalog, one in the cluster: tells every entity what concerns it, which also wakes it after a restart.</summary>
public sealed class CatalogActor : DeciderActor<CatalogDecider, CatalogState, CatalogCommand, CatalogEvent, CatalogEffect>
{
    private readonly IActorRef _teller;

    public CatalogActor(ShellContext shell, Regions regions)
        : base("catalog", shell) => _teller = Context.ActorOf(Props.Create(() => new TellerActor(shell, regions)), "teller");

    protected override CatalogCommand Tick => new CatalogCommand.WakeAll();

    protected override void Carry(CatalogEffect effect, IActorRef replyTo)
    {
        switch (effect)
        {
            case CatalogEffect.Reply e:
                replyTo.Tell(e.Answer, Self);
                break;
            case CatalogEffect.ConfigureLedger e:
                Tell(EntityKind.Ledger, e.Ledger.Value, new LedgerCommand.Configure(e.Tree, e.Revision));
                break;
            case CatalogEffect.RetireLedger e:
                Tell(EntityKind.Ledger, e.Ledger.Value, new LedgerCommand.Retire(e.Revision), ends: true);
                break;
            case CatalogEffect.ConfigureGateway e:
                Tell(EntityKind.Gateway, e.Provider.Name, new GatewayCommand.Configure(e.Provider, QueuesOf(e.Provider.Name), e.Revision));
                break;
            case CatalogEffect.RetireGateway e:
                Tell(EntityKind.Gateway, e.Provider.Name, new GatewayCommand.Retire(e.Provider, e.Revision), ends: true);
                break;
            case CatalogEffect.ConfigureScaler e:
                Tell(EntityKind.Scaler, e.Queue.Name.Value, new ScalerCommand.Configure(e.Queue, e.Revision));
                break;
            case CatalogEffect.RetireScaler e:
                Tell(EntityKind.Scaler, e.Queue.Value, new ScalerCommand.Retire(e.Revision), ends: true);
                break;
            case CatalogEffect.ConfigureWatcher e:
                Tell(EntityKind.Watcher, e.Source.Name, new WatcherCommand.Configure(e.Source, e.Queues, e.Revision));
                break;
        }
    }

    private void Tell(EntityKind kind, string name, object message, bool ends = false) => _teller.Tell(new Telling(kind, name, message, ends), Self);

    /// <summary>Ten thousand queues are owed what concerns them when the catalog wakes; a name and a revision stand for each, without spelling out its content.</summary>
    protected override string KeyOf(CatalogEffect effect) => effect.Hearing is { } hearing ? $"{hearing.Kind} {hearing.Name} {hearing.Revision}" : base.KeyOf(effect);

    protected override void OnOther(object message)
    {
        if (message is ClusterEvent.IMemberEvent)
            Self.Tell(new CatalogCommand.WakeAll());
        else if (message is CatalogStatusQuery)
            Answer(state => new CatalogStatus(state.Revision, Declared(state) - CatalogDecider.Resume(state, Now).Count(e => e.Hearing is not null), Declared(state)));
        else if (message is SourceQuery source)
            Answer(state => new SourceAnswer(state.Configuration.Sources.FirstOrDefault(s => s.Name == source.Name)));
        else if (message is CatalogQuery)
            Answer(state => new CatalogView(state.Configuration, state.Revision, state.AppliedBy, state.AppliedAt, Declared(state) - CatalogDecider.Resume(state, Now).Count(e => e.Hearing is not null), Declared(state)));
        else
            base.OnOther(message);
    }

    /// <summary>What lived on a node that left sleeps until somebody calls it. A node that leaves in good order has moved its shards when it says so.</summary>
    protected override void PreStart()
    {
        base.PreStart();
        Cluster.Get(Context.System).Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.MemberLeft), typeof(ClusterEvent.MemberRemoved));
    }

    protected override void PostStop()
    {
        Cluster.Get(Context.System).Unsubscribe(Self);
        base.PostStop();
    }

    private static int Declared(CatalogState state) =>
        state.Ledgers.Values.Count(l => !l.Retired) + state.Gateways.Values.Count(g => !g.Retired) + state.Scalers.Values.Count(s => !s.Retired) + state.Watchers.Count;

    private IReadOnlyList<QueueName> QueuesOf(string provider) =>
        [.. State.Scalers.Values.Where(s => s.Spec.Pools.Any(p => p.Provider == provider)).Select(s => s.Spec.Name)];
}

/// <summary>Asks the catalog what is in force.</summary>
public sealed record CatalogQuery;

/// <summary>Asks the catalog for one source as it is declared.</summary>
public sealed record SourceQuery(string Name);

/// <summary>The source as it is declared; null if it is not.</summary>
public sealed record SourceAnswer(SourceSpec? Source);

/// <summary>Asks the catalog how far it is, without all that is in force.</summary>
public sealed record CatalogStatusQuery;

/// <summary>How far the catalog is.</summary>
/// <param name="Revision">Of what is in force; 0 before the first.</param>
/// <param name="Awake">Entities that have heard what concerns them.</param>
/// <param name="Entities">Entities in all.</param>
public sealed record CatalogStatus(long Revision, int Awake, int Entities);

/// <summary>What is in force.</summary>
/// <param name="Configuration">All that is declared.</param>
/// <param name="Revision">Its number; 0 before the first.</param>
/// <param name="AppliedBy">Who applied it.</param>
/// <param name="AppliedAt">When.</param>
/// <param name="Awake">Entities that have heard what concerns them.</param>
/// <param name="Entities">Entities in all.</param>
public sealed record CatalogView(Configuration Configuration, long Revision, string AppliedBy, DateTimeOffset? AppliedAt, int Awake, int Entities);
