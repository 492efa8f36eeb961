using System.Globalization;
using System.Security.Cryptography;

namespace ControlPlane.Simulate;

/// <summary>Reads the command line of <c>controlplane simulate</c>.</summary>
public static class SimulateProgram
{
    public const string Usage = """
        Usage: controlplane simulate faults [--seeds N] [--hours N] [--first SEED] [--parallel N]
               controlplane simulate faults --replay KEY
               controlplane simulate trace ...     ('simulate trace --help' tells more)
               controlplane simulate table [--traces FOLDER]

          --seeds N       how many seeds, 1 to 1,000,000,000 (1000; with --hours no limit)
          --hours N       begin no further seed after so many simulated hours, 1 to 1,000,000,000
          --first SEED    the first of them (drawn at random, and printed)
          --parallel N    how many runs at a time, 1 to 1024 (one for each processor)
          --replay KEY    one run again, by the key that a failure printed, with the last lines of its history
          --traces FOLDER job traces to replay with each policy, beside synthetic ones; the table is printed

        Exit codes: 0 every promise was kept, 1 one was broken, 2 the command line is wrong.
        """;

    private const long MostSeeds = 1_000_000_000;

    /// <returns>The exit code that <see cref="Usage"/> describes.</returns>
    public static int Run(IReadOnlyList<string> arguments, TextWriter output, TextWriter error, TimeProvider time, CancellationToken cancel)
    {
        if (arguments is [] or ["--help" or "-h" or "-?"] or [_, "--help" or "-h" or "-?"])
        {
            output.WriteLine(arguments is ["trace", ..] ? TraceArguments.Usage : Usage);
            return arguments.Count == 0 ? 2 : 0;
        }

        return arguments[0] switch
        {
            "faults" => Faults(arguments, output, error, time, cancel),
            "trace" => Trace([.. arguments.Skip(1)], output, error, cancel),
            "table" => Table([.. arguments.Skip(1)], output, error, cancel),
            _ => Wrong(error, $"'{arguments[0]}' cannot be simulated; there are 'faults', 'trace' and 'table'."),
        };
    }

    private static int Trace(IReadOnlyList<string> words, TextWriter output, TextWriter error, CancellationToken cancel)
    {
        var (arguments, wrong) = TraceArguments.Parse(words);
        return arguments is null ? Wrong(error, wrong!) : SimulateTrace.Run(arguments, output, error, cancel);
    }

    private static int Faults(IReadOnlyList<string> arguments, TextWriter output, TextWriter error, TimeProvider time, CancellationToken cancel)
    {
        if (arguments is ["faults", "--replay", var key])
            return SimulateFaults.Replay(output, key);
        long? seeds = null;
        long? hours = null;
        ulong? first = null;
        long parallel = Environment.ProcessorCount;
        string? wrong = null;
        for (var i = 1; i < arguments.Count && wrong is null; i += 2)
        {
            var value = i + 1 < arguments.Count ? arguments[i + 1] : "";
            wrong = arguments[i] switch
            {
                "--seeds" => Number("--seeds", value, MostSeeds, n => seeds = n),
                "--hours" => Number("--hours", value, MostSeeds, n => hours = n),
                "--parallel" => Number("--parallel", value, 1024, n => parallel = n),
                "--first" when ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seed) => Set(out first, seed),
                "--first" => $"--first is '{value}'; write a whole number from 0.",
                _ => $"Unknown option '{arguments[i]}'. Known are --seeds, --hours, --first, --parallel and --replay.",
            };
        }

        if (wrong is not null)
            return Wrong(error, wrong);
        var plan = new FaultPlan
        {
            First = first ?? BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4)),
            Seeds = seeds ?? (hours is null ? 1000 : MostSeeds),
            Hours = hours,
            Parallel = (int)parallel,
        };
        output.WriteLine(seeds is null && hours is { } bound
            ? string.Create(CultureInfo.InvariantCulture, $"Seeds from {plan.First}, for {bound} simulated hours")
            : $"Seeds {plan.First} to {unchecked(plan.First + (ulong)plan.Seeds - 1)}");
        var screen = new CampaignScreen(error, ReferenceEquals(error, Console.Error) && !Console.IsErrorRedirected, plan, time);
        return SimulateFaults.Run(output, time, plan, screen, cancel);
    }

    private static int Table(IReadOnlyList<string> words, TextWriter output, TextWriter error, CancellationToken cancel) => words switch
    {
        [] => SimulateTable.Run(null, output, error, cancel),
        ["--traces", { Length: > 0 } folder] => SimulateTable.Run(folder, output, error, cancel),
        _ => Wrong(error, "'simulate table' takes only --traces FOLDER."),
    };

    private static int Wrong(TextWriter error, string sentence)
    {
        error.WriteLine(sentence);
        return 2;
    }

    private static string? Number(string option, string value, long most, Action<long> set)
    {
        if (!long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < 1 || number > most)
            return string.Create(CultureInfo.InvariantCulture, $"{option} is '{value}'; write a number from 1 to {most}.");
        set(number);
        return null;
    }

    private static string? Set(out ulong? target, ulong value)
    {
        target = value;
        return null;
    }
}
