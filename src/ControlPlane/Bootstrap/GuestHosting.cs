using ControlPlane.Domain.Secrets;
using ControlPlane.Hosting;
using ControlPlane.Providers.Bootstrap;

namespace ControlPlane.Bootstrap;

/// <summary>What machines need at their first boot, as services: providers write user data with <see cref="GuestBootstrap"/>.</summary>
internal static class GuestHosting
{
    public static IServiceCollection AddGuests(this IServiceCollection services, NodeOptions node) => services
        .AddSingleton(_ => new BootstrapTickets(ClusterKey.ReadOrCreate(node.ClusterKeyPath)))
        .AddSingleton(sp => new GuestBootstrap(node.GuestUrl?.TrimEnd('/'), sp.GetRequiredService<BootstrapTickets>(), sp.GetRequiredService<ISecretReader>()));
}
