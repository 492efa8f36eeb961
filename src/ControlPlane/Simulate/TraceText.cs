using System.Globalization;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Simulate;

/// <summary>How numbers of a replay are written for people.</summary>
internal static class TraceText
{
    /// <summary>Dollars without parts of cents, and without cents from a thousand on.</summary>
    public static string Money(Money money) =>
        money.Dollars >= 1000 ? string.Create(CultureInfo.InvariantCulture, $"${money.Dollars:#,0}") : string.Create(CultureInfo.InvariantCulture, $"${money.Dollars:0.00}");

    /// <summary>A wait; none at all is 0 without a unit.</summary>
    public static string Time(TimeSpan time) => time == TimeSpan.Zero ? "0" : Words.Duration(time);

    public static string Ratio(double? ratio) => ratio is { } number ? string.Create(CultureInfo.InvariantCulture, $"{number:0.000}") : "";

    /// <summary>What a limit holds for: <c>an hour</c>, <c>a month</c>, <c>in all</c>.</summary>
    public static string Per(string window) => window switch
    {
        "total" => "in all",
        "hour" => "an hour",
        _ => $"a {window}",
    };

    public static string Percent(double? share) => share is { } number ? string.Create(CultureInfo.InvariantCulture, $"{number * 100:0} %") : "";
}
