using System.Globalization;
using ControlPlane.Domain.Catalog;

namespace ControlPlane.Simulate;

/// <summary>What <c>simulate trace</c> is told.</summary>
internal sealed record TraceArguments
{
    public const string Usage = """
        Usage: controlplane simulate trace --jobs FILE [--config FILE ...] [--spot FILE] --out FOLDER [--map QUEUE=QUEUE ...] [--boot DURATION] [--seed N]

          --jobs FILE      a trace of jobs: CSV with the columns submit_s, duration_s, queue and, if known, gpus; gzip or not
          --config FILE    a configuration to try; may be repeated. Left out: built-in ones, with our policies and sizes of machines as the trace needs them
          --spot FILE      when spot machines could be had: CSV with the columns time_s, zone, instance_type, available, price; gzip or not
          --out FOLDER     where summary.json, summary.md and index.html are written
          --map A=B        send the trace's queue A to the configuration's queue B; '*=B' sends every queue that is not declared; may be repeated
          --boot DURATION  how long a machine takes until its worker registers, on average, 1s to 6h (3m)
          --seed N         draws the boots, and which of several free workers takes a task (1)

        Exit codes: 0 done, 1 the input is faulty or nothing of it can be served, 2 the command line is wrong.
        """;

    public required string Jobs { get; init; }

    public required string Out { get; init; }

    public IReadOnlyList<string> Configurations { get; init; } = [];

    public string? Spot { get; init; }

    public IReadOnlyDictionary<string, string> Map { get; init; } = new Dictionary<string, string>();

    public TimeSpan Boot { get; init; } = TimeSpan.FromMinutes(3);

    public ulong Seed { get; init; } = 1;

    /// <summary>Reads what follows <c>trace</c>.</summary>
    /// <returns>The arguments, or a sentence that says what is wrong.</returns>
    public static (TraceArguments? Arguments, string? Wrong) Parse(IReadOnlyList<string> words)
    {
        string? jobs = null, spot = null, folder = null;
        var boot = TimeSpan.FromMinutes(3);
        ulong seed = 1;
        List<string> configurations = [];
        Dictionary<string, string> map = new(StringComparer.Ordinal);
        for (var i = 0; i < words.Count; i += 2)
        {
            var (option, value) = (words[i], i + 1 < words.Count ? words[i + 1] : null);
            if (option is not ("--jobs" or "--config" or "--spot" or "--out" or "--map" or "--boot" or "--seed"))
                return (null, $"Unknown option '{option}'. Known are --jobs, --config, --spot, --out, --map, --boot and --seed.");
            if (string.IsNullOrEmpty(value))
                return (null, $"{option} has no value.");
            switch (option)
            {
                case "--jobs":
                    jobs = value;
                    break;
                case "--config":
                    configurations.Add(value);
                    break;
                case "--spot":
                    spot = value;
                    break;
                case "--out":
                    folder = value;
                    break;
                case "--map":
                    var at = value.IndexOf('=', StringComparison.Ordinal);
                    if (at <= 0 || at == value.Length - 1)
                        return (null, $"--map is '{value}'; write QUEUE=QUEUE.");
                    map[value[..at]] = value[(at + 1)..];
                    break;
                case "--boot":
                    if (!DurationText.TryParse(value, out boot) || boot < TimeSpan.FromSeconds(1) || boot > TimeSpan.FromHours(6))
                        return (null, $"--boot is '{value}'; write a duration from 1s to 6h, such as 90s.");
                    break;
                case "--seed":
                    if (!ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out seed))
                        return (null, $"--seed is '{value}'; write a whole number from 0.");
                    break;
            }
        }

        if (jobs is null)
            return (null, "--jobs is missing: the file with the trace.");
        if (folder is null)
            return (null, "--out is missing: the folder for the report.");
        return (new TraceArguments { Jobs = jobs, Out = folder, Configurations = configurations, Spot = spot, Map = map, Boot = boot, Seed = seed }, null);
    }
}
