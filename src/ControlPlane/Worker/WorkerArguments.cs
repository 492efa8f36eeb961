using System.Globalization;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Worker;

/// <summary>Reads the command line of <c>controlplane worker</c>. By hand, because a worker has to be up in a moment.</summary>
public static class WorkerArguments
{
    public const string Usage = """
        Usage: controlplane worker --server URL --queue NAME [options]

          --server URL            the server, e.g. http://127.0.0.1:5080
          --queue NAME            the queue whose tasks it runs
          --slots N               tasks at once, 1 to 256 (1)
          --state DIR             where tasks get their working folders (a temporary folder)
          --boot-delay D          wait before registering, e.g. 5s (0)
          --orphan-timeout D      end when the server was out of reach for this long and no task runs (10m)
          --name-prefix P         first part of the worker's name (dynamic_worker)
          --instance, --pool, --type   set by a provider for the instances that it launches

        The variable CONTROLPLANE_TOKEN holds the API token, if the server asks for one.
        SIGTERM: finish the running task, then exit. A second SIGTERM ends the task now.
        """;

    private static readonly (string Suffix, double Seconds)[] _units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)];

    /// <returns>The options, or a sentence that names the faulty option and the fix.</returns>
    public static (WorkerOptions? Options, string? Fault) Parse(IReadOnlyList<string> arguments, string? token)
    {
        try
        {
            return (Read(ToValues(arguments), token), null);
        }
        catch (FormatException e)
        {
            return (null, e.Message);
        }
    }

    private static Dictionary<string, string> ToValues(IReadOnlyList<string> arguments)
    {
        var values = new Dictionary<string, string>();
        for (var i = 0; i < arguments.Count; i++)
        {
            var option = arguments[i];
            string? value = null;
            if (option.IndexOf('=') is > 0 and var sign)
                (option, value) = (option[..sign], option[(sign + 1)..]);
            if (!_known.Contains(option))
                throw new FormatException($"Unknown option '{option}'. Known are {string.Join(", ", _known)}.");
            if (value is null && ++i == arguments.Count)
                throw new FormatException($"{option} needs a value.");
            if (!values.TryAdd(option, value ?? arguments[i]))
                throw new FormatException($"{option} is given twice.");
        }

        return values;
    }

    private static readonly string[] _known =
    [
        "--server", "--queue", "--instance", "--pool", "--type", "--slots", "--state", "--boot-delay", "--orphan-timeout", "--name-prefix",
    ];

    private static WorkerOptions Read(Dictionary<string, string> values, string? token)
    {
        var defaults = new WorkerOptions { Server = new Uri("http://127.0.0.1"), Queue = "" };
        var options = defaults with
        {
            Server = Server(Required(values, "--server")),
            Queue = Required(values, "--queue"),
            Instance = NamePart(values, "--instance"),
            Pool = NamePart(values, "--pool"),
            Type = NamePart(values, "--type"),
            Slots = Slots(values),
            State = values.GetValueOrDefault("--state"),
            BootDelay = Duration(values, "--boot-delay", defaults.BootDelay),
            OrphanTimeout = Duration(values, "--orphan-timeout", defaults.OrphanTimeout),
            NamePrefix = NamePart(values, "--name-prefix") ?? defaults.NamePrefix,
            Token = string.IsNullOrEmpty(token) ? null : token,
        };
        if (options.Instance is not null && (options.Pool is null || options.Type is null))
            throw new FormatException("--instance needs --pool and --type beside it.");
        if (options.Instance is not null && WorkerName.InstanceOf($"p:p:t:{options.Instance}") is null)
            throw new FormatException($"--instance '{options.Instance}' must be a ULID: 26 characters of 0-9 and A-Z.");
        if (options.OrphanTimeout < TimeSpan.FromSeconds(1))
            throw new FormatException("--orphan-timeout must be at least 1s.");
        return options;
    }

    private static string Required(Dictionary<string, string> values, string option) =>
        values.TryGetValue(option, out var value) && value.Length > 0 ? value : throw new FormatException($"{option} is missing.");

    private static Uri Server(string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? new Uri(value.TrimEnd('/') + "/")
            : throw new FormatException($"--server '{value}' is no address; write it as http://host:port.");

    /// <summary>Worker names are made of parts with colons between them.</summary>
    private static string? NamePart(Dictionary<string, string> values, string option)
    {
        var value = values.GetValueOrDefault(option);
        return value is null || (value.Length > 0 && !value.Contains(':'))
            ? value
            : throw new FormatException($"{option} '{value}' must not be empty or hold a colon.");
    }

    private static int Slots(Dictionary<string, string> values)
    {
        if (!values.TryGetValue("--slots", out var value))
            return 1;
        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var slots) && slots is >= 1 and <= 256
            ? slots
            : throw new FormatException($"--slots '{value}' must be a number from 1 to 256.");
    }

    private static TimeSpan Duration(Dictionary<string, string> values, string option, TimeSpan otherwise)
    {
        if (!values.TryGetValue(option, out var value))
            return otherwise;
        foreach (var (suffix, seconds) in _units)
        {
            if (value.EndsWith(suffix, StringComparison.Ordinal)
                && double.TryParse(value[..^suffix.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                && number * seconds <= TimeSpan.FromDays(1).TotalSeconds)
            {
                return TimeSpan.FromSeconds(number * seconds);
            }
        }

        return TimeSpan.TryParseExact(value, "c", CultureInfo.InvariantCulture, out var span) && span >= TimeSpan.Zero && span <= TimeSpan.FromDays(1)
            ? span
            : throw new FormatException($"{option} '{value}' must be a duration up to 24h, such as 500ms, 30s, 10m or 00:10:00.");
    }
}
