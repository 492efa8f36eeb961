using Akka.Actor;
using Akka.Serialization;
using Akka.Util;

namespace ControlPlane.Actors.Serialization;

/// <summary>
/// JSON under explicit manifests, for the journal, the snapshots and the wire. A type without a manifest is refused when it is written. What is written can be read by the
/// oldest node of the cluster (<see cref="Manifests.FormFor"/>).
/// </summary>
/// <param name="system">Whose serializer it is.</param>
/// <param name="manifests">What may be written.</param>
/// <param name="oldest">The version of the oldest node that may have to read it (<see cref="OldestMember"/>).</param>
public sealed class ManifestSerializer(ExtendedActorSystem system, Manifests manifests, Func<AppVersion> oldest) : SerializerWithStringManifest(system)
{
    /// <summary>Stored beside each event. Never to change.</summary>
    public const int StoredIdentifier = 1417;

    /// <summary>
    /// Akka asks for the manifest of an object and for its JSON one after the other, on one thread and in any order. Both must be of one form, also if the oldest node
    /// goes in between.
    /// </summary>
    [ThreadStatic]
    private static (ManifestSerializer Asked, object Value, Manifest Form) s_last;

    public override int Identifier => StoredIdentifier;

    public override string Manifest(object o) => FormOf(o).Name;

    public override byte[] ToBinary(object obj) => Manifests.Write(obj, FormOf(obj));

    public override object FromBinary(byte[] bytes, string manifest) => manifests.Read(manifest, bytes);

    private Manifest FormOf(object value)
    {
        if (ReferenceEquals(s_last.Asked, this) && ReferenceEquals(s_last.Value, value))
            return s_last.Form;
        var form = manifests.FormFor(value, oldest, out var choice);
        if (choice)
            s_last = (this, value, form);
        return form;
    }
}
