using System.Globalization;
using System.Security.Cryptography;

namespace ControlPlane.Simulate;

/// <summary>Reads the command line of <c>controlplane simulate</c>.</summary>
public static class SimulateProgram
{
    public const string Usage = """
        Usage: controlplane simulate faults [--seeds N] [--first SEED]
               controlplane simulate faults --replay KEY

          --seeds N       how many seeds, 1 to 1,000,000,000 (1000)
          --first SEED    the first of them (drawn at random, and printed)
          --replay KEY    one run again, by the key that a failure printed, with the last lines of its history

        Exit codes: 0 every promise was kept, 1 one was broken, 2 the command line is wrong.
        """;

    /// <returns>The exit code that <see cref="Usage"/> describes.</returns>
    public static int Run(IReadOnlyList<string> arguments, TextWriter output, TextWriter error, TimeProvider time, CancellationToken cancel)
    {
        if (arguments is [] or ["--help" or "-h" or "-?"])
        {
            output.WriteLine(Usage);
            return arguments.Count == 0 ? 2 : 0;
        }

        if (arguments is ["faults", "--replay", var key])
            return SimulateFaults.Replay(output, key);
        long seeds = 1000;
        ulong? first = null;
        var wrong = arguments[0] == "faults" ? null : $"'{arguments[0]}' cannot be simulated; there is 'faults'.";
        for (var i = 1; i < arguments.Count && wrong is null; i += 2)
        {
            var value = i + 1 < arguments.Count ? arguments[i + 1] : "";
            wrong = arguments[i] switch
            {
                "--seeds" => long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out seeds) && seeds is >= 1 and <= 1_000_000_000
                    ? null
                    : $"--seeds is '{value}'; write a number from 1 to 1000000000.",
                "--first" when ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seed) => Set(out first, seed),
                "--first" => $"--first is '{value}'; write a whole number from 0.",
                _ => $"Unknown option '{arguments[i]}'. Known are --seeds, --first and --replay.",
            };
        }

        if (wrong is not null)
        {
            error.WriteLine(wrong);
            return 2;
        }

        var start = first ?? BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));
        output.WriteLine($"Seeds {start} to {start + (ulong)seeds - 1}");
        return SimulateFaults.Run(output, time, start, seeds, null, cancel);
    }

    private static string? Set(out ulong? target, ulong value)
    {
        target = value;
        return null;
    }
}
