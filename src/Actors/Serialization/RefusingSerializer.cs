using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace ControlPlane.Actors.Serialization;

/// <summary>
/// Stands where Akka has its reflecting serializer: what has no manifest is neither written nor read. So no name of a class ever stands in the journal or on the
/// wire, and nobody who reaches the wire can have one made.
/// </summary>
internal sealed class RefusingSerializer : Serializer
{
    /// <summary>Akka gives the settings of the serializer that stood here; there is nothing to set.</summary>
    public RefusingSerializer(ExtendedActorSystem system, Config settings)
        : base(system) => _ = settings;

    /// <summary>Akka's own for JSON by reflection, so that what another program wrote with it is refused by name.</summary>
    public override int Identifier => 1;

    public override bool IncludeManifest => true;

    public override byte[] ToBinary(object obj) =>
        throw new SerializationException($"{obj.GetType().FullName} has no manifest. Register it in its entity's {nameof(ManifestTable)} before it is stored or sent.");

    public override object FromBinary(byte[] bytes, Type type) => throw new SerializationException($"A {type.FullName} without a manifest is not read.");
}
