using System.Globalization;

namespace ControlPlane.Domain.Catalog;

/// <summary>Gathers faults. Bounded, so that a document with a hundred thousand faults costs no more than one with a thousand.</summary>
internal sealed class FaultList
{
    private const int MostFaults = 1_000;
    private const int MostSuggestions = 50;
    private const int MostListed = 8;

    private readonly List<ConfigurationFault> faults = [];
    private int unlisted;
    private int suggestions;

    public void Add(string path, string message, string fix)
    {
        if (faults.Count < MostFaults)
        {
            faults.Add(new ConfigurationFault(path, message, fix));
        }
        else
        {
            unlisted++;
        }
    }

    /// <summary>Something is referred to that is not declared.</summary>
    public void Unknown(string path, string kind, string plural, string written, IReadOnlyCollection<string> known)
    {
        string? near = null;
        if (suggestions < MostSuggestions)
        {
            suggestions++;
            near = Suggestion.Nearest(written, known);
        }

        Add(
            path,
            $"There is no {kind} '{Shorten(written)}'.",
            near is not null ? $"Did you mean '{near}'?"
                : known.Count == 0 ? $"Declare it under {plural}; there is none yet."
                : known.Count <= MostListed ? $"Declare it under {plural}, or use one of: {string.Join(", ", known.Where(ObjectName.IsValid))}."
                : $"Declare it under {plural}.");
    }

    public void Range(string path, TimeSpan value, TimeSpan least, TimeSpan most) =>
        Range(path, value, least, most, DurationText.Format);

    public void Range(string path, int value, int least, int most) =>
        Range(path, value, least, most, v => v.ToString("N0", CultureInfo.InvariantCulture));

    public void Range<T>(string path, T value, T least, T most, Func<T, string> text)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            Add(path, $"{text(value)} is out of range.", $"Write a value from {text(least)} to {text(most)}.");
        }
    }

    public void Count(string path, int count, int most, string plural)
    {
        if (count > most)
        {
            Add(path, $"There are {count:N0} {plural}.", $"Declare at most {most:N0}.");
        }
    }

    public IReadOnlyList<ConfigurationFault> All() => unlisted == 0
        ? faults
        : [.. faults, new ConfigurationFault("", $"There are {unlisted:N0} more faults.", "Mend these first.")];

    /// <summary>A value as it may stand in a message: long ones are cut.</summary>
    public static string Shorten(string value) => value.Length <= 80 ? value : $"{value[..77]}...";
}
