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

/// <summary>What one node has of one region.</summary>
/// <param name="Region">ledgers, gateways, scalers or watchers.</param>
/// <param name="Node">The node's address in the cluster.</param>
/// <param name="Shards">Of the region, on this node.</param>
/// <param name="Entities">In these shards.</param>
public sealed record RegionShards(string Region, string Node, int Shards, int Entities);

/// <summary>How entities reach each other, wherever they are. A message may be lost: whoever owes it repeats it.</summary>
public sealed class Regions(IReadOnlyActorRegistry registry)
{
    public void Tell(EntityKind kind, string name, object message, IActorRef sender)
    {
        switch (kind)
        {
            case EntityKind.Ledger:
                Send<LedgerRegion>(name, message, sender);
                break;
            case EntityKind.Gateway:
                Send<GatewayRegion>(name, message, sender);
                break;
            case EntityKind.Scaler:
                Send<ScalerRegion>(name, message, sender);
                break;
            case EntityKind.Watcher:
                Send<WatcherRegion>(name, message, sender);
                break;
        }
    }

    public void Tell(QueueName queue, object message, IActorRef sender) => Send<ScalerRegion>(queue.Value, message, sender);

    public void Tell(BudgetName ledger, LedgerCommand command, IActorRef sender) => Send<LedgerRegion>(ledger.Value, command, sender);

    public void TellLedger(BudgetName ledger, object message, IActorRef sender) => Send<LedgerRegion>(ledger.Value, message, sender);

    public void TellGateway(string provider, object message, IActorRef sender) => Send<GatewayRegion>(provider, message, sender);

    public void TellWatcher(string source, object message, IActorRef sender) => Send<WatcherRegion>(source, message, sender);

    public void Tell(CatalogCommand command, IActorRef sender) => registry.Get<CatalogProxy>().Tell(command, sender);

    /// <summary>Asks one entity. Fails with <see cref="AskTimeoutException"/> if it does not answer in time.</summary>
    public Task<T> AskAsync<TRegion, T>(string entity, object message, TimeSpan timeout, CancellationToken cancel) =>
        registry.Get<TRegion>().Ask<T>(new ShardingEnvelope(entity, message), timeout, cancel);

    /// <summary>Asks the catalog.</summary>
    public Task<T> AskCatalogAsync<T>(object message, TimeSpan timeout, CancellationToken cancel) =>
        registry.Get<CatalogProxy>().Ask<T>(message, timeout, cancel);

    /// <summary>How many shards and entities of each region are on which node. A region that does not answer in time is left out.</summary>
    public async Task<IReadOnlyList<RegionShards>> ShardsAsync(TimeSpan timeout, CancellationToken cancel)
    {
        var asked = new (string Name, IActorRef Region)[]
        {
            ("ledgers", registry.Get<LedgerRegion>()), ("gateways", registry.Get<GatewayRegion>()), ("scalers", registry.Get<ScalerRegion>()), ("watchers", registry.Get<WatcherRegion>()),
        }.Select(r => ShardsAsync(r.Name, r.Region, timeout, cancel));
        return [.. (await Task.WhenAll(asked).ConfigureAwait(false)).SelectMany(r => r)];
    }

    private static async Task<IReadOnlyList<RegionShards>> ShardsAsync(string name, IActorRef region, TimeSpan timeout, CancellationToken cancel)
    {
        try
        {
            var stats = await region.Ask<ClusterShardingStats>(new GetClusterShardingStats(timeout), timeout + timeout, cancel).ConfigureAwait(false);
            return [.. stats.Regions.Select(r => new RegionShards(name, r.Key.ToString(), r.Value.Stats.Count, r.Value.Stats.Values.Sum()))];
        }
        catch (AskTimeoutException)
        {
            return [];
        }
    }

    private void Send<TRegion>(string entity, object message, IActorRef sender) =>
        registry.Get<TRegion>().Tell(new ShardingEnvelope(entity, message), sender);
}
