using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;
using ControlPlane.Providers.Embedded;
using ControlPlane.Providers.Storage;
using ControlPlane.Tests.PostgreSql;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ControlPlane.Providers.Tests.Embedded;

/// <summary>An embedded queue with one queue, on a file of its own and a clock that the test moves.</summary>
internal sealed class EmbeddedFixture : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("controlplane-queue-").FullName;
    private readonly Database _database;

    private EmbeddedFixture(DatabaseKind kind, EmbeddedQueueOptions options)
    {
        ConnectionString = kind == DatabaseKind.Sqlite ? $"Data Source={Path.Combine(_folder, "queue.db")}" : PostgresServer.Shared.NewDatabase();
        _database = new Database(kind, ConnectionString);
        Queue = new EmbeddedQueue(_database, options, Clock, NullLogger<EmbeddedQueue>.Instance);
        Source = new EmbeddedSource(Queue);
    }

    public static QueueName Gpu { get; } = new("gpu");

    public static InstanceId Instance { get; } = new("01ARZ3NDEKTSV4RRFFQ69G5FAV");

    public static InstanceWorkers Workers { get; } = new(new InstanceRef(Instance, null), "pool-a");

    public static string Worker { get; } = new WorkerName("cp", "pool-a", "process", Instance).Format();

    public static string OtherWorker { get; } = new WorkerName("cp", "pool-a", "process", new InstanceId("01BX5ZZKBKACTAV9WEVGEMMVRZ")).Format();

    public string ConnectionString { get; }

    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    public EmbeddedQueue Queue { get; }

    public EmbeddedSource Source { get; }

    public string QueueId { get; private set; } = "";

    public static async Task<EmbeddedFixture> StartAsync(DatabaseKind kind, EmbeddedQueueOptions? options = null)
    {
        var fixture = new EmbeddedFixture(kind, options ?? new EmbeddedQueueOptions());
        await fixture.Queue.InitializeAsync(default);
        await fixture.Queue.EnsureQueuesAsync([Gpu], default);
        fixture.QueueId = (await fixture.Queue.QueuesAsync(default)).Single().Id;
        return fixture;
    }

    public async Task<string> SubmitAsync(string name = "train", int priority = 0, int maxAttempts = 3) =>
        (await Queue.SubmitAsync([new NewTask { Name = name, Queue = Gpu, Command = ["true"], Priority = priority, MaxAttempts = maxAttempts }], null, "", default)).Tasks[0].Id;

    public async Task<QueueTask?> ClaimAsync(string? worker = null) => (await Queue.ClaimAsync(QueueId, worker ?? Worker, null, default)).Task;

    public async Task<QueueTask> ClaimAndStartAsync(string? worker = null)
    {
        var task = await ClaimAsync(worker) ?? throw new InvalidOperationException("Nothing to claim.");
        return (await Queue.StartedAsync(task.Id, new TaskSpeaker(worker ?? Worker, task.Attempt), default)).Task!;
    }

    public Task<TaskChange> SucceedAsync(string id, string? worker = null, int? attempt = null) =>
        Queue.EndAsync(id, new TaskSpeaker(worker ?? Worker, attempt), QueueTaskState.Succeeded, 0, "completed", null, default);

    public async Task<QueueTask> TaskAsync(string id) => await Queue.TaskAsync(id, default) ?? throw new InvalidOperationException("No such task.");

    public async Task<IReadOnlyList<TaskAttempt>> AttemptsAsync(string id) => (await Queue.TaskWithAttemptsAsync(id, default))!.Value.Attempts;

    public async Task<QueueObservation> ObserveAsync() => Assert.Single(await Source.ObserveAsync([Gpu], default));

    public ValueTask DisposeAsync()
    {
        _database.Dispose();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
