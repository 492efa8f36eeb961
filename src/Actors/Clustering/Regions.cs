using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Hosting;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Actors.Clustering;

/// <summary>Under which the scalers' region is found in the registry.</summary>
public sealed class ScalerRegion;

/// <summary>Under which the ledgers' region is found in the registry.</summary>
public sealed class LedgerRegion;

/// <summary>Under which the gateways' region is found in the registry.</summary>
public sealed class GatewayRegion;

/// <summary>Under which the watchers' region is found in the registry.</summary>
public sealed class WatcherRegion;

/// <summary>Under which the proxy of the catalog is found in the registry.</summary>
public sealed class CatalogProxy;

/// <summary>How entities reach each other, wherever they are. A message may be lost: whoever owes it repeats it.</summary>
public sealed class Regions(IReadOnlyActorRegistry registry)
{
    public void Tell(QueueName queue, object message, IActorRef sender) => Send<ScalerRegion>(queue.Value, message, sender);

    public void Tell(BudgetName ledger, LedgerCommand command, IActorRef sender) => Send<LedgerRegion>(ledger.Value, command, sender);

    public void TellGateway(string provider, object message, IActorRef sender) => Send<GatewayRegion>(provider, message, sender);

    public void TellWatcher(string source, object message, IActorRef sender) => Send<WatcherRegion>(source, message, sender);

    public void Tell(CatalogCommand command, IActorRef sender) => registry.Get<CatalogProxy>().Tell(command, sender);

    /// <summary>Asks one entity. Fails with <see cref="AskTimeoutException"/> if it does not answer in time.</summary>
    public Task<T> AskAsync<TRegion, T>(string entity, object message, TimeSpan timeout, CancellationToken cancel) =>
        registry.Get<TRegion>().Ask<T>(new ShardingEnvelope(entity, message), timeout, cancel);

    /// <summary>Asks the catalog.</summary>
    public Task<T> AskCatalogAsync<T>(object message, TimeSpan timeout, CancellationToken cancel) =>
        registry.Get<CatalogProxy>().Ask<T>(message, timeout, cancel);

    private void Send<TRegion>(string entity, object message, IActorRef sender) =>
        registry.Get<TRegion>().Tell(new ShardingEnvelope(entity, message), sender);
}
