using System.Globalization;

namespace ControlPlane.Benchmarks.Measuring;

/// <summary>Collects figures over several runs; prints each as text when it is there, and all as rows of a Markdown table at the end.</summary>
internal sealed class Report(TextWriter output, string title)
{
    private readonly List<string> _order = [];
    private readonly Dictionary<string, List<double>> _values = new(StringComparer.Ordinal);

    /// <param name="name">What was measured.</param>
    /// <param name="unit">Of the value.</param>
    /// <param name="value">Of one run.</param>
    public void Add(string name, string unit, double value)
    {
        var key = $"{name}|{unit}";
        if (!_values.TryGetValue(key, out var values))
        {
            _values.Add(key, values = []);
            _order.Add(key);
        }

        values.Add(value);
        output.WriteLine($"{title}: {name}: {Text(value)} {unit}");
    }

    public void WriteTable()
    {
        output.WriteLine();
        output.WriteLine($"| {title} | median | min..max | runs |");
        output.WriteLine("|---|--:|--:|--:|");
        foreach (var key in _order)
        {
            var values = _values[key];
            var (name, unit) = (key[..key.LastIndexOf('|')], key[(key.LastIndexOf('|') + 1)..]);
            output.WriteLine($"| {name}, {unit} | {Text(Median(values))} | {Text(values.Min())}..{Text(values.Max())} | {values.Count} |");
        }

        output.WriteLine();
    }

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private static string Text(double value) => value.ToString(Math.Abs(value) >= 100 ? "N0" : Math.Abs(value) >= 10 ? "F1" : "F2", CultureInfo.InvariantCulture);
}
