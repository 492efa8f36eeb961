using System.Globalization;

namespace ControlPlane.Benchmarks.Measuring;

/// <summary>How large and how long a benchmark is; given as <c>--name value</c>.</summary>
internal sealed record Sizes
{
    /// <summary>Repetitions; a figure is their median.</summary>
    public int? Runs { get; private set; }

    /// <summary>Length of one measurement of a throughput.</summary>
    public double Seconds { get; private set; } = 2;

    public int Queues { get; private set; } = 10_000;

    /// <summary>Live instances of each queue.</summary>
    public int PerQueue { get; private set; } = 2;

    /// <summary>Idle workers of the ClearML server.</summary>
    public int Workers { get; private set; } = 5_000;

    /// <summary>How long the processor is watched while nothing happens.</summary>
    public double Rest { get; private set; } = 20;

    /// <summary>Measure on a PostgreSQL server of the benchmark's own instead of SQLite.</summary>
    public bool Postgres { get; private set; }

    /// <summary>Null, after a word on standard error, if they cannot be read.</summary>
    public static Sizes? Parse(ReadOnlySpan<string> arguments)
    {
        var sizes = new Sizes();
        for (var i = 0; i < arguments.Length; i += 2)
        {
            if (arguments[i] == "--postgres")
            {
                sizes.Postgres = true;
                i--;
                continue;
            }

            if (i + 1 >= arguments.Length || !double.TryParse(arguments[i + 1], CultureInfo.InvariantCulture, out var value) || value < 0 || !sizes.Set(arguments[i], value))
            {
                Console.Error.WriteLine($"'{arguments[i]}' is not understood; write --runs, --seconds, --queues, --per-queue, --workers or --rest, each with a number, or --postgres.");
                return null;
            }
        }

        return sizes;
    }

    private bool Set(string name, double value)
    {
        switch (name)
        {
            case "--runs":
                Runs = Math.Max(1, (int)value);
                return true;
            case "--seconds":
                Seconds = value;
                return true;
            case "--queues":
                Queues = Math.Max(1, (int)value);
                return true;
            case "--per-queue":
                PerQueue = (int)value;
                return true;
            case "--workers":
                Workers = (int)value;
                return true;
            case "--rest":
                Rest = value;
                return true;
            default:
                return false;
        }
    }
}
