using System.Globalization;
using System.Text.RegularExpressions;

namespace ControlPlane.Catalog;

/// <summary>How people write amounts: <c>12.50</c>, <c>$12.50</c>, <c>12.50 USD</c>. US dollars only, to the micro-dollar.</summary>
internal static partial class MoneyText
{
    public const string Pattern = @"^-?\$?[0-9]{1,12}(\.[0-9]+)?( ?USD)?$";

    /// <summary>Reads an amount in dollars, exact in micro-dollars. If it is none, says why and what to write.</summary>
    public static bool TryParse(string text, out decimal dollars, out (string Message, string Fix) fault)
    {
        dollars = 0;
        fault = default;
        var match = Amount().Match(text.Length <= 64 ? text : "");
        if (!match.Success)
        {
            fault = ($"'{(text.Length <= 64 ? text : text[..61] + "...")}' is not an amount of money.", "Write dollars, such as 12.50.");
            return false;
        }

        var currency = match.Groups["sign"].Value + match.Groups["code"].Value;
        if (currency is not ("" or "$" or "USD" or "$USD"))
        {
            fault = ($"'{text}' is not in US dollars.", "All amounts are US dollars: convert it, and write it such as 12.50.");
            return false;
        }

        dollars = decimal.Parse($"{match.Groups["minus"].Value}{match.Groups["number"].Value}", NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (dollars * 1_000_000m != decimal.Truncate(dollars * 1_000_000m))
        {
            fault = ($"'{text}' is finer than a millionth of a dollar.", "Write at most six decimals.");
            return false;
        }

        return true;
    }

    /// <summary>At least two decimals; <see cref="TryParse"/> reads it back.</summary>
    public static string Format(decimal dollars) => dollars.ToString("0.00####", CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<minus>-?)(?<sign>[\p{Sc}]?)(?<number>[0-9]{1,12}(\.[0-9]{1,15})?)\s?(?<code>([A-Za-z]{3}|\p{Sc})?)$", RegexOptions.CultureInvariant)]
    private static partial Regex Amount();
}
