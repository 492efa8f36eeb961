using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ControlPlane.Domain.Catalog;

/// <summary>How people write durations: <c>90s</c>, <c>1h30m</c>, <c>250ms</c>; ISO 8601 (<c>PT1H30M</c>) and .NET's text (<c>01:30:00</c>) are read too.</summary>
public static partial class DurationText
{
    /// <summary>The units, longest first; each may stand once, in this order.</summary>
    private static readonly (string Unit, long Ticks)[] Units =
    [
        ("d", TimeSpan.TicksPerDay), ("h", TimeSpan.TicksPerHour), ("m", TimeSpan.TicksPerMinute), ("s", TimeSpan.TicksPerSecond), ("ms", TimeSpan.TicksPerMillisecond),
    ];

    /// <summary>The shortest exact text; <see cref="TryParse"/> reads it back.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
        {
            return "0s";
        }

        if (duration < TimeSpan.Zero || duration.Ticks % TimeSpan.TicksPerMillisecond != 0)
        {
            return duration.ToString("c", CultureInfo.InvariantCulture);
        }

        var text = new StringBuilder();
        var rest = duration.Ticks;
        foreach (var (unit, ticks) in Units)
        {
            if (rest >= ticks)
            {
                text.Append(CultureInfo.InvariantCulture, $"{rest / ticks}{unit}");
                rest %= ticks;
            }
        }

        return text.ToString();
    }

    /// <summary>Reads a duration. A number without a unit is refused, but for 0: nobody can know what it means.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text.Length is 0 or > 64)
        {
            return false;
        }

        if (text == "0")
        {
            return true;
        }

        if (text.Contains(':', StringComparison.Ordinal))
        {
            return TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out duration);
        }

        var match = Short().Match(text);
        if (!match.Success)
        {
            match = Iso().Match(text);
        }

        return match.Success && TrySum(match, out duration);
    }

    private static bool TrySum(Match match, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        Int128 sum = 0;
        var any = false;
        foreach (var (unit, ticks) in Units)
        {
            var group = match.Groups[unit];
            if (!group.Success)
            {
                continue;
            }

            any = true;
            if (!decimal.TryParse(group.ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number > 1_000_000_000_000m)
            {
                return false;
            }

            var exact = number * ticks;
            if (exact != decimal.Truncate(exact))
            {
                return false;
            }

            sum += (Int128)exact;
        }

        if (!any || sum > long.MaxValue)
        {
            return false;
        }

        duration = TimeSpan.FromTicks((long)sum);
        return true;
    }

    [GeneratedRegex(@"^(?:(?<d>\d+(?:\.\d+)?)d)?\s?(?:(?<h>\d+(?:\.\d+)?)h)?\s?(?:(?<m>\d+(?:\.\d+)?)m)?\s?(?:(?<s>\d+(?:\.\d+)?)s)?\s?(?:(?<ms>\d+)ms)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Short();

    [GeneratedRegex(@"^P(?:(?<d>\d+)D)?(?:T(?=\d)(?:(?<h>\d+)H)?(?:(?<m>\d+)M)?(?:(?<s>\d+(?:\.\d+)?)S)?)?(?<ms>(?!))?$", RegexOptions.CultureInvariant)]
    private static partial Regex Iso();
}
