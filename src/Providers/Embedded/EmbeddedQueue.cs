using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;
using ControlPlane.Providers.Storage;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Providers.Embedded;

/// <summary>
/// The product's own queue: tasks, their attempts, logs and workers in SQL tables. Each call is one transaction, so a crash leaves a call either done
/// or not begun. Tasks are run at least once: an attempt whose worker is lost is followed by another, and every attempt stays visible.
/// </summary>
/// <remarks>
/// When an attempt counts as lost, and its task goes back to the front of its queue (or fails, once its attempts are used up):
/// <list type="bullet">
/// <item>its instance ended (<see cref="RequeueInstanceAsync"/>), or its worker unregistered;</item>
/// <item>its worker asks for the next task: a worker runs one task at a time, so it has lost this one, by a restart as a rule. A claim that was never
/// followed by "started" is handed out again instead, with the same attempt number, because the answer to the claim may have been lost on the way;</item>
/// <item>its worker reports itself idle, and nothing was heard of the task for <see cref="EmbeddedQueueOptions.IdleReportGrace"/>;</item>
/// <item>nothing was heard of its worker for the worker's timeout, counted from this queue's own start at the earliest.</item>
/// </list>
/// Registering again is no such sign: a worker may do that while it works, when it finds its server back.
/// A task that ran and failed is not tried again: attempts are for lost workers.
/// </remarks>
public sealed partial class EmbeddedQueue(Database database, EmbeddedQueueOptions options, TimeProvider clock, ILogger<EmbeddedQueue> log)
{
    private long _startedAt;

    public EmbeddedQueueOptions Options => options;

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Creates or upgrades the tables. Must be awaited once before any other call; repeating it does no harm.</summary>
    /// <exception cref="DatabaseSchemaException">A newer version wrote the database.</exception>
    public async Task InitializeAsync(CancellationToken cancel)
    {
        await database.MigrateAsync(EmbeddedSchema.Component, EmbeddedSchema.Steps, cancel);
        Interlocked.CompareExchange(ref _startedAt, Now, 0);
    }

    /// <summary>Creates the queues that do not exist yet.</summary>
    public Task EnsureQueuesAsync(IReadOnlyCollection<QueueName> queues, CancellationToken cancel) => database.WriteAsync(
        async session =>
        {
            var created = 0;
            foreach (var queue in queues) created += await InsertQueueAsync(session, queue.Value);
            return created;
        },
        cancel);

    /// <summary>Creates a queue.</summary>
    /// <returns>The queue, or null if one of that name exists.</returns>
    public Task<EmbeddedQueueInfo?> CreateQueueAsync(QueueName name, CancellationToken cancel) => database.WriteAsync(
        async session => await InsertQueueAsync(session, name.Value) == 0 ? null : (await QueuesAsync(session)).Single(queue => queue.Name == name),
        cancel);

    /// <summary>All queues, by name.</summary>
    public Task<IReadOnlyList<EmbeddedQueueInfo>> QueuesAsync(CancellationToken cancel) => database.ReadAsync(QueuesAsync, cancel);

    /// <summary>The tasks that wait, in the order in which they will be given out, queue by queue.</summary>
    /// <remarks><paramref name="queueIds"/>: Null for all queues.</remarks>
    public Task<IReadOnlyList<QueueEntry>> EntriesAsync(IReadOnlyCollection<string>? queueIds, CancellationToken cancel) => database.ReadAsync<IReadOnlyList<QueueEntry>>(
        async session =>
        {
            var only = queueIds is null ? "" : "AND queue_id IN @queueIds";
            var rows = await session.QueryAsync<EntryRow>(
                $"SELECT queue_id AS QueueId, id AS Id, name AS Name, enqueued AS Enqueued FROM embedded_task WHERE state = 'queued' {only} ORDER BY queue_id, priority DESC, position",
                new { queueIds });
            return [.. rows.Select(row => new QueueEntry(row.QueueId, row.Id, row.Name, UnixTime.At(row.Enqueued)))];
        },
        cancel);

    /// <summary>The given queues and all workers at one instant, in five statements whatever the numbers.</summary>
    internal Task<IReadOnlyList<QueueObservation>> ObserveAsync(IReadOnlyCollection<QueueName> queues, CancellationToken cancel) => database.ReadAsync<IReadOnlyList<QueueObservation>>(
        async session =>
        {
            var asOf = clock.GetUtcNow();
            var wanted = queues.ToHashSet();
            var pending = (await session.QueryAsync<PendingRow>(
                "SELECT queue_id AS QueueId, COUNT(*) AS Pending, MIN(enqueued) AS Oldest FROM embedded_task WHERE state = 'queued' GROUP BY queue_id")).ToDictionary(row => row.QueueId);
            var workers = await WorkersAsync(session, asOf.ToUnixTimeMilliseconds());
            var byQueue = workers.SelectMany(worker => worker.QueueIds.Select(queue => (queue, worker))).ToLookup(pair => pair.queue, pair => pair.worker);
            return [.. (await QueuesAsync(session)).Where(queue => wanted.Contains(queue.Name)).Select(queue =>
            {
                var waiting = pending.GetValueOrDefault(queue.Id);
                return new QueueObservation(
                    queue.Name,
                    asOf,
                    (int)(waiting?.Pending ?? 0),
                    waiting is null ? null : UnixTime.At(waiting.Oldest),
                    [.. byQueue[queue.Id].Select(Observation)]);
            })];
        },
        cancel);

    private static WorkerObservation Observation(QueueWorker worker) => new(
        worker.Name,
        worker.Instance,
        [.. worker.Tasks.Select(task => task.Id)],
        worker.LastReportAt,
        worker.LastActivityAt,
        WorkerName.NativeIdOf(worker.Name));

    private async Task<int> InsertQueueAsync(DatabaseSession session, string name) => await session.ExecuteAsync(
        "INSERT INTO embedded_queue (id, name, created) VALUES (@id, @name, @now) ON CONFLICT (name) DO NOTHING",
        new { id = NewId(), name, now = Now });

    private static async Task<IReadOnlyList<EmbeddedQueueInfo>> QueuesAsync(DatabaseSession session) =>
        [.. (await session.QueryAsync<QueueRow>("SELECT id AS Id, name AS Name, created AS Created FROM embedded_queue ORDER BY name"))
            .Select(row => new EmbeddedQueueInfo(row.Id, new QueueName(row.Name), UnixTime.At(row.Created)))];

    private static Task<string?> QueueIdAsync(DatabaseSession session, string idOrName) =>
        session.FirstAsync<string>("SELECT id FROM embedded_queue WHERE id = @idOrName", new { idOrName });

    /// <summary>The next of the numbers that order tasks: each is greater than all before it.</summary>
    private static async Task<long> NextNumberAsync(DatabaseSession session, int count = 1) =>
        await session.ScalarAsync<long>("UPDATE embedded_counter SET value = value + @count WHERE name = 'sequence' RETURNING value", new { count }) - count + 1;

    private static Task<TaskRow?> FindAsync(DatabaseSession session, string id) =>
        session.FirstAsync<TaskRow>($"{TaskRow.Select} WHERE t.id = @id", new { id });

    private static async Task<QueueTask?> ReadTaskAsync(DatabaseSession session, string id) => (await FindAsync(session, id))?.ToTask();

    private static string NewId() => Guid.NewGuid().ToString("N");

    private static string Text(QueueTaskState state) => state switch
    {
        QueueTaskState.Created => "created",
        QueueTaskState.Queued => "queued",
        QueueTaskState.Running => "running",
        QueueTaskState.Succeeded => "succeeded",
        QueueTaskState.Failed => "failed",
        QueueTaskState.Cancelled => "cancelled",
    };

    private static string Text(AttemptOutcome outcome) => outcome switch
    {
        AttemptOutcome.Succeeded => "succeeded",
        AttemptOutcome.Failed => "failed",
        AttemptOutcome.Cancelled => "cancelled",
        AttemptOutcome.Lost => "lost",
    };

    private sealed class QueueRow
    {
        public string Id { get; init; } = "";

        public string Name { get; init; } = "";

        public long Created { get; init; }
    }

    private sealed class EntryRow
    {
        public string QueueId { get; init; } = "";

        public string Id { get; init; } = "";

        public string Name { get; init; } = "";

        public long Enqueued { get; init; }
    }

    private sealed class PendingRow
    {
        public string QueueId { get; init; } = "";

        public long Pending { get; init; }

        public long Oldest { get; init; }
    }
}
