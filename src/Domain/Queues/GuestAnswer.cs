using System.Text.Json.Serialization;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;

namespace ControlPlane.Domain.Queues;

/// <summary>What a machine that asks for what makes it a worker is told.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Granted), "granted")]
[JsonDerivedType(typeof(TooEarly), "tooEarly")]
[JsonDerivedType(typeof(Refused), "refused")]
public abstract record GuestAnswer
{
    private GuestAnswer()
    {
    }

    /// <summary>It may have it; that is recorded.</summary>
    /// <param name="Instance">Whose machine it is.</param>
    /// <param name="NativeId">Its id at its cloud.</param>
    /// <param name="Type">Its machine type.</param>
    /// <param name="Source">The source of its queue.</param>
    /// <param name="Pool">The template that it was launched from.</param>
    public sealed record Granted(InstanceId Instance, string NativeId, string Type, string Source, PoolSpec Pool) : GuestAnswer;

    /// <summary>It shall ask again in a moment.</summary>
    public sealed record TooEarly(string Because) : GuestAnswer;

    /// <summary>It never may.</summary>
    public sealed record Refused(string Because) : GuestAnswer;
}
