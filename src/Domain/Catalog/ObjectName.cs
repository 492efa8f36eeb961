namespace ControlPlane.Domain.Catalog;

/// <summary>The rule for names of sources, providers, budgets, pools and queues: they become ids, cloud tags and parts of URLs.</summary>
public static class ObjectName
{
    public const int MaxLength = 63;

    /// <summary>The rule as a regular expression.</summary>
    public const string Pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$";

    public const string Rule = "Write 1 to 63 letters, digits, '-', '_' or '.', beginning with a letter or digit.";

    public static bool IsValid(string name) =>
        name.Length is >= 1 and <= MaxLength && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    /// <summary>A name by the rule, as close to a foreign one as it can be.</summary>
    public static string Like(string foreign)
    {
        var kept = new string([.. foreign.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-')]).TrimStart('-', '_', '.');
        return kept.Length == 0 ? "unnamed" : kept[..Math.Min(kept.Length, MaxLength - 4)];
    }

    /// <summary>Checks the names of one list, and that none stands in it twice.</summary>
    internal static void Check(FaultList faults, string list, IEnumerable<string> names)
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        var index = 0;
        foreach (var name in names)
        {
            if (!IsValid(name))
            {
                faults.Add($"{list}[{index}].name", name.Length == 0 ? "The name is empty." : $"'{FaultList.Shorten(name)}' is not a name.", Rule);
            }
            else if (!seen.TryAdd(name, index))
            {
                faults.Add($"{list}[{index}].name", $"'{name}' is already the name of {list}[{seen[name]}].", "Give each its own name, or remove one.");
            }

            index++;
        }
    }
}
