using System.Text.Json.Serialization;

namespace ControlPlane.Providers.ClearMl.Wire;

/// <summary><c>workers.register</c>, and with <see cref="Worker"/> alone <c>workers.unregister</c>.</summary>
public sealed record WorkerRegisterRequest
{
    public string? Worker { get; init; }

    /// <summary>Seconds without a report after which the registration ends.</summary>
    public int? Timeout { get; init; }

    [JsonConverter(typeof(OneOrManyConverter))]
    public IReadOnlyList<string>? Queues { get; init; }
}

public sealed record WorkerStatusReportRequest
{
    public string? Worker { get; init; }

    /// <summary>The task that runs now; absent while idle.</summary>
    public string? Task { get; init; }

    public string? Queue { get; init; }

    /// <summary>Absent: unchanged.</summary>
    [JsonConverter(typeof(OneOrManyConverter))]
    public IReadOnlyList<string>? Queues { get; init; }
}

/// <summary>Both members are our extension, and absent where they are false.</summary>
public sealed record WorkerStatusReportResponse
{
    /// <summary>Take no more tasks.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Draining { get; init; }

    /// <summary>The reported task was cancelled or taken away: end its command.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Cancelled { get; init; }
}

public sealed record WorkersGetAllRequest
{
    /// <summary>Seconds; 0 shows all.</summary>
    public int? LastSeen { get; init; }
}

public sealed record WorkersGetAllResponse(IReadOnlyList<WireWorker> Workers);

public sealed record WireWorker
{
    public required string Id { get; init; }

    public string? Ip { get; init; }

    public DateTimeOffset RegisterTime { get; init; }

    public DateTimeOffset LastActivityTime { get; init; }

    public DateTimeOffset LastReportTime { get; init; }

    /// <summary>Present only while it runs one.</summary>
    public WireWorkerTask? Task { get; init; }

    public WireIdName? Queue { get; init; }

    public IReadOnlyList<WireIdName> Queues { get; init; } = [];

    /// <summary>Our extension: it is given no more tasks.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Draining { get; init; }
}

/// <summary>The task that a worker runs, and for how many milliseconds.</summary>
public sealed record WireWorkerTask(string Id, string Name, long RunningTime);
