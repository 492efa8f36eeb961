using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;
using ControlPlane.Providers.Storage;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Providers.Embedded;

/// <content>An attempt's life: claimed, started, pinged, ended or lost.</content>
public sealed partial class EmbeddedQueue
{
    /// <summary>Gives the worker the next task of a queue: highest priority first, then first come first served.</summary>
    /// <remarks><paramref name="worker"/>: Null for a client that does not say who it is; its worker becomes known with "started" or a status report.</remarks>
    public Task<Claim> ClaimAsync(string queueId, string? worker, string? ip, CancellationToken cancel) => database.WriteAsync(
        async session =>
        {
            if (await QueueIdAsync(session, queueId) is null) return new Claim(null, true);
            if (worker is not null && await GreetAsync(session, worker, queueId, ip) is { } claim) return claim;
            var next = await session.FirstAsync<TaskRow>($"{TaskRow.Select} WHERE t.queue_id = @queueId AND t.state = 'queued' ORDER BY t.priority DESC, t.position LIMIT 1", new { queueId });
            if (next is null) return new Claim(null, false);
            await BeginAttemptAsync(session, next, worker, null);
            return new Claim(await ReadTaskAsync(session, next.Id), false);
        },
        cancel);

    /// <summary>The worker says that the command runs. A task that still waits, or is a draft, is begun by it (a stock agent told to run one task does that).</summary>
    public Task<TaskChange> StartedAsync(string id, TaskSpeaker speaker, CancellationToken cancel) => database.WriteAsync(
        async session =>
        {
            if (await FindAsync(session, id) is not { } row) return UnknownTask(id);
            var now = Now;
            if (row.TaskState is QueueTaskState.Created or QueueTaskState.Queued)
            {
                // A worker that lost this task may still believe that it has it; it must not start what now waits for another.
                if (speaker.Attempt is not null || await HadAttemptAsync(session, row, speaker.Worker)) return NotYours(row);
                if (await IsDrainingAsync(session, WorkerName.MachineOf(speaker.Worker))) return Refuse(row, QueueFault.WrongState, $"Worker '{speaker.Worker}' is draining and may start no task.");
                await BeginAttemptAsync(session, row, speaker.Worker, now);
                return new TaskChange(await ReadTaskAsync(session, id), true);
            }

            if (row.TaskState != QueueTaskState.Running) return WrongState(row, "started");
            if (!Owns(row, speaker)) return NotYours(row);
            await AdoptAsync(session, row, speaker.Worker);
            await session.ExecuteAsync("UPDATE embedded_attempt SET started = COALESCE(started, @now) WHERE task_id = @id AND attempt = @attempt", new { id, attempt = row.Attempt, now });
            await session.ExecuteAsync("UPDATE embedded_task SET started = COALESCE(started, @now), heard = @now WHERE id = @id", new { id, now });
            return new TaskChange(await ReadTaskAsync(session, id), row.Started is null);
        },
        cancel);

    /// <summary>A sign of life of a running task.</summary>
    /// <returns>Null for an unknown task; false if the task is no longer the speaker's, who then must end its command.</returns>
    public Task<bool?> PingAsync(string id, TaskSpeaker speaker, CancellationToken cancel) => database.WriteAsync<bool?>(
        async session =>
        {
            if (await FindAsync(session, id) is not { } row) return null;
            if (row.TaskState is QueueTaskState.Created or QueueTaskState.Queued && speaker == TaskSpeaker.Unknown) return row.Attempt == 0;
            if (row.TaskState != QueueTaskState.Running || !Owns(row, speaker)) return false;
            var now = Now;
            await session.ExecuteAsync("UPDATE embedded_task SET heard = @now WHERE id = @id", new { id, now });
            await session.ExecuteAsync("UPDATE embedded_worker SET reported = @now, active = @now WHERE name = @worker", new { worker = row.Worker, now });
            return true;
        },
        cancel);

    /// <summary>
    /// The end of an attempt as its worker tells it. A result that comes twice changes nothing; one that comes too late, because the task was cancelled,
    /// requeued or given to another, is refused, so that nothing counts twice.
    /// </summary>
    /// <remarks><paramref name="state"/>: Succeeded, failed or cancelled.</remarks>
    public Task<TaskChange> EndAsync(string id, TaskSpeaker speaker, QueueTaskState state, int? exitCode, string? reason, string? message, CancellationToken cancel) => database.WriteAsync(
        async session =>
        {
            if (await FindAsync(session, id) is not { } row) return UnknownTask(id);
            if (row.TaskState == state && Owns(row, speaker)) return new TaskChange(row.ToTask(), false);
            if (row.TaskState != QueueTaskState.Running || !Owns(row, speaker))
            {
                EmbeddedMetrics.Refused.Add(1);
                return row.TaskState == QueueTaskState.Running ? NotYours(row) : WrongState(row, Text(state));
            }

            await AdoptAsync(session, row, speaker.Worker);
            var outcome = state switch
            {
                QueueTaskState.Succeeded => AttemptOutcome.Succeeded,
                QueueTaskState.Failed => AttemptOutcome.Failed,
                _ => AttemptOutcome.Cancelled,
            };
            await FinishAsync(session, row, state, outcome, reason, message, exitCode);
            return new TaskChange(await ReadTaskAsync(session, id), true);
        },
        cancel);

    /// <summary>Marks an instance: its workers, and those that register later, get no more tasks.</summary>
    public Task DrainInstanceAsync(InstanceWorkers workers, CancellationToken cancel) => database.WriteAsync(
        async session =>
        {
            var now = Now;
            await session.ExecuteAsync("DELETE FROM embedded_drain WHERE since < @before", new { before = now - (long)options.DrainMarkLifetime.TotalMilliseconds });
            var marked = 0;
            foreach (var instance in workers.MachineNames)
                marked += await session.ExecuteAsync("INSERT INTO embedded_drain (instance, since) VALUES (@instance, @now) ON CONFLICT (instance) DO NOTHING", new { instance, now });
            return marked;
        },
        cancel);

    /// <summary>
    /// An instance has ended: what still runs on its workers goes back to the front of its queue or, with its attempts used up, fails. Its workers are
    /// forgotten, and a straggler of theirs gets nothing any more.
    /// </summary>
    public Task<RequeueResult> RequeueInstanceAsync(InstanceWorkers workers, RequeueRules rules, string reason, CancellationToken cancel) => database.WriteAsync(
        async session =>
        {
            var now = Now;
            string[] machines = [.. workers.MachineNames];
            foreach (var instance in machines)
            {
                await session.ExecuteAsync(
                    "INSERT INTO embedded_drain (instance, since, ended) VALUES (@instance, @now, @now) ON CONFLICT (instance) DO UPDATE SET ended = COALESCE(embedded_drain.ended, excluded.ended)",
                    new { instance, now });
            }

            var lost = await session.QueryAsync<TaskRow>($"{TaskRow.Select} WHERE t.state = 'running' AND t.instance IN @machines ORDER BY t.position DESC", new { machines });
            var result = await SendBackAsync(session, lost, reason, rules);
            await session.ExecuteAsync("DELETE FROM embedded_worker WHERE instance IN @machines", new { machines });
            return result;
        },
        cancel);

    /// <summary>Sends back the tasks of workers that nothing was heard of for their timeout. Time in which this queue did not run does not count.</summary>
    public Task<RequeueResult> RequeueSilentAsync(CancellationToken cancel) => database.WriteAsync(
        async session =>
        {
            var now = Now;
            var lost = await session.QueryAsync<TaskRow>(
                $"""
                {TaskRow.Select} LEFT JOIN embedded_worker w ON w.name = t.worker
                WHERE t.state = 'running'
                  AND t.heard + COALESCE(w.timeout_seconds, @timeout) * 1000 < @now
                  AND COALESCE(w.reported, 0) + COALESCE(w.timeout_seconds, @timeout) * 1000 < @now
                  AND @startedAt + COALESCE(w.timeout_seconds, @timeout) * 1000 < @now
                ORDER BY t.position DESC
                """,
                new { now, startedAt = Interlocked.Read(ref _startedAt), timeout = (long)options.WorkerTimeout.TotalSeconds });
            return await SendBackAsync(session, lost, "Nothing was heard of its worker for too long.");
        },
        cancel);

    /// <summary>A named worker asks for work: what it still has, if that settles the matter. Tasks that it must have lost are sent back.</summary>
    private async Task<Claim?> GreetAsync(DatabaseSession session, string worker, string queueId, string? ip)
    {
        var running = await session.QueryAsync<TaskRow>($"{TaskRow.Select} WHERE t.state = 'running' AND t.worker = @worker ORDER BY t.position DESC", new { worker });
        await SendBackAsync(session, [.. running.Where(task => task.Started is not null)], "Its worker asked for another task: it was restarted, or had forgotten this one.");
        await TouchAsync(session, worker, [queueId], null, ip, addQueues: true);
        if (running.FirstOrDefault(task => task.Started is null) is { } claimed) return new Claim(claimed.ToTask(), false);
        return await IsDrainingAsync(session, WorkerName.MachineOf(worker)) ? new Claim(null, false) : null;
    }

    private async Task BeginAttemptAsync(DatabaseSession session, TaskRow row, string? worker, long? started)
    {
        var now = Now;
        var arguments = new { id = row.Id, attempt = row.Attempt + 1, worker, instance = WorkerName.MachineOf(worker), now, started };
        await session.ExecuteAsync(
            """
            UPDATE embedded_task SET state = 'running', attempt = @attempt, worker = @worker, instance = @instance, reason = NULL, message = NULL, exit_code = NULL,
                started = @started, ended = NULL, heard = @now WHERE id = @id
            """,
            arguments);
        await session.ExecuteAsync("INSERT INTO embedded_attempt (task_id, attempt, worker, claimed, started) VALUES (@id, @attempt, @worker, @now, @started)", arguments);
        await session.ExecuteAsync("UPDATE embedded_worker SET active = @now WHERE name = @worker", arguments);
        EmbeddedMetrics.Claimed.Add(1);
    }

    /// <summary>A worker speaks of a task that was claimed by nobody in particular: from now on it is that worker's.</summary>
    private static async Task AdoptAsync(DatabaseSession session, TaskRow row, string? worker)
    {
        if (row.Worker is not null || worker is null) return;
        var arguments = new { id = row.Id, attempt = row.Attempt, worker, instance = WorkerName.MachineOf(worker) };
        await session.ExecuteAsync("UPDATE embedded_task SET worker = @worker, instance = @instance WHERE id = @id", arguments);
        await session.ExecuteAsync("UPDATE embedded_attempt SET worker = @worker WHERE task_id = @id AND attempt = @attempt", arguments);
    }

    private async Task<RequeueResult> SendBackAsync(DatabaseSession session, IReadOnlyList<TaskRow> lost, string reason, RequeueRules? rules = null)
    {
        var (requeued, givenUp) = (new List<string>(), new List<string>());
        foreach (var row in lost)
        {
            EmbeddedMetrics.Lost.Add(1);
            if (Refusal(row, rules) is { } refusal)
            {
                await FinishAsync(session, row, QueueTaskState.Failed, AttemptOutcome.Lost, $"{reason} {refusal}", null, null);
                givenUp.Add(row.Id);
                log.LogWarning("Task {Task} failed after attempt {Attempt} on worker {Worker}: {Reason} {Refusal}", row.Id, row.Attempt, row.Worker, reason, refusal);
                continue;
            }

            await EndAttemptAsync(session, row, AttemptOutcome.Lost, reason, null);
            // A position below all others of its priority is the front; later calls go before earlier ones.
            var front = -await NextNumberAsync(session);
            await session.ExecuteAsync(
                """
                UPDATE embedded_task SET state = 'queued', position = @front, worker = NULL, instance = NULL, reason = @reason, message = NULL, enqueued = @now,
                    started = NULL, heard = @now WHERE id = @id
                """,
                new { id = row.Id, front, reason, now = Now });
            requeued.Add(row.Id);
            log.LogInformation("Task {Task} goes back to the front of queue {Queue} after attempt {Attempt} on worker {Worker}: {Reason}", row.Id, row.QueueName, row.Attempt, row.Worker, reason);
        }

        return new RequeueResult(requeued, givenUp);
    }

    /// <summary>Why a task goes back no more; null if it may. A queue's rules can forbid what the task's own attempts allow, not the other way round.</summary>
    private string? Refusal(TaskRow row, RequeueRules? rules)
    {
        var attempts = row.Attempt - row.AttemptsBefore;
        return attempts >= row.MaxAttempts
            ? $"All {row.MaxAttempts} attempts are used up."
            : rules?.Refusal((int)attempts - 1, row.Started is { } started ? TimeSpan.FromMilliseconds(Now - started) : null, int.MaxValue);
    }

    private async Task FinishAsync(DatabaseSession session, TaskRow row, QueueTaskState state, AttemptOutcome outcome, string? reason, string? message, int? exitCode)
    {
        await EndAttemptAsync(session, row, outcome, reason, exitCode);
        var arguments = new { id = row.Id, state = Text(state), reason, message, exitCode, now = Now, worker = row.Worker };
        await session.ExecuteAsync("UPDATE embedded_task SET state = @state, reason = @reason, message = @message, exit_code = @exitCode, ended = @now, heard = @now WHERE id = @id", arguments);
        await session.ExecuteAsync("UPDATE embedded_worker SET active = @now WHERE name = @worker", arguments);
    }

    private Task<int> EndAttemptAsync(DatabaseSession session, TaskRow row, AttemptOutcome outcome, string? reason, int? exitCode) => session.ExecuteAsync(
        "UPDATE embedded_attempt SET ended = @now, outcome = @outcome, reason = @reason, exit_code = @exitCode WHERE task_id = @id AND attempt = @attempt AND ended IS NULL",
        new { id = row.Id, attempt = row.Attempt, outcome = Text(outcome), reason, exitCode, now = Now });

    private static async Task<bool> HadAttemptAsync(DatabaseSession session, TaskRow row, string? worker) => worker is not null
        && await session.ScalarAsync<long>("SELECT COUNT(*) FROM embedded_attempt WHERE task_id = @id AND worker = @worker AND attempt > @before", new { id = row.Id, worker, before = row.AttemptsBefore }) > 0;

    private static async Task<bool> IsDrainingAsync(DatabaseSession session, string? machine) => machine is not null
        && await session.ScalarAsync<long>("SELECT COUNT(*) FROM embedded_drain WHERE instance = @machine", new { machine }) > 0;

    /// <summary>Whether the speaker may speak for the current attempt. An agent that does not say who it is, or claimed without a name, is believed.</summary>
    private static bool Owns(TaskRow row, TaskSpeaker speaker) =>
        (speaker.Worker is null || row.Worker is null || speaker.Worker == row.Worker) && (speaker.Attempt is null || speaker.Attempt == row.Attempt);

    private static TaskChange NotYours(TaskRow row) => Refuse(
        row,
        QueueFault.NotYours,
        $"Task {row.Id} is {row.State} and at attempt {row.Attempt}{(row.Worker is null ? "" : $" on worker '{row.Worker}'")}: what another worker or an earlier attempt says of it does not count.");
}
