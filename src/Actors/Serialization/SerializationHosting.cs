using Akka.Hosting;
using ControlPlane.Domain.Deciding;

namespace ControlPlane.Actors.Serialization;

public static class SerializationHosting
{
    /// <summary>Binds every registered type, and every <see cref="IEvent"/> so that one without a manifest is refused, to <see cref="ManifestSerializer"/>; all else that Akka has no serializer of its own for is refused.</summary>
    public static AkkaConfigurationBuilder WithManifests(this AkkaConfigurationBuilder builder, Manifests manifests) =>
        builder.WithCustomSerializer(
            "controlplane-json",
            manifests.All.Where(m => m.Kind != ManifestKind.Former).Select(m => m.Type).Distinct().Append(typeof(IEvent)),
            system => new ManifestSerializer(system, manifests, new OldestMember(system).Version))
        .AddHocon($$"""akka.actor.serializers.json = "{{typeof(RefusingSerializer).AssemblyQualifiedName}}" """, HoconAddMode.Prepend);
}
