namespace ControlPlane.Domain.Queues;

/// <summary>The name of a queue as declared in the configuration; unique in the cluster.</summary>
public sealed record QueueName(string Value) : IComparable<QueueName>
{
    public int CompareTo(QueueName? other) => string.CompareOrdinal(Value, other?.Value);

    public override string ToString() => Value;
}
