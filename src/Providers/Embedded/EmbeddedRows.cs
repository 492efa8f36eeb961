using System.Text.Json;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Providers.Embedded;

/// <summary>A row of <c>embedded_task</c>, with its queue's name.</summary>
internal sealed class TaskRow
{
    public const string Select = """
        SELECT t.id AS Id, t.seq AS Seq, t.name AS Name, t.queue_id AS QueueId, q.name AS QueueName, t.state AS State, t.priority AS Priority,
               t.command AS Command, t.environment AS Environment, t.document AS Document, t.comment AS Comment, t.max_attempts AS MaxAttempts, t.attempt AS Attempt,
               t.attempts_before AS AttemptsBefore, t.worker AS Worker, t.instance AS Instance, t.reason AS Reason, t.message AS Message,
               t.exit_code AS ExitCode, t.created AS Created, t.enqueued AS Enqueued, t.started AS Started, t.ended AS Ended, t.heard AS Heard
        FROM embedded_task t LEFT JOIN embedded_queue q ON q.id = t.queue_id
        """;

    public string Id { get; init; } = "";

    public long Seq { get; init; }

    public string Name { get; init; } = "";

    public string? QueueId { get; init; }

    public string? QueueName { get; init; }

    public string State { get; init; } = "";

    public long Priority { get; init; }

    public string Command { get; init; } = "[]";

    public string Environment { get; init; } = "{}";

    public string? Document { get; init; }

    public string? Comment { get; init; }

    public long MaxAttempts { get; init; }

    public long Attempt { get; init; }

    public long AttemptsBefore { get; init; }

    public string? Worker { get; init; }

    public string? Instance { get; init; }

    public string? Reason { get; init; }

    public string? Message { get; init; }

    public long? ExitCode { get; init; }

    public long Created { get; init; }

    public long? Enqueued { get; init; }

    public long? Started { get; init; }

    public long? Ended { get; init; }

    public long Heard { get; init; }

    public QueueTaskState TaskState => Enum.Parse<QueueTaskState>(State, ignoreCase: true);

    public QueueTask ToTask() => new()
    {
        Id = Id,
        Sequence = Seq,
        Name = Name,
        State = TaskState,
        Queue = QueueName is null ? null : new QueueName(QueueName),
        QueueId = QueueId,
        Command = JsonSerializer.Deserialize(Command, EmbeddedJson.Default.IReadOnlyListString) ?? [],
        Environment = JsonSerializer.Deserialize(Environment, EmbeddedJson.Default.IReadOnlyDictionaryStringString) ?? new Dictionary<string, string>(),
        Priority = (int)Priority,
        MaxAttempts = (int)MaxAttempts,
        Attempt = (int)Attempt,
        Worker = Worker,
        Reason = Reason,
        Message = Message,
        ExitCode = (int?)ExitCode,
        Document = Document,
        Comment = Comment,
        CreatedAt = UnixTime.At(Created),
        EnqueuedAt = UnixTime.At(Enqueued),
        StartedAt = UnixTime.At(Started),
        EndedAt = UnixTime.At(Ended),
    };
}

/// <summary>A row of <c>embedded_attempt</c>.</summary>
internal sealed class AttemptRow
{
    public long Attempt { get; init; }

    public string? Worker { get; init; }

    public long Claimed { get; init; }

    public long? Started { get; init; }

    public long? Ended { get; init; }

    public string? Outcome { get; init; }

    public string? Reason { get; init; }

    public long? ExitCode { get; init; }

    public TaskAttempt ToAttempt() => new(
        (int)Attempt,
        Worker,
        UnixTime.At(Claimed),
        UnixTime.At(Started),
        UnixTime.At(Ended),
        Outcome is null ? null : Enum.Parse<AttemptOutcome>(Outcome, ignoreCase: true),
        Reason,
        (int?)ExitCode);
}

/// <summary>A row of <c>embedded_worker</c>, with whether its instance drains.</summary>
internal sealed class WorkerRow
{
    public const string Select = """
        SELECT w.name AS Name, w.instance AS Instance, w.ip AS Ip, w.registered AS Registered, w.reported AS Reported, w.active AS Active,
               w.timeout_seconds AS TimeoutSeconds, d.since AS DrainSince
        FROM embedded_worker w LEFT JOIN embedded_drain d ON d.instance = w.instance
        """;

    public string Name { get; init; } = "";

    public string? Instance { get; init; }

    public string? Ip { get; init; }

    public long Registered { get; init; }

    public long Reported { get; init; }

    public long? Active { get; init; }

    public long TimeoutSeconds { get; init; }

    public long? DrainSince { get; init; }

    public bool IsExpired(long now) => Reported + (TimeoutSeconds * 1_000) < now;
}

/// <summary>Any two texts of a row.</summary>
internal sealed class PairRow
{
    public string First { get; init; } = "";

    public string Second { get; init; } = "";
}

/// <summary>Times as the tables hold them: Unix milliseconds.</summary>
internal static class UnixTime
{
    public static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    public static DateTimeOffset? At(long? milliseconds) => milliseconds is { } value ? At(value) : null;
}
