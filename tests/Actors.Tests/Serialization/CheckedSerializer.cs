using System.Collections.Concurrent;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace ControlPlane.Actors.Tests.Serialization;

/// <summary>
/// For nodes of tests that serialize every message, also local ones. Here comes what has no serializer of its own: Akka's messages that never leave a node are handed
/// over as they are; one of ours must not come here.
/// </summary>
public sealed class CheckedSerializer : Serializer
{
    private static readonly ConcurrentDictionary<long, object> Parked = new();
    private static long last;

    /// <summary>Akka gives the settings of the serializer that stood here.</summary>
    public CheckedSerializer(ExtendedActorSystem system, Config settings)
        : base(system) => _ = settings;

    /// <summary>Put before all other settings.</summary>
    public static string Hocon { get; } = $"akka.actor.serialize-messages = on\nakka.actor.serializers.json = \"{typeof(CheckedSerializer).AssemblyQualifiedName}\"\n";

    public override int Identifier => 1;

    public override bool IncludeManifest => false;

    public override byte[] ToBinary(object obj)
    {
        if (obj.GetType().Namespace?.StartsWith("ControlPlane", StringComparison.Ordinal) == true)
            throw new SerializationException($"{obj.GetType().FullName} is sent and has no manifest.");
        var id = Interlocked.Increment(ref last);
        Parked[id] = obj;
        return BitConverter.GetBytes(id);
    }

    public override object FromBinary(byte[] bytes, Type type) => Parked[BitConverter.ToInt64(bytes)];
}
