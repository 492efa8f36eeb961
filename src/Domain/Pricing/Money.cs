using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ControlPlane.Domain.Pricing;

/// <summary>An amount of US dollars as an integer number of micro-dollars. Arithmetic is checked: an overflow throws.</summary>
/// <param name="Micros">Millionths of a dollar; may be negative as a difference.</param>
[JsonConverter(typeof(MoneyConverter))]
public readonly record struct Money(long Micros) : IComparable<Money>
{
    public static readonly Money Zero = new(0);

    /// <summary>Rounds up to the next micro-dollar.</summary>
    public static Money FromDollars(decimal dollars) => new((long)decimal.Ceiling(dollars * 1_000_000m));

    public decimal Dollars => Micros / 1_000_000m;

    public static Money operator +(Money a, Money b) => new(checked(a.Micros + b.Micros));

    public static Money operator -(Money a, Money b) => new(checked(a.Micros - b.Micros));

    public static Money operator -(Money a) => new(checked(-a.Micros));

    public static bool operator <(Money a, Money b) => a.Micros < b.Micros;

    public static bool operator >(Money a, Money b) => a.Micros > b.Micros;

    public static bool operator <=(Money a, Money b) => a.Micros <= b.Micros;

    public static bool operator >=(Money a, Money b) => a.Micros >= b.Micros;

    public static Money Max(Money a, Money b) => a >= b ? a : b;

    public int CompareTo(Money other) => Micros.CompareTo(other.Micros);

    /// <summary>Dollars with at least two and at most six decimals: <c>$1.50</c>, <c>$0.000278</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(Micros < 0 ? "-" : "")}${Math.Abs(Dollars):0.00####}");
}

/// <summary>Money is written as its integer of micro-dollars.</summary>
public sealed class MoneyConverter : JsonConverter<Money>
{
    public override Money Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetInt64());

    public override void Write(Utf8JsonWriter writer, Money value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Micros);
}
