using ControlPlane.Providers.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ControlPlane.Providers.Embedded;

/// <summary>Wires the embedded queue into a host.</summary>
public static class EmbeddedQueueRegistration
{
    /// <summary>
    /// Adds <see cref="EmbeddedQueue"/> and <see cref="EmbeddedSource"/> on the given database, and the service that creates the tables at start. Uses the
    /// host's <see cref="TimeProvider"/> if it has one.
    /// </summary>
    /// <exception cref="ArgumentException">Settings are out of range; the message names all of them.</exception>
    public static IServiceCollection AddEmbeddedQueue(this IServiceCollection services, DatabaseKind kind, string connectionString, EmbeddedQueueOptions? options = null)
    {
        var settings = options ?? new EmbeddedQueueOptions();
        if (settings.Faults() is { Count: > 0 } faults) throw new ArgumentException(string.Join(' ', faults), nameof(options));
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(settings);
        services.AddKeyedSingleton(nameof(EmbeddedQueue), (_, _) => new Database(kind, connectionString));
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<EmbeddedQueue>(provider, provider.GetRequiredKeyedService<Database>(nameof(EmbeddedQueue))));
        services.AddSingleton<EmbeddedSource>();
        services.AddHostedService<SilentWorkerSweep>();
        return services;
    }
}
