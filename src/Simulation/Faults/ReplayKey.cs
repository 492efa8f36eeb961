using System.Globalization;

namespace ControlPlane.Simulation.Faults;

/// <summary>Which part of a seed's scenario is run: written as <c>seed=7 faults=0,3 tasks=1,2 minutes=55</c>. What is left out is all of it.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Faults">Numbers of the faults that are kept; null for all.</param>
/// <param name="Tasks">Numbers of the tasks that are kept; null for all.</param>
/// <param name="Minutes">How long trouble lasts; null for as long as the seed says.</param>
public sealed record ReplayKey(ulong Seed, IReadOnlyList<int>? Faults = null, IReadOnlyList<int>? Tasks = null, int? Minutes = null)
{
    /// <exception cref="FormatException">The text is no key; the message says what is wrong with it.</exception>
    public static ReplayKey Parse(string text)
    {
        ReplayKey? key = null;
        foreach (var part in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = part.Split('=') is [var n, var v] ? (n, v) : throw new FormatException($"'{part}' is not name=value");
            key = (name, key) switch
            {
                ("seed", null) when ulong.TryParse(value, CultureInfo.InvariantCulture, out var seed) => new ReplayKey(seed),
                ("faults", { } k) => k with { Faults = Numbers(value) },
                ("tasks", { } k) => k with { Tasks = Numbers(value) },
                ("minutes", { } k) when int.TryParse(value, CultureInfo.InvariantCulture, out var minutes) => k with { Minutes = minutes },
                _ => throw new FormatException($"'{part}' is not understood; a key is seed=7 faults=0,3 tasks=1,2 minutes=55"),
            };
        }

        return key ?? throw new FormatException("a key begins with seed=");
    }

    /// <exception cref="FormatException">It names a fault or a task that the seed's scenario does not have.</exception>
    public Scenario Scenario()
    {
        var all = ScenarioMaker.Make(Seed);
        return all with
        {
            Faults = Chosen(all.Faults, Faults, "fault"),
            Tasks = Chosen(all.Tasks, Tasks, "task"),
            Trouble = Minutes is { } minutes ? TimeSpan.FromMinutes(minutes) : all.Trouble,
        };
    }

    public override string ToString() => string.Join(' ', Parts());

    private IEnumerable<string> Parts()
    {
        yield return $"seed={Seed}";
        if (Faults is not null)
            yield return $"faults={string.Join(',', Faults)}";
        if (Tasks is not null)
            yield return $"tasks={string.Join(',', Tasks)}";
        if (Minutes is { } minutes)
            yield return $"minutes={minutes}";
    }

    private static int[] Numbers(string text) =>
    [
        .. text.Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(n => int.TryParse(n, CultureInfo.InvariantCulture, out var number) ? number : throw new FormatException($"'{n}' is not a number")),
    ];

    private static IReadOnlyList<T> Chosen<T>(IReadOnlyList<T> all, IReadOnlyList<int>? chosen, string what) => chosen is null
        ? all
        : [.. chosen.Select(i => i >= 0 && i < all.Count ? all[i] : throw new FormatException($"there is no {what} {i}: the scenario has {all.Count}"))];
}
