using Akka.Hosting;
using ControlPlane.Domain.Deciding;

namespace ControlPlane.Actors.Serialization;

public static class SerializationHosting
{
    /// <summary>Binds every registered type, and every <see cref="IEvent"/> so that one without a manifest is refused, to <see cref="ManifestSerializer"/>.</summary>
    public static AkkaConfigurationBuilder WithManifests(this AkkaConfigurationBuilder builder, Manifests manifests) =>
        builder.WithCustomSerializer(
            "controlplane-json",
            manifests.All.Where(m => m.Kind != ManifestKind.OldEvent).Select(m => m.Type).Distinct().Append(typeof(IEvent)),
            system => new ManifestSerializer(system, manifests));
}
