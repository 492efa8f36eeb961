using ControlPlane.Domain.Sources;
using ControlPlane.Providers.Storage;

namespace ControlPlane.Providers.Embedded;

/// <content>Workers: registered, heard, forgotten.</content>
public sealed partial class EmbeddedQueue
{
    /// <summary>Registers a worker, or registers it anew.</summary>
    /// <remarks>
    /// <paramref name="queueIds"/>: The queues that it serves.<br/>
    /// <paramref name="timeout"/>: How long the registration lasts without a report; null for the default.
    /// </remarks>
    /// <returns>The queues that do not exist; if there are any, nothing was registered.</returns>
    public Task<IReadOnlyList<string>> RegisterAsync(string worker, IReadOnlyList<string> queueIds, TimeSpan? timeout, string? ip, CancellationToken cancel) => database.WriteAsync(
        async session =>
        {
            var unknown = await UnknownQueuesAsync(session, queueIds);
            if (unknown.Count == 0) await TouchAsync(session, worker, queueIds, timeout, ip, addQueues: false);
            return unknown;
        },
        cancel);

    /// <summary>A worker leaves. What the queue believes to be running on it is lost.</summary>
    /// <returns>False if it was not registered.</returns>
    public Task<bool> UnregisterAsync(string worker, CancellationToken cancel) => database.WriteAsync(
        async session =>
        {
            var lost = await session.QueryAsync<TaskRow>($"{TaskRow.Select} WHERE t.state = 'running' AND t.worker = @worker ORDER BY t.position DESC", new { worker });
            await SendBackAsync(session, lost, "Its worker left without a result.");
            return await session.ExecuteAsync("DELETE FROM embedded_worker WHERE name = @worker", new { worker }) > 0;
        },
        cancel);

    /// <summary>A worker's periodic report. One that is not registered is registered by it, for instance after a long silence.</summary>
    /// <remarks>
    /// <paramref name="queueIds"/>: The queues that it serves; null leaves them as they are. Unknown ones are passed over.<br/>
    /// <paramref name="task"/>: The task that it runs; null if it is idle.
    /// </remarks>
    public Task<WorkerReport> ReportAsync(string worker, IReadOnlyList<string>? queueIds, string? task, string? ip, CancellationToken cancel) => database.WriteAsync(
        async session =>
        {
            var known = queueIds?.Except(await UnknownQueuesAsync(session, queueIds)).ToList();
            await TouchAsync(session, worker, known, null, ip, addQueues: false);
            var draining = await IsDrainingAsync(session, WorkerName.MachineOf(worker));
            var now = Now;
            if (task is null)
            {
                var forgotten = await session.QueryAsync<TaskRow>(
                    $"{TaskRow.Select} WHERE t.state = 'running' AND t.worker = @worker AND t.heard < @before ORDER BY t.position DESC",
                    new { worker, before = now - (long)options.IdleReportGrace.TotalMilliseconds });
                await SendBackAsync(session, forgotten, "Its worker says that it is idle.");
                return new WorkerReport(draining, false, false);
            }

            if (await FindAsync(session, task) is not { } row) return new WorkerReport(draining, false, true);
            if (row.TaskState != QueueTaskState.Running || !Owns(row, new TaskSpeaker(worker, null))) return new WorkerReport(draining, true, false);
            await AdoptAsync(session, row, worker);
            await session.ExecuteAsync("UPDATE embedded_task SET heard = @now WHERE id = @task", new { task, now });
            await session.ExecuteAsync("UPDATE embedded_worker SET active = @now WHERE name = @worker", new { worker, now });
            return new WorkerReport(draining, false, false);
        },
        cancel);

    /// <summary>All workers whose registration lasts, or on which a task runs.</summary>
    public Task<IReadOnlyList<QueueWorker>> WorkersAsync(CancellationToken cancel) => database.ReadAsync(session => WorkersAsync(session, Now), cancel);

    private static async Task<IReadOnlyList<QueueWorker>> WorkersAsync(DatabaseSession session, long now)
    {
        var workers = await session.QueryAsync<WorkerRow>($"{WorkerRow.Select} ORDER BY w.name");
        var queues = (await session.QueryAsync<PairRow>("SELECT worker AS First, queue_id AS Second FROM embedded_worker_queue")).ToLookup(row => row.First, row => row.Second);
        var tasks = (await session.QueryAsync<RunningRow>(
            """
            SELECT t.worker AS Worker, t.id AS Id, t.name AS Name, t.queue_id AS QueueId, a.claimed AS Claimed
            FROM embedded_task t JOIN embedded_attempt a ON a.task_id = t.id AND a.attempt = t.attempt
            WHERE t.state = 'running' AND t.worker IS NOT NULL
            """)).ToLookup(row => row.Worker);

        // A silent worker with a task stays in sight: nobody may take its machine for idle.
        return [.. workers.Where(worker => !worker.IsExpired(now) || tasks.Contains(worker.Name)).Select(worker => new QueueWorker(
            worker.Name,
            WorkerName.InstanceOf(worker.Name),
            worker.Ip,
            UnixTime.At(worker.Registered),
            UnixTime.At(worker.Reported),
            UnixTime.At(worker.Active),
            worker.DrainSince is not null,
            [.. queues[worker.Name]],
            [.. tasks[worker.Name].Select(task => new WorkerTask(task.Id, task.Name, task.QueueId, UnixTime.At(task.Claimed)))]))];
    }

    private static async Task<IReadOnlyList<string>> UnknownQueuesAsync(DatabaseSession session, IReadOnlyList<string> queueIds) => queueIds.Count == 0
        ? []
        : [.. queueIds.Except(await session.QueryAsync<string>("SELECT id FROM embedded_queue WHERE id IN @queueIds", new { queueIds }))];

    /// <summary>Notes that a worker was heard, and registers it if it is not, unless its instance has ended.</summary>
    private async Task TouchAsync(DatabaseSession session, string worker, IReadOnlyList<string>? queueIds, TimeSpan? timeout, string? ip, bool addQueues)
    {
        var instance = WorkerName.MachineOf(worker);
        var ended = instance is not null && await session.ScalarAsync<long>("SELECT COUNT(*) FROM embedded_drain WHERE instance = @instance AND ended IS NOT NULL", new { instance }) > 0;
        if (ended) return;

        var seconds = (long?)timeout?.TotalSeconds;
        await session.ExecuteAsync(
            """
            INSERT INTO embedded_worker (name, instance, ip, registered, reported, timeout_seconds) VALUES (@worker, @instance, @ip, @now, @now, COALESCE(@seconds, @defaultSeconds))
            ON CONFLICT (name) DO UPDATE SET reported = excluded.reported, ip = COALESCE(excluded.ip, embedded_worker.ip),
                timeout_seconds = COALESCE(@seconds, embedded_worker.timeout_seconds)
            """,
            new { worker, instance, ip, seconds, defaultSeconds = (long)options.WorkerTimeout.TotalSeconds, now = Now });
        if (queueIds is null) return;
        if (!addQueues) await session.ExecuteAsync("DELETE FROM embedded_worker_queue WHERE worker = @worker AND queue_id NOT IN @queueIds", new { worker, queueIds });
        foreach (var queue in queueIds)
            await session.ExecuteAsync("INSERT INTO embedded_worker_queue (worker, queue_id) VALUES (@worker, @queue) ON CONFLICT (worker, queue_id) DO NOTHING", new { worker, queue });
    }

    private sealed class RunningRow
    {
        public string Worker { get; init; } = "";

        public string Id { get; init; } = "";

        public string Name { get; init; } = "";

        public string? QueueId { get; init; }

        public long Claimed { get; init; }
    }
}
