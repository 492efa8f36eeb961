using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Providers.Embedded;

/// <summary>A queue of the embedded source.</summary>
/// <remarks><paramref name="Id"/>: 32 hexadecimal digits.</remarks>
public sealed record EmbeddedQueueInfo(string Id, QueueName Name, DateTimeOffset CreatedAt);

/// <summary>A task that waits.</summary>
public sealed record QueueEntry(string Queue, string Task, string TaskName, DateTimeOffset EnqueuedAt);

/// <summary>A registered worker.</summary>
/// <remarks><paramref name="Draining"/>: It is given no more tasks.</remarks>
public sealed record QueueWorker(
    string Name,
    InstanceId? Instance,
    string? Ip,
    DateTimeOffset RegisteredAt,
    DateTimeOffset LastReportAt,
    DateTimeOffset? LastActivityAt,
    bool Draining,
    IReadOnlyList<string> QueueIds,
    IReadOnlyList<WorkerTask> Tasks);

/// <summary>A task that a worker runs.</summary>
public sealed record WorkerTask(string Id, string Name, string? QueueId, DateTimeOffset ClaimedAt);

/// <summary>What the queue answers to a worker's report.</summary>
/// <remarks>
/// <paramref name="Draining"/>: Take no more tasks.<br/>
/// <paramref name="TaskTaken"/>: The reported task is no longer this worker's: it was cancelled, or given to another. Its command must be ended.<br/>
/// <paramref name="UnknownTask"/>: The reported task does not exist.
/// </remarks>
public sealed record WorkerReport(bool Draining, bool TaskTaken, bool UnknownTask);

/// <summary>A piece of a task's log, whole lines.</summary>
/// <remarks>
/// <paramref name="Attempt"/>: Null: the current one.<br/>
/// <paramref name="Sequence"/>: The sender's number of the piece within the attempt, which makes a repetition harmless; null: the queue numbers it.
/// </remarks>
public sealed record LogPiece(string Task, string Text, int? Attempt = null, long? Sequence = null);

/// <summary>What became of a batch of log pieces.</summary>
/// <remarks>
/// <paramref name="Added"/>: Accepted, including those that were there already or fell to the limit.<br/>
/// <paramref name="Refused"/>: One sentence for each refused piece.
/// </remarks>
public sealed record LogResult(int Added, IReadOnlyList<string> Refused);

/// <summary>A stored piece of log.</summary>
public sealed record LogChunk(int Attempt, long Sequence, string Text);
