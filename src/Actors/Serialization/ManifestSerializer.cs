using Akka.Actor;
using Akka.Serialization;

namespace ControlPlane.Actors.Serialization;

/// <summary>JSON under explicit manifests, for the journal, the snapshots and the wire. A type without a manifest is refused when it is written.</summary>
public sealed class ManifestSerializer(ExtendedActorSystem system, Manifests manifests) : SerializerWithStringManifest(system)
{
    /// <summary>Stored beside each event. Never to change.</summary>
    public const int StoredIdentifier = 1417;

    public override int Identifier => StoredIdentifier;

    public override string Manifest(object o) => manifests.NameOf(o);

    public override byte[] ToBinary(object obj) => manifests.Write(obj);

    public override object FromBinary(byte[] bytes, string manifest) => manifests.Read(manifest, bytes);
}
