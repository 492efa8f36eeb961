using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ControlPlane.Domain.Pricing;

/// <summary>A price by time, in micro-dollars an hour.</summary>
/// <param name="MicrosPerHour">At least 0.</param>
[JsonConverter(typeof(HourlyRateConverter))]
public readonly record struct HourlyRate(long MicrosPerHour) : IComparable<HourlyRate>
{
    public static readonly HourlyRate Free = new(0);

    /// <summary>Rounds up to the next micro-dollar an hour.</summary>
    public static HourlyRate FromDollars(decimal dollarsPerHour) => new((long)decimal.Ceiling(dollarsPerHour * 1_000_000m));

    public decimal DollarsPerHour => MicrosPerHour / 1_000_000m;

    /// <summary>What <paramref name="time"/> costs, rounded up to the next micro-dollar. A negative time costs nothing.</summary>
    public Money Over(TimeSpan time) => time <= TimeSpan.Zero
        ? Money.Zero
        : new Money((long)((((Int128)MicrosPerHour * time.Ticks) + TimeSpan.TicksPerHour - 1) / TimeSpan.TicksPerHour));

    public int CompareTo(HourlyRate other) => MicrosPerHour.CompareTo(other.MicrosPerHour);

    public static bool operator <(HourlyRate a, HourlyRate b) => a.MicrosPerHour < b.MicrosPerHour;

    public static bool operator >(HourlyRate a, HourlyRate b) => a.MicrosPerHour > b.MicrosPerHour;

    public static bool operator <=(HourlyRate a, HourlyRate b) => a.MicrosPerHour <= b.MicrosPerHour;

    public static bool operator >=(HourlyRate a, HourlyRate b) => a.MicrosPerHour >= b.MicrosPerHour;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"${DollarsPerHour:0.00####}/h");
}

/// <summary>A rate is written as its integer of micro-dollars an hour.</summary>
public sealed class HourlyRateConverter : JsonConverter<HourlyRate>
{
    public override HourlyRate Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetInt64());

    public override void Write(Utf8JsonWriter writer, HourlyRate value, JsonSerializerOptions options) => writer.WriteNumberValue(value.MicrosPerHour);
}
