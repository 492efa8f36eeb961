using System.Text.Json.Serialization;
using ControlPlane.Domain.Deciding;

namespace ControlPlane.Domain.Instances;

/// <summary>The id of one launch intent and of the at most one instance that comes of it: a ULID, also the cloud tag and the lease's id.</summary>
[JsonConverter(typeof(TextIdConverter<InstanceId>))]
public sealed record InstanceId(string Value) : IComparable<InstanceId>, ITextId<InstanceId>
{
    public static InstanceId From(string value) => new(value);

    private const string Crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>When the intent was made, to the millisecond: a ULID begins with its time. The epoch for a text that is no ULID.</summary>
    [JsonIgnore]
    public DateTimeOffset CreatedAt
    {
        get
        {
            if (Value.Length != 26)
                return DateTimeOffset.UnixEpoch;
            long milliseconds = 0;
            foreach (var letter in Value.AsSpan(0, 10))
            {
                var digit = Crockford.IndexOf(letter, StringComparison.Ordinal);
                if (digit < 0 || milliseconds > long.MaxValue >> 6)
                    return DateTimeOffset.UnixEpoch;
                milliseconds = (milliseconds << 5) | (uint)digit;
            }

            return milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : DateTimeOffset.UnixEpoch;
        }
    }

    public bool Equals(InstanceId? other) => ReferenceEquals(this, other) || (other is not null && string.Equals(Value, other.Value, StringComparison.Ordinal));

    /// <summary>Of the end of a ULID, which is its random part: ids are what every look and list is told apart by.</summary>
    public override int GetHashCode() => Value.Length == 26 ? string.GetHashCode(Value.AsSpan(18), StringComparison.Ordinal) : Value.GetHashCode(StringComparison.Ordinal);

    public int CompareTo(InstanceId? other) => string.CompareOrdinal(Value, other?.Value);

    public override string ToString() => Value;
}
