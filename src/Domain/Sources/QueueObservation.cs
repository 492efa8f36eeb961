using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Sources;

/// <summary>What one complete and successful look at a source showed of one queue. A look that failed is no observation.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="AsOf">When the look began; what happened later may be missing in it.</param>
/// <param name="Pending">Tasks that wait in the queue.</param>
/// <param name="OldestEnqueuedAt">When the longest waiting of them was enqueued; null if none waits.</param>
/// <param name="Workers">Every worker that serves the queue, ours and others.</param>
/// <param name="Missing">The source no longer has the queue, and still has its workers: nothing is launched for it, and what is idle may leave.</param>
public sealed record QueueObservation(
    QueueName Queue,
    DateTimeOffset AsOf,
    int Pending,
    DateTimeOffset? OldestEnqueuedAt,
    IReadOnlyList<WorkerObservation> Workers,
    bool Missing = false);

/// <summary>One worker as its source lists it. A listed worker is no proof of a machine: registrations outlive their processes.</summary>
/// <param name="Worker">The worker's name at its source.</param>
/// <param name="Instance">Our instance that it runs on; null for a worker that we did not start.</param>
/// <param name="Tasks">Ids of the tasks that it runs now; empty while idle.</param>
/// <param name="LastSeen">Its last report to the source.</param>
/// <param name="LastActivity">When it last had a task, if the source knows: catches a task shorter than the pace of observation.</param>
/// <param name="NativeId">The platform's id of its machine, where its name states that in place of our instance: the queue's scaler knows whether the machine is ours.</param>
public sealed record WorkerObservation(
    string Worker,
    InstanceId? Instance,
    IReadOnlyList<string> Tasks,
    DateTimeOffset LastSeen,
    DateTimeOffset? LastActivity,
    string? NativeId = null);
