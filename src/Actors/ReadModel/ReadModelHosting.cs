using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ControlPlane.Actors.ReadModel;

public static class ReadModelHosting
{
    /// <summary>
    /// Registers the projection, as a hosted service, with all <see cref="IProjector"/>s that are registered. It needs the storage
    /// (<see cref="Storage.PersistenceHosting.AddControlPlaneStorage"/>) and the <see cref="Serialization.Manifests"/>.
    /// </summary>
    public static IServiceCollection AddProjection(this IServiceCollection services, ProjectionOptions options)
    {
        services.TryAddSingleton<Changes>();
        services.TryAddSingleton(options);
        services.AddSingleton<Projection>();
        return services.AddHostedService(static sp => sp.GetRequiredService<Projection>());
    }

    /// <summary>Registers the tables of the read model, which the projection fills, and the questions that may be asked of them.</summary>
    public static IServiceCollection AddReadModel(this IServiceCollection services) => services
        .AddSingleton<IProjector, QueueProjector>()
        .AddSingleton<IProjector, InstanceProjector>()
        .AddSingleton<IProjector, LedgerProjector>()
        .AddSingleton<IProjector, CatalogProjector>()
        .AddSingleton<ReadModelStore>()
        .AddSingleton<ReadModelStatus>()
        .AddSingleton<InstanceQueries>()
        .AddSingleton<QueueQueries>()
        .AddSingleton<PoolQueries>()
        .AddSingleton<DecisionQueries>()
        .AddSingleton<BudgetQueries>()
        .AddSingleton<ConfigurationQueries>()
        .AddSingleton<ChangeQueries>();
}
