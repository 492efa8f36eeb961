using Akka.Actor;
using Akka.Cluster.Hosting;
using Akka.Hosting;
using ControlPlane.Actors.Budgets;
using ControlPlane.Actors.Catalog;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Providers;
using ControlPlane.Actors.Queues;
using ControlPlane.Actors.Serialization;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Sources;
using ControlPlane.Actors.Storage;
using ControlPlane.Domain.Scaling;
using Microsoft.Extensions.DependencyInjection;

namespace ControlPlane.Actors;

/// <summary>All entities of the product: what they are stored as, and how they are started.</summary>
public static class EntityHosting
{
    /// <summary>Everything that this program may store or send.</summary>
    public static Manifests Manifests { get; } = Manifests.Of(
        ShellManifests.Table,
        CatalogManifests.Table, LedgerManifests.Table, ScalerManifests.Table, GatewayManifests.Table,
        CatalogMessages.Table, LedgerMessages.Table, ScalerMessages.Table, GatewayMessages.Table, WatcherMessages.Table);

    /// <summary>Starts the entities of this node: regions for scalers, ledgers, gateways and watchers, and the catalog, which wakes them.</summary>
    /// <exception cref="InvalidOperationException">The journal holds what this program cannot read.</exception>
    public static AkkaConfigurationBuilder WithControlPlaneEntities(this AkkaConfigurationBuilder builder, IServiceProvider services)
    {
        var shell = services.GetRequiredService<ShellContext>();
        var connections = services.GetRequiredService<Connections>();
        var calls = services.GetRequiredService<CallOptions>();
        var policies = services.GetRequiredService<IPolicyRunner>();
        var manifests = services.GetRequiredService<Manifests>();
        var storage = services.GetRequiredService<NodeStorage>();
        storage.Events?.Noted(KnownManifests.Require(storage.Database, manifests));

        // By type and arguments: an expression would be compiled anew for each entity, and took a tenth or more of the processor time of waking ten thousand.
        return builder
            .WithManifests(manifests)
            .WithEntities<LedgerRegion>("ledger", (_, registry, id) => Props.Create<LedgerActor>(id, shell, new Regions(registry)), shell.Options)
            .WithEntities<GatewayRegion>("gateway", (_, registry, id) => Props.Create<GatewayActor>(id, shell, new Regions(registry), connections, calls), shell.Options)
            .WithEntities<ScalerRegion>("queue", (_, registry, id) => Props.Create<ScalerActor>(id, shell, new Regions(registry), policies), shell.Options)
            .WithEntities<WatcherRegion>("source", (_, registry, id) => Props.Create<WatcherActor>(id, shell, new Regions(registry), connections, calls), shell.Options)
            .WithSingleton<CatalogProxy>(
                "catalog",
                (_, registry, _) => ShellSupervision.Props(Props.Create(() => new CatalogActor(shell, new Regions(registry))), "catalog", shell.Options),
                new ClusterSingletonOptions { TerminationMessage = StopEntity.Instance });
    }

    /// <summary>Registers what the entities need beside the storage and the ports.</summary>
    /// <param name="services">The host's.</param>
    /// <param name="shell">How entities are run.</param>
    /// <param name="calls">How platforms are called.</param>
    /// <param name="manifests">What the node reads and writes; null for <see cref="Manifests"/>.</param>
    public static IServiceCollection AddControlPlaneEntities(this IServiceCollection services, ShellOptions shell, CallOptions calls, Manifests? manifests = null) => services
        .AddSingleton(calls)
        .AddSingleton(manifests ?? Manifests)
        .AddSingleton<Connections>()
        .AddSingleton(sp => new ShellContext(
            sp.GetRequiredService<TimeProvider>(), shell, sp.GetRequiredService<JournalHealth>(), sp.GetRequiredService<Microsoft.Extensions.Logging.ILoggerFactory>()));
}
