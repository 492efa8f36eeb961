using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Hosting;
using Akka.Cluster.Sharding;
using Akka.Configuration;
using Akka.Hosting;
using Akka.Remote.Hosting;
using ControlPlane.Actors.Shell;
using Microsoft.Extensions.DependencyInjection;

namespace ControlPlane.Actors.Clustering;

/// <summary>The cluster, and its sharded entities.</summary>
public static class ClusterHosting
{
    /// <summary>A cluster of this node alone: bound to the loopback, on a free port, joined to itself.</summary>
    public static AkkaConfigurationBuilder WithControlPlaneCluster(this AkkaConfigurationBuilder builder) => builder
        .WithControlPlaneCluster(new ClusterSettings(), "0.0.0")
        .AddStartup((system, _) =>
        {
            var cluster = Cluster.Get(system);
            return cluster.JoinAsync(cluster.SelfAddress);
        });

    /// <summary>A node that others may join; <see cref="Membership"/> finds them.</summary>
    /// <param name="builder">The actor system.</param>
    /// <param name="settings">How nodes reach each other.</param>
    /// <param name="version">Of the program, such as 1.2.0: while nodes differ, shards that move go to the newest.</param>
    public static AkkaConfigurationBuilder WithControlPlaneCluster(this AkkaConfigurationBuilder builder, ClusterSettings settings, string version) => builder
        .AddHocon(Timing, HoconAddMode.Prepend)
        .WithRemoting(new RemoteOptions())
        .WithClustering(new ClusterOptions { MinimumNumberOfMembers = 1, Roles = [.. settings.Roles] })
        .WithRemoting(settings)
        .AddHocon($"akka.cluster.app-version = \"{version}\"", HoconAddMode.Prepend);

    /// <summary>Registers what joins this node to the others that use its database, or its seed nodes, and what drains it before it stops.</summary>
    public static IServiceCollection AddControlPlaneMembership(this IServiceCollection services, ClusterSettings settings, NodeIdentity identity) => services
        .AddSingleton(settings)
        .AddSingleton(identity)
        .AddSingleton<RestartWish>()
        .AddSingleton<Membership>()
        .AddHostedService(sp => sp.GetRequiredService<Membership>());

    /// <summary>
    /// One kind of sharded entity. Its messages come in a <see cref="ShardingEnvelope"/> or name their entity by <paramref name="entityIdOf"/>. Entities are started
    /// by their first message and stay until their shard moves; they are not remembered, their owners wake them.
    /// </summary>
    /// <typeparam name="TKey">Under which the region is found in the registry: <c>IRequiredActor&lt;TKey&gt;</c>.</typeparam>
    /// <param name="builder">The actor system.</param>
    /// <param name="name">Of the kind, unique in the cluster, never to change.</param>
    /// <param name="entity">The props of the entity with this id. It is put under <see cref="ShellSupervision"/>.</param>
    /// <param name="options">The pauses after failures.</param>
    /// <param name="shards">Never to change in a running cluster.</param>
    /// <param name="entityIdOf">The entity that a bare message is for; null if it says none.</param>
    public static AkkaConfigurationBuilder WithEntities<TKey>(
        this AkkaConfigurationBuilder builder,
        string name,
        Func<ActorSystem, IActorRegistry, string, Props> entity,
        ShellOptions options,
        int shards = 100,
        Func<object, string?>? entityIdOf = null) => builder.WithShardRegion<TKey>(
            name,
            (system, registry, _) => id => ShellSupervision.Props(entity(system, registry, id), id, options),
            HashCodeMessageExtractor.Create(shards, message => entityIdOf?.Invoke(message)!, message => message),
            new ShardOptions
            {
                StateStoreMode = StateStoreMode.DData,
                RememberEntities = false,
                ShouldPassivateIdleEntities = false,
                HandOffStopMessage = StopEntity.Instance,
                JournalPluginId = Storage.JournalPlugins.Entities,
                SnapshotPluginId = Storage.JournalPlugins.Snapshots,
            });

    /// <summary>
    /// Failure detection and hand-over, by the figures of docs/performance.md. A node is missed after two to three seconds of silence and given up after three more: a pause
    /// shorter than that does no harm, and if a node is given up too soon the journal refuses what it writes. For the same reason its shards need not wait long for it to stop
    /// (<c>down-removal-margin</c>).
    /// <list type="bullet">
    /// <item>On SIGTERM the host decides when the node leaves: Akka, which hears of the signal as well, would leave at once, before callers have turned to others.</item>
    /// <item>A shard whose node dies while it hands the shard over belongs to nobody until <c>handoff-timeout</c>, because Akka waits for the dead node's word; by default for a minute.</item>
    /// <item>The coordinators of the shards write their state to most nodes, not to all: one that is going away would hold up each write until <c>updating-state-timeout</c>.</item>
    /// <item>A node that starts again under its old address is heard as soon as the gate to that address opens, and must be before it is given up.</item>
    /// <item>A side of a partition that has lost ends itself.</item>
    /// <item>Durable distributed data is off: the store behind it does not work with the versions that we use.</item>
    /// <item>The proxy of the catalog warns "after 30 seconds" as soon as it begins to look for it, so that is off; readiness tells when the catalog does not answer.</item>
    /// </list>
    /// </summary>
    private static readonly Config Timing = ConfigurationFactory.ParseString("""
        akka.coordinated-shutdown.run-by-clr-shutdown-hook = off
        akka.remote.retry-gate-closed-for = 1s
        akka.cluster {
          down-removal-margin = 500ms
          downing-provider-class = "Akka.Cluster.SBR.SplitBrainResolverProvider, Akka.Cluster"
          split-brain-resolver { active-strategy = keep-majority, stable-after = 3s }
          failure-detector { heartbeat-interval = 500ms, acceptable-heartbeat-pause = 2s, expected-response-after = 500ms }
          unreachable-nodes-reaper-interval = 500ms
          gossip-interval = 250ms
          leader-actions-interval = 250ms
          singleton.hand-over-retry-interval = 200ms
          singleton-proxy.log-singleton-identification-failure = off
          sharding {
            retry-interval = 500ms
            handoff-timeout = 20s
            coordinator-failure-backoff = 1s
            shard-failure-backoff = 1s
            entity-restart-backoff = 1s
            waiting-for-state-timeout = 1s
            updating-state-timeout = 3s
            rebalance-interval = 5s
            least-shard-allocation-strategy { rebalance-absolute-limit = 20, rebalance-relative-limit = 0.2 }
            state-store-mode = ddata
            distributed-data { durable.keys = [], majority-min-cap = 2 }
            coordinator-state { write-majority-plus = 0, read-majority-plus = 0 }
          }
        }
        """);
}
