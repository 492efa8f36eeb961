using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Simulation.Sources;

/// <summary>One time that a task ran, or tried to.</summary>
public sealed class TaskRun(SimulatedTask task, InstanceId instance, DateTimeOffset startedAt, DateTimeOffset workerRegisteredAt)
{
    public SimulatedTask Task => task;

    public InstanceId Instance => instance;

    public DateTimeOffset StartedAt => startedAt;

    public DateTimeOffset WorkerRegisteredAt => workerRegisteredAt;

    /// <summary>Its machine went away under it.</summary>
    public DateTimeOffset? InterruptedAt { get; set; }

    /// <summary>How often it was put back into its queue for this.</summary>
    public int Requeued { get; set; }
}

/// <summary>A task as it truly is.</summary>
public sealed class SimulatedTask(string id, QueueName queue, TimeSpan duration, DateTimeOffset enqueuedAt)
{
    private readonly List<TaskRun> _runs = [];

    public string Id => id;

    public QueueName Queue => queue;

    public TimeSpan Duration => duration;

    public DateTimeOffset EnqueuedAt => enqueuedAt;

    public IReadOnlyList<TaskRun> Runs => _runs;

    public DateTimeOffset? DoneAt { get; set; }

    public TaskRun Run(InstanceId instance, DateTimeOffset at, DateTimeOffset workerRegisteredAt)
    {
        var run = new TaskRun(this, instance, at, workerRegisteredAt);
        _runs.Add(run);
        return run;
    }
}

/// <summary>A worker process on a machine.</summary>
internal sealed class SimulatedWorker(string name, InstanceId instance, QueueName queue, DateTimeOffset registeredAt)
{
    public string Name => name;

    public InstanceId Instance => instance;

    public QueueName Queue => queue;

    public DateTimeOffset RegisteredAt => registeredAt;

    public TaskRun? Run { get; set; }

    public DateTimeOffset? LastActivity { get; set; }

    public DateTimeOffset? DiedAt { get; set; }

    /// <summary>The source has forgotten it until then.</summary>
    public DateTimeOffset UnlistedUntil { get; set; }
}
