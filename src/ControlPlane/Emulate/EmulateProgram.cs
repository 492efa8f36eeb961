using System.Globalization;
using ControlPlane.Simulation.Ec2;

namespace ControlPlane.Emulate;

/// <summary>Reads the command line of <c>controlplane emulate</c>, and runs the emulator until it is stopped.</summary>
public static class EmulateProgram
{
    public const string Usage = """
        Usage: controlplane emulate ec2 [options]

          --port N          the port on 127.0.0.1; 0 for any that is free (4599)
          --boot D          from launch to the start of the guest, e.g. 2s (25s)
          --speed X         machines come, go and are interrupted X times as fast; money and limits keep real time (1)
          --seed N          what is drawn, is drawn from it (1)
          --limits X        the API's rate limits, times X; 0 for none (1)
          --faults LIST     e.g. lost=0.1,dropped=0.05,error=0.05,no-capacity=0.2,never-boots=0.02,shown-late=0.3:10s (none)

        It prints the address to give to the SDK, and ends with SIGTERM or Ctrl+C. What it is told at its address under /emulator, and what it does,
        stands in docs/emulator-ec2.md.
        """;

    /// <summary>The port if none is asked for.</summary>
    public const int DefaultPort = 4599;

    private static readonly (string Suffix, double Seconds)[] _units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)];

    /// <returns>0 when it was stopped, 1 if it cannot listen, 2 for a wrong command line.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output, TextWriter error, TimeProvider time, CancellationToken cancel)
    {
        if (arguments is [] or ["--help" or "-h" or "-?"] or ["ec2", "--help" or "-h" or "-?"])
        {
            await output.WriteLineAsync(Usage);
            return arguments.Count == 0 ? 2 : 0;
        }

        Ec2ServerOptions options;
        try
        {
            options = Parse(arguments);
        }
        catch (FormatException e)
        {
            await error.WriteLineAsync(e.Message);
            return 2;
        }

        try
        {
            await using var server = await Ec2Server.StartAsync(options, time, cancel);
            await output.WriteLineAsync($"EC2 emulator, region {options.Settings.Region}: {server.Url}");
            await output.FlushAsync(cancel);
            var stopped = new TaskCompletionSource();
            await using var registration = cancel.Register(stopped.SetResult);
            await stopped.Task;
            return 0;
        }
        catch (IOException e)
        {
            await error.WriteLineAsync($"The emulator cannot listen on port {options.Port}: {e.Message}");
            return 1;
        }
    }

    /// <exception cref="FormatException">An option is unknown or its value is wrong; the message names it and the fix.</exception>
    public static Ec2ServerOptions Parse(IReadOnlyList<string> arguments)
    {
        if (arguments[0] != "ec2")
            throw new FormatException($"'{arguments[0]}' cannot be emulated; there is 'ec2'.");
        var options = new Ec2ServerOptions { Port = DefaultPort };
        var speed = 1.0;
        for (var i = 1; i < arguments.Count; i += 2)
        {
            var (name, value) = (arguments[i], i + 1 < arguments.Count ? arguments[i + 1] : "");
            var settings = options.Settings;
            switch (name)
            {
                case "--port": options = options with { Port = (int)Number(name, value, 0, 65_535) }; break;
                case "--boot": options = options with { Settings = settings with { Boot = Duration(name, value) } }; break;
                case "--speed": speed = Number(name, value, 0.01, 10_000); break;
                case "--limits": options = options with { Settings = settings with { LimitScale = Number(name, value, 0, 1_000_000) } }; break;
                case "--seed" when ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seed):
                    options = options with { Settings = settings with { Seed = seed } };
                    break;
                case "--seed": throw new FormatException($"--seed is '{value}'; write a whole number from 0.");
                case "--faults": options = options with { Faults = [.. value.Split(',').Select(Fault)] }; break;
                default: throw new FormatException($"Unknown option '{name}'. Known are --port, --boot, --speed, --seed, --limits and --faults.");
            }
        }

        return options with { Settings = options.Settings.Faster(speed) };
    }

    private static Ec2Fault Fault(string text)
    {
        var parts = text.Split('=', ':');
        Ec2FaultKind? kind = parts[0] switch
        {
            "error" => Ec2FaultKind.Error,
            "error-after" => Ec2FaultKind.ErrorAfter,
            "dropped" => Ec2FaultKind.Dropped,
            "lost" => Ec2FaultKind.Lost,
            "delay" => Ec2FaultKind.Delay,
            "late-effect" => Ec2FaultKind.LateEffect,
            "no-capacity" => Ec2FaultKind.NoCapacity,
            "shown-late" => Ec2FaultKind.ShownLate,
            "tags-late" => Ec2FaultKind.TagsLate,
            "never-boots" => Ec2FaultKind.NeverBoots,
            "fails-to-start" => Ec2FaultKind.FailsToStart,
            _ => null,
        };
        if (kind is null || parts.Length is < 2 or > 3)
            throw new FormatException($"--faults has '{text}'; write NAME=CHANCE or NAME=CHANCE:DELAY, such as lost=0.1 or shown-late=0.3:10s.");
        var fault = new Ec2Fault
        {
            Kind = kind.Value,
            Chance = Number($"--faults {parts[0]}", parts[1], 0, 1),
            Delay = parts.Length == 3 ? Duration($"--faults {parts[0]}", parts[2]) : TimeSpan.Zero,
        };
        return fault.Fault() is { } wrong ? throw new FormatException($"--faults {text}: {wrong}") : fault;
    }

    private static double Number(string name, string text, double least, double most) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value
            : throw new FormatException(FormattableString.Invariant($"{name} is '{text}'; write a number from {least} to {most}."));

    private static TimeSpan Duration(string name, string text)
    {
        var unit = _units.FirstOrDefault(u => text.EndsWith(u.Suffix, StringComparison.Ordinal));
        return unit.Suffix is not null && double.TryParse(text[..^unit.Suffix.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            && value * unit.Seconds <= TimeSpan.FromDays(1).TotalSeconds
                ? TimeSpan.FromSeconds(value * unit.Seconds)
                : throw new FormatException($"{name} is '{text}'; write a duration such as 500ms, 25s or 2m, at most a day.");
    }
}
