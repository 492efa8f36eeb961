using System.Text.Json.Serialization;
using ControlPlane.Domain.Deciding;

namespace ControlPlane.Domain.Queues;

/// <summary>The name of a queue as declared in the configuration; unique in the cluster.</summary>
[JsonConverter(typeof(TextIdConverter<QueueName>))]
public sealed record QueueName(string Value) : IComparable<QueueName>, ITextId<QueueName>
{
    public static QueueName From(string value) => new(value);

    public int CompareTo(QueueName? other) => string.CompareOrdinal(Value, other?.Value);

    public override string ToString() => Value;
}
