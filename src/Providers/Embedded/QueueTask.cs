using ControlPlane.Domain.Queues;

namespace ControlPlane.Providers.Embedded;

/// <summary>Where a task stands. <see cref="Created"/> is a draft that waits in no queue (ClearML's word).</summary>
public enum QueueTaskState
{
    Created,
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

/// <summary>How an attempt ended. <see cref="Lost"/>: its worker ended or forgot it before it had a result.</summary>
public enum AttemptOutcome
{
    Succeeded,
    Failed,
    Cancelled,
    Lost,
}

/// <summary>One task as the embedded queue has it.</summary>
public sealed record QueueTask
{
    /// <summary>32 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>Rises with every task that is created; lists are paged by it.</summary>
    public required long Sequence { get; init; }

    public required string Name { get; init; }

    public required QueueTaskState State { get; init; }

    /// <summary>The queue that it waits in, or last waited in; null for a draft that never waited.</summary>
    public QueueName? Queue { get; init; }

    public string? QueueId { get; init; }

    /// <summary>The program and its arguments. Empty for a task that a ClearML client described in its own words.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Higher goes first.</summary>
    public required int Priority { get; init; }

    /// <summary>How often it may be started before a lost worker fails it. A task that itself fails is not tried again.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>The number of the current or last attempt; 0 before the first.</summary>
    public required int Attempt { get; init; }

    /// <summary>The worker of the current or last attempt.</summary>
    public string? Worker { get; init; }

    /// <summary>Why it stands where it stands.</summary>
    public string? Reason { get; init; }

    public string? Message { get; init; }

    public int? ExitCode { get; init; }

    /// <summary>What a ClearML client said of the task beyond this record, as JSON; opaque to the queue.</summary>
    public string? Document { get; init; }

    /// <summary>Free text of people and of whoever puts tasks back; null if nobody wrote any.</summary>
    public string? Comment { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? EnqueuedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>When it last came to stand where it stands.</summary>
    public DateTimeOffset ChangedAt => EndedAt ?? StartedAt ?? EnqueuedAt ?? CreatedAt;

    public bool HasEnded => State is QueueTaskState.Succeeded or QueueTaskState.Failed or QueueTaskState.Cancelled;
}

/// <summary>What a task to be created is. The caller has checked it.</summary>
public sealed record NewTask
{
    public required string Name { get; init; }

    /// <summary>The queue it goes to; null makes a draft.</summary>
    public QueueName? Queue { get; init; }

    public required IReadOnlyList<string> Command { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public int Priority { get; init; }

    public int MaxAttempts { get; init; } = 3;

    public string? Document { get; init; }
}

/// <summary>One attempt at a task.</summary>
/// <remarks>
/// <paramref name="StartedAt"/>: When the worker said that the command runs; null if it never did.<br/>
/// <paramref name="Outcome"/>: Null while it runs.
/// </remarks>
public sealed record TaskAttempt(
    int Attempt,
    string? Worker,
    DateTimeOffset ClaimedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? EndedAt,
    AttemptOutcome? Outcome,
    string? Reason,
    int? ExitCode);

/// <summary>Which tasks a list shows, newest first. Every part that is null shows all.</summary>
public sealed record TaskFilter
{
    public IReadOnlyCollection<string>? Ids { get; init; }

    public QueueName? Queue { get; init; }

    public IReadOnlyCollection<QueueTaskState>? States { get; init; }

    public IReadOnlyCollection<string>? Workers { get; init; }

    /// <summary>Only tasks that have, or had, a worker.</summary>
    public bool WithWorker { get; init; }

    /// <summary>Only tasks with a comment.</summary>
    public bool WithComment { get; init; }

    /// <summary>Only tasks that changed at or after this time. Some that did not may be among them.</summary>
    public DateTimeOffset? HeardSince { get; init; }

    /// <summary>Only tasks that were created before the one with this sequence number.</summary>
    public long? Before { get; init; }

    public int Skip { get; init; }

    /// <summary>1 to 1,000.</summary>
    public int Limit { get; init; } = 100;
}

/// <summary>Who speaks of a task, as far as it said so. A part that is null is not checked.</summary>
public sealed record TaskSpeaker(string? Worker, int? Attempt)
{
    public static TaskSpeaker Unknown { get; } = new(null, null);
}

/// <summary>Why the queue refused.</summary>
public enum QueueFault
{
    UnknownTask,
    UnknownQueue,

    /// <summary>The task is not in a state that allows it.</summary>
    WrongState,

    /// <summary>Another worker or a later attempt has the task now: the result is late and does not count.</summary>
    NotYours,
    AlreadyQueued,
    NotQueued,

    /// <summary>The task says nothing that a worker could run.</summary>
    NothingToRun,
}

/// <summary>What became of a request to change a task.</summary>
/// <remarks>
/// <paramref name="Task"/>: The task afterwards; null if it is unknown.<br/>
/// <paramref name="Changed"/>: False where it was so already.<br/>
/// <paramref name="Fault"/>: Null if it was accepted.<br/>
/// <paramref name="Message"/>: A sentence that explains the fault; empty without one.
/// </remarks>
public sealed record TaskChange(QueueTask? Task, bool Changed, QueueFault? Fault = null, string Message = "");

/// <summary>What became of a batch of new tasks.</summary>
/// <remarks>
/// <paramref name="Tasks"/>: In the order in which they were given.<br/>
/// <paramref name="Repeated"/>: The idempotency key was known: these are the tasks that were made then.<br/>
/// <paramref name="KeyReused"/>: The idempotency key was known for other contents; nothing was made.<br/>
/// <paramref name="UnknownQueues"/>: Queues that do not exist; nothing was made.
/// </remarks>
public sealed record Submission(IReadOnlyList<QueueTask> Tasks, bool Repeated, bool KeyReused, IReadOnlyList<QueueName> UnknownQueues);

/// <summary>What the worker that asked for work was given.</summary>
/// <remarks>
/// <paramref name="Task"/>: Null if there is nothing to do, or the worker is draining.<br/>
/// <paramref name="UnknownQueue"/>: The queue does not exist.
/// </remarks>
public sealed record Claim(QueueTask? Task, bool UnknownQueue);
