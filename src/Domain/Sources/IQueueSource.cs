using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Sources;

/// <summary>
/// A system that holds queues. Port: implemented in Providers, called by Actors. Every method throws <see cref="SourceException"/> when the
/// source could not be asked or its answer is implausible, and never returns a partial answer.
/// </summary>
public interface IQueueSource
{
    /// <summary>Looks at the given queues and all workers, in a number of requests that does not grow with the number of queues by more than paging.</summary>
    /// <returns>One observation for each queue that exists at the source; a queue that the source does not have is absent.</returns>
    Task<IReadOnlyList<QueueObservation>> ObserveAsync(IReadOnlyCollection<QueueName> queues, CancellationToken cancel);

    /// <summary>Tells the source to give the instance's workers no more tasks. Repeating it changes nothing.</summary>
    /// <returns>False where the source has no such notion: the caller then must observe the worker idle before it ends it.</returns>
    Task<bool> StopFeedingAsync(QueueName queue, InstanceWorkers workers, CancellationToken cancel);

    /// <summary>
    /// Puts every task that is still running on the workers of an ended instance back to the front of its queue, once, with a comment that says why. The instance may still
    /// run where it is being ended and <see cref="StopFeedingAsync"/> said true of it: then its workers must not be able to end those tasks any more.
    /// A task that ended, or that another worker has taken meanwhile, is left alone. What the rules do not let go back is failed, with the reason. Repeating it
    /// changes nothing.
    /// </summary>
    Task<RequeueResult> RequeueAsync(QueueName queue, InstanceWorkers workers, RequeueRules rules, string reason, CancellationToken cancel);
}

/// <summary>What became of the tasks of an ended instance.</summary>
/// <param name="Requeued">Ids of the tasks that went back to their queue.</param>
/// <param name="GivenUp">Ids of the tasks that were not let go back and were failed instead.</param>
public sealed record RequeueResult(IReadOnlyList<string> Requeued, IReadOnlyList<string> GivenUp)
{
    public static RequeueResult Nothing { get; } = new([], []);
}

/// <summary>The source could not be asked, or gave an answer that cannot be believed. The message is a sentence for the operator.</summary>
public sealed class SourceException : Exception
{
    public SourceException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    public SourceException()
    {
    }

    public SourceException(string message)
        : base(message)
    {
    }
}
