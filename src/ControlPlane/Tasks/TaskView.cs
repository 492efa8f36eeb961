using ControlPlane.Providers.Embedded;

namespace ControlPlane.Tasks;

/// <summary>A task as the API shows it.</summary>
public sealed record TaskView
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string? Queue { get; init; }

    /// <summary><c>created</c>, <c>queued</c>, <c>running</c>, <c>succeeded</c>, <c>failed</c> or <c>cancelled</c>.</summary>
    public required string State { get; init; }

    /// <summary>Why it stands where it stands.</summary>
    public required string? Reason { get; init; }

    public required string? Message { get; init; }

    public required IReadOnlyList<string> Command { get; init; }

    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    public required int Priority { get; init; }

    public required int Attempt { get; init; }

    public required int MaxAttempts { get; init; }

    public required string? Worker { get; init; }

    public required int? ExitCode { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset? EnqueuedAt { get; init; }

    public required DateTimeOffset? StartedAt { get; init; }

    public required DateTimeOffset? EndedAt { get; init; }

    /// <summary>Oldest first; only where a single task is shown.</summary>
    public IReadOnlyList<AttemptView>? Attempts { get; init; }

    public static TaskView From(QueueTask task, IReadOnlyList<TaskAttempt>? attempts = null) => new()
    {
        Id = task.Id,
        Name = task.Name,
        Queue = task.Queue?.Value,
        State = NameOf(task.State),
        Reason = task.Reason,
        Message = task.Message,
        Command = task.Command,
        Environment = task.Environment,
        Priority = task.Priority,
        Attempt = task.Attempt,
        MaxAttempts = task.MaxAttempts,
        Worker = task.Worker,
        ExitCode = task.ExitCode,
        CreatedAt = task.CreatedAt,
        EnqueuedAt = task.EnqueuedAt,
        StartedAt = task.StartedAt,
        EndedAt = task.EndedAt,
        Attempts = attempts?.Select(AttemptView.From).ToList(),
    };

    /// <summary>The word for a state in this API.</summary>
    public static string NameOf(QueueTaskState state) => state.ToString().ToLowerInvariant();
}

/// <summary>One attempt at a task.</summary>
public sealed record AttemptView
{
    public required int Attempt { get; init; }

    public required string? Worker { get; init; }

    public required DateTimeOffset ClaimedAt { get; init; }

    public required DateTimeOffset? StartedAt { get; init; }

    public required DateTimeOffset? EndedAt { get; init; }

    /// <summary><c>succeeded</c>, <c>failed</c>, <c>cancelled</c> or <c>lost</c>; null while it runs.</summary>
    public required string? Outcome { get; init; }

    public required string? Reason { get; init; }

    public required int? ExitCode { get; init; }

    public static AttemptView From(TaskAttempt attempt) => new()
    {
        Attempt = attempt.Attempt,
        Worker = attempt.Worker,
        ClaimedAt = attempt.ClaimedAt,
        StartedAt = attempt.StartedAt,
        EndedAt = attempt.EndedAt,
        Outcome = attempt.Outcome?.ToString().ToLowerInvariant(),
        Reason = attempt.Reason,
        ExitCode = attempt.ExitCode,
    };
}

/// <summary>A page of tasks, newest first.</summary>
/// <param name="Items">The tasks.</param>
/// <param name="Next">Pass it as <c>after</c> to get the next page; null on the last.</param>
public sealed record TaskPage(IReadOnlyList<TaskView> Items, string? Next);

/// <summary>The tasks that a batch made, in its order.</summary>
public sealed record TaskBatchView(IReadOnlyList<TaskView> Items);
