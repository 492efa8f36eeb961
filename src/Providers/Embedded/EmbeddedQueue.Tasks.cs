using System.Text.Json;
using ControlPlane.Domain.Queues;
using ControlPlane.Providers.Storage;

namespace ControlPlane.Providers.Embedded;

/// <content>Creating, queueing, cancelling and reading tasks.</content>
public sealed partial class EmbeddedQueue
{
    /// <summary>Creates tasks, all or none.</summary>
    /// <remarks>
    /// <paramref name="key"/>: An idempotency key of the client's choosing: repeating it with the same contents makes nothing new. Null for none.<br/>
    /// <paramref name="digest"/>: A digest of the contents that the key stands for.
    /// </remarks>
    public Task<Submission> SubmitAsync(IReadOnlyList<NewTask> tasks, string? key, string digest, CancellationToken cancel) => database.WriteAsync(
        async session =>
        {
            var now = Now;
            if (key is not null && await RecallAsync(session, key, digest, now) is { } earlier) return earlier;

            var queueIds = (await QueuesAsync(session)).ToDictionary(queue => queue.Name, queue => queue.Id);
            var unknown = tasks.Select(task => task.Queue).OfType<QueueName>().Where(queue => !queueIds.ContainsKey(queue)).Distinct().ToList();
            if (unknown.Count > 0) return new Submission([], false, false, unknown);

            var number = await NextNumberAsync(session, tasks.Count);
            var ids = new List<string>();
            foreach (var task in tasks) ids.Add(await InsertTaskAsync(session, task, task.Queue is null ? null : queueIds[task.Queue], number++, now));
            if (key is not null)
            {
                await session.ExecuteAsync(
                    "INSERT INTO embedded_submission (key, digest, tasks, created) VALUES (@key, @digest, @ids, @now)",
                    new { key, digest, ids = JsonSerializer.Serialize(ids, EmbeddedJson.Default.IReadOnlyListString), now });
            }

            EmbeddedMetrics.Submitted.Add(tasks.Count);
            return new Submission(await ReadTasksAsync(session, ids), false, false, []);
        },
        cancel);

    /// <summary>One task, or null.</summary>
    public Task<QueueTask?> TaskAsync(string id, CancellationToken cancel) => database.ReadAsync(session => ReadTaskAsync(session, id), cancel);

    /// <summary>One task with all its attempts, oldest first, or null.</summary>
    public Task<(QueueTask Task, IReadOnlyList<TaskAttempt> Attempts)?> TaskWithAttemptsAsync(string id, CancellationToken cancel) =>
        database.ReadAsync<(QueueTask, IReadOnlyList<TaskAttempt>)?>(
            async session =>
            {
                if (await ReadTaskAsync(session, id) is not { } task) return null;
                var rows = await session.QueryAsync<AttemptRow>(
                    """
                    SELECT attempt AS Attempt, worker AS Worker, claimed AS Claimed, started AS Started, ended AS Ended, outcome AS Outcome, reason AS Reason, exit_code AS ExitCode
                    FROM embedded_attempt WHERE task_id = @id ORDER BY attempt
                    """,
                    new { id });
                return (task, [.. rows.Select(row => row.ToAttempt())]);
            },
            cancel);

    /// <summary>Tasks that pass the filter, newest first.</summary>
    public Task<IReadOnlyList<QueueTask>> TasksAsync(TaskFilter filter, CancellationToken cancel) => database.ReadAsync<IReadOnlyList<QueueTask>>(
        async session =>
        {
            var conditions = new List<string> { "1 = 1" };
            if (filter.Ids is not null) conditions.Add("t.id IN @ids");
            if (filter.Queue is not null) conditions.Add("t.queue_id = (SELECT id FROM embedded_queue WHERE name = @queue)");
            if (filter.States is not null) conditions.Add("t.state IN @states");
            if (filter.Workers is not null) conditions.Add("t.worker IN @workers");
            if (filter.WithWorker) conditions.Add("t.worker IS NOT NULL");
            if (filter.WithComment) conditions.Add("t.comment IS NOT NULL");
            if (filter.HeardSince is not null) conditions.Add("(t.heard >= @since OR t.ended >= @since)");
            if (filter.Before is not null) conditions.Add("t.seq < @before");
            var rows = await session.QueryAsync<TaskRow>(
                $"{TaskRow.Select} WHERE {string.Join(" AND ", conditions)} ORDER BY t.seq DESC LIMIT @limit OFFSET @skip",
                new
                {
                    ids = filter.Ids,
                    queue = filter.Queue?.Value,
                    states = filter.States?.Select(Text).ToList(),
                    workers = filter.Workers,
                    before = filter.Before,
                    since = filter.HeardSince?.ToUnixTimeMilliseconds(),
                    limit = filter.Limit,
                    skip = filter.Skip,
                });
            return [.. rows.Select(row => row.ToTask())];
        },
        cancel);

    /// <summary>Puts a draft, or a task that was cancelled or failed, at the end of its priority in a queue. Its attempts are counted anew.</summary>
    /// <remarks><paramref name="queueId"/>: Null: the queue that it was in before.</remarks>
    public Task<TaskChange> EnqueueAsync(string id, string? queueId, CancellationToken cancel) => database.WriteAsync(
        async session =>
        {
            if (await FindAsync(session, id) is not { } row) return UnknownTask(id);
            var queue = queueId ?? row.QueueId;
            if (queue is null || await QueueIdAsync(session, queue) is null) return Refuse(row, QueueFault.UnknownQueue, $"There is no queue with id '{queue}'.");
            if (row.TaskState == QueueTaskState.Queued) return Refuse(row, QueueFault.AlreadyQueued, $"Task {id} waits in queue '{row.QueueName}' already.");
            if (row.TaskState is QueueTaskState.Running or QueueTaskState.Succeeded) return WrongState(row, "enqueued");
            if (row.Command == "[]" && row.Document is null) return Refuse(row, QueueFault.NothingToRun, $"Task {id} has no command.");

            var position = await NextNumberAsync(session);
            await session.ExecuteAsync(
                """
                UPDATE embedded_task SET state = 'queued', queue_id = @queue, position = @position, attempts_before = attempt, worker = NULL, instance = NULL,
                    reason = NULL, message = NULL, exit_code = NULL, enqueued = @now, started = NULL, ended = NULL, heard = @now WHERE id = @id
                """,
                new { id, queue, position, now = Now });
            return new TaskChange(await ReadTaskAsync(session, id), true);
        },
        cancel);

    /// <summary>Replaces a task's comment, whatever its state; null removes it.</summary>
    public Task<TaskChange> CommentAsync(string id, string? comment, CancellationToken cancel) => database.WriteAsync(
        async session =>
        {
            if (await FindAsync(session, id) is not { } row) return UnknownTask(id);
            await session.ExecuteAsync("UPDATE embedded_task SET comment = @comment WHERE id = @id", new { id, comment });
            return new TaskChange(await ReadTaskAsync(session, id), row.Comment != comment);
        },
        cancel);

    /// <summary>Puts a waiting task before all others of its queue that have its priority.</summary>
    public Task<TaskChange> MoveToFrontAsync(string id, string queueId, CancellationToken cancel) => database.WriteAsync(
        async session =>
        {
            if (await FindAsync(session, id) is not { } row) return UnknownTask(id);
            if (row.TaskState != QueueTaskState.Queued || queueId != row.QueueId) return Refuse(row, QueueFault.NotQueued, $"Task {id} does not wait in that queue; it is {row.State}.");
            await session.ExecuteAsync("UPDATE embedded_task SET position = @front WHERE id = @id", new { id, front = -await NextNumberAsync(session) });
            return new TaskChange(await ReadTaskAsync(session, id), true);
        },
        cancel);

    /// <summary>Takes a waiting task out of its queue; it becomes a draft.</summary>
    /// <remarks><paramref name="queueId"/>: If given, only out of this queue.</remarks>
    public Task<TaskChange> DequeueAsync(string id, string? queueId, CancellationToken cancel) => database.WriteAsync(
        async session =>
        {
            if (await FindAsync(session, id) is not { } row) return UnknownTask(id);
            if (row.TaskState != QueueTaskState.Queued || (queueId is not null && queueId != row.QueueId))
                return Refuse(row, QueueFault.NotQueued, $"Task {id} does not wait in that queue; it is {row.State}.");
            await session.ExecuteAsync("UPDATE embedded_task SET state = 'created', enqueued = NULL WHERE id = @id", new { id });
            return new TaskChange(await ReadTaskAsync(session, id), true);
        },
        cancel);

    /// <summary>
    /// Cancels a task that has not ended. If it runs, its worker learns of it with its next ping or report and ends the command; a result that it still
    /// sends is refused. Cancelling a cancelled task changes nothing.
    /// </summary>
    public Task<TaskChange> CancelAsync(string id, string reason, CancellationToken cancel) => database.WriteAsync(
        async session =>
        {
            if (await FindAsync(session, id) is not { } row) return UnknownTask(id);
            if (row.TaskState == QueueTaskState.Cancelled) return new TaskChange(row.ToTask(), false);
            if (row.TaskState is QueueTaskState.Succeeded or QueueTaskState.Failed) return WrongState(row, "cancelled");
            await FinishAsync(session, row, QueueTaskState.Cancelled, AttemptOutcome.Cancelled, reason, null, null);
            return new TaskChange(await ReadTaskAsync(session, id), true);
        },
        cancel);

    /// <summary>Makes a draft of a task again. Its attempts and logs stay on record, but no longer count against its limit.</summary>
    /// <remarks><paramref name="force"/>: Also if it runs: that attempt is cancelled.</remarks>
    public Task<TaskChange> ResetAsync(string id, bool force, CancellationToken cancel) => database.WriteAsync(
        async session =>
        {
            if (await FindAsync(session, id) is not { } row) return UnknownTask(id);
            if (row.TaskState == QueueTaskState.Created) return new TaskChange(row.ToTask(), false);
            if (row.TaskState == QueueTaskState.Running && !force) return WrongState(row, "reset without force");
            await EndAttemptAsync(session, row, AttemptOutcome.Cancelled, "The task was reset.", null);
            await session.ExecuteAsync(
                """
                UPDATE embedded_task SET state = 'created', attempts_before = attempt, worker = NULL, instance = NULL, reason = NULL, message = NULL,
                    exit_code = NULL, enqueued = NULL, started = NULL, ended = NULL WHERE id = @id
                """,
                new { id });
            return new TaskChange(await ReadTaskAsync(session, id), true);
        },
        cancel);

    private static async Task<IReadOnlyList<QueueTask>> ReadTasksAsync(DatabaseSession session, IReadOnlyList<string> ids)
    {
        var rows = (await session.QueryAsync<TaskRow>($"{TaskRow.Select} WHERE t.id IN @ids", new { ids })).ToDictionary(row => row.Id);
        return [.. ids.Where(rows.ContainsKey).Select(id => rows[id].ToTask())];
    }

    private async Task<Submission?> RecallAsync(DatabaseSession session, string key, string digest, long now)
    {
        await session.ExecuteAsync("DELETE FROM embedded_submission WHERE created < @before", new { before = now - (long)options.IdempotencyKeyLifetime.TotalMilliseconds });
        var known = await session.FirstAsync<PairRow>("SELECT digest AS First, tasks AS Second FROM embedded_submission WHERE key = @key", new { key });
        if (known is null) return null;
        if (known.First != digest) return new Submission([], false, true, []);
        var ids = JsonSerializer.Deserialize(known.Second, EmbeddedJson.Default.IReadOnlyListString) ?? [];
        return new Submission(await ReadTasksAsync(session, ids), true, false, []);
    }

    private static async Task<string> InsertTaskAsync(DatabaseSession session, NewTask task, string? queueId, long number, long now)
    {
        var id = NewId();
        await session.ExecuteAsync(
            """
            INSERT INTO embedded_task (id, seq, name, queue_id, state, priority, position, command, environment, document, max_attempts, attempt, attempts_before,
                created, enqueued, heard)
            VALUES (@id, @number, @name, @queueId, @state, @priority, @number, @command, @environment, @document, @maxAttempts, 0, 0, @now, @enqueued, @now)
            """,
            new
            {
                id,
                number,
                name = task.Name,
                queueId,
                state = Text(queueId is null ? QueueTaskState.Created : QueueTaskState.Queued),
                priority = (long)task.Priority,
                command = JsonSerializer.Serialize(task.Command, EmbeddedJson.Default.IReadOnlyListString),
                environment = JsonSerializer.Serialize(task.Environment, EmbeddedJson.Default.IReadOnlyDictionaryStringString),
                document = task.Document,
                maxAttempts = (long)task.MaxAttempts,
                now,
                enqueued = queueId is null ? (long?)null : now,
            });
        return id;
    }

    private static TaskChange UnknownTask(string id) => new(null, false, QueueFault.UnknownTask, $"There is no task with id '{id}'.");

    private static TaskChange Refuse(TaskRow row, QueueFault fault, string message) => new(row.ToTask(), false, fault, message);

    private static TaskChange WrongState(TaskRow row, string what) =>
        Refuse(row, QueueFault.WrongState, $"Task {row.Id} is {row.State} and cannot be {what}.");
}
