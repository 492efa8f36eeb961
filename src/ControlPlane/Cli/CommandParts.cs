namespace ControlPlane.Cli;

/// <summary>What <c>controlplane run</c> was asked for.</summary>
public sealed record RunArguments
{
    public const string DefaultListen = "http://127.0.0.1:8470";

    /// <summary>Where the node keeps its database and its machines' state; null leaves it to files and variables.</summary>
    public string? DataFolder { get; init; }

    /// <summary>A configuration to apply once the node is ready; null for none.</summary>
    public string? ConfigurationFile { get; init; }

    /// <summary>The address to listen on; null leaves it to files and variables.</summary>
    public string? Listen { get; init; }

    /// <summary>A file that takes the log instead of the console; null for the console.</summary>
    public string? LogFile { get; init; }

    /// <summary>Settings as <c>Section:Key=Value</c>; they go before files and variables.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>All of it as settings of the host, <c>--Section:Key=Value</c>. An option goes before a setting of the same meaning.</summary>
    public IReadOnlyList<string> ToHostArguments() =>
    [
        .. Settings.Select(s => $"--{s}"),
        .. Of("DataFolder", DataFolder),
        .. Of("Url", Listen),
        .. Of("ConfigurationFile", ConfigurationFile),
    ];

    private static IEnumerable<string> Of(string key, string? value) => value is null ? [] : [$"--Node:{key}={value}"];
}

/// <summary>What the command line is put together from: the parts that it starts, and its surroundings.</summary>
public sealed record CommandParts
{
    /// <summary>Runs a node until it is cancelled; returns the exit code.</summary>
    public required Func<RunArguments, CancellationToken, Task<int>> Run { get; init; }

    /// <summary>Runs a worker with the arguments after the verb; returns the exit code.</summary>
    public required Func<IReadOnlyList<string>, CancellationToken, Task<int>> Worker { get; init; }

    /// <summary>Runs a simulation with the arguments after the verb; null leaves the verb out.</summary>
    public Func<IReadOnlyList<string>, CancellationToken, Task<int>>? Simulate { get; init; }

    /// <summary>Runs an emulator of a platform with the arguments after the verb; null leaves the verb out.</summary>
    public Func<IReadOnlyList<string>, CancellationToken, Task<int>>? Emulate { get; init; }

    public required Terminal Terminal { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The parts of this program, at this process's terminal.</summary>
    public static CommandParts OfProcess() => new()
    {
        Run = (arguments, cancel) => NodeStart.RunAsync(arguments, cancel),
        Worker = (arguments, _) => ControlPlane.Worker.WorkerProgram.RunAsync([.. arguments]),
        Simulate = (arguments, cancel) => Task.FromResult(ControlPlane.Simulate.SimulateProgram.Run(arguments, Console.Out, Console.Error, TimeProvider.System, cancel)),
        Emulate = (arguments, cancel) => ControlPlane.Emulate.EmulateProgram.RunAsync(arguments, Console.Out, Console.Error, TimeProvider.System, cancel),
        Terminal = Terminal.OfProcess(),
    };

    /// <summary>Makes what carries requests to the server.</summary>
    public Func<HttpMessageHandler> Http { get; init; } = () => new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5), UseProxy = false };
}
