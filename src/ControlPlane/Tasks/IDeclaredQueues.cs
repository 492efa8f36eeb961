using ControlPlane.Domain.Queues;

namespace ControlPlane.Tasks;

/// <summary>Knows which queues the configuration in force declares for the embedded queue.</summary>
public interface IDeclaredQueues
{
    /// <summary>Makes those of the queues that are declared and do not exist yet, so that a task may be submitted right after its queue was declared.</summary>
    /// <returns>Whether any was made.</returns>
    Task<bool> EnsureAsync(IReadOnlyCollection<QueueName> queues, CancellationToken cancel);
}
