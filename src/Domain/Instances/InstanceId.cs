namespace ControlPlane.Domain.Instances;

/// <summary>The id of one launch intent and of the at most one instance that comes of it: a ULID, also the cloud tag and the lease's id.</summary>
public sealed record InstanceId(string Value) : IComparable<InstanceId>
{
    public int CompareTo(InstanceId? other) => string.CompareOrdinal(Value, other?.Value);

    public override string ToString() => Value;
}
