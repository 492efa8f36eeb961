namespace ControlPlane.Worker;

/// <summary>What a worker process needs to know. Made by <see cref="WorkerArguments"/> from its command line.</summary>
public sealed record WorkerOptions
{
    /// <summary>The server's address, with or without a path.</summary>
    public required Uri Server { get; init; }

    /// <summary>The name of the queue whose tasks it runs.</summary>
    public required string Queue { get; init; }

    /// <summary>The instance that it is; null for a worker that a person started by hand.</summary>
    public string? Instance { get; init; }

    /// <summary>The pool of the instance.</summary>
    public string? Pool { get; init; }

    /// <summary>The machine type of the instance.</summary>
    public string? Type { get; init; }

    /// <summary>How many tasks it runs at once, each as a worker of its own at the server: 1 to 256.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>Where it keeps working folders, and its instance's state; null for a temporary folder.</summary>
    public string? State { get; init; }

    /// <summary>How long it waits before it registers: stands for a machine's boot.</summary>
    public TimeSpan BootDelay { get; init; }

    /// <summary>It ends itself when it could not reach the server for this long and has no task.</summary>
    public TimeSpan OrphanTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The first part of its workers' names.</summary>
    public string NamePrefix { get; init; } = "dynamic_worker";

    /// <summary>The bearer token for the server, from <c>CONTROLPLANE_TOKEN</c>; tasks do not see it.</summary>
    public string? Token { get; init; }

    /// <summary>The pace at which an idle worker asks for a task; varied by a third up and down.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(0.75);

    /// <summary>The pace of status reports.</summary>
    public TimeSpan ReportInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The pace at which a running task is confirmed, and asked after for a cancellation.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The pace at which log lines are sent.</summary>
    public TimeSpan LogInterval { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>How long one request may take.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The first pause after a request that failed; it doubles up to <see cref="RetryMaximum"/>, varied by a third.</summary>
    public TimeSpan RetryMinimum { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>The longest pause between two tries.</summary>
    public TimeSpan RetryMaximum { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a cancelled task may take after SIGTERM before it is killed.</summary>
    public TimeSpan CancelGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The same when the worker itself must end now.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How many log lines of a task may wait for the server; older ones are dropped, and the log says so.</summary>
    public int LogBufferLines { get; init; } = 20_000;

    /// <summary>The same limit in characters.</summary>
    public int LogBufferChars { get; init; } = 8_000_000;

    /// <summary>The most lines in one request.</summary>
    public int LogBatchLines { get; init; } = 500;

    /// <summary>No more lines go into a request that holds so many characters.</summary>
    public int LogBatchChars { get; init; } = 250_000;

    /// <summary>The size in bytes at which an instance's console is cut to its newer half.</summary>
    public int ConsoleBytes { get; init; } = 1 << 20;
}
