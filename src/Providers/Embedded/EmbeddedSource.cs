using System.Collections.Concurrent;
using System.Data.Common;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Providers.Embedded;

/// <summary>The embedded queue as a source to scale for.</summary>
public sealed class EmbeddedSource(EmbeddedQueue embedded) : IQueueSource
{
    private readonly ConcurrentDictionary<QueueName, bool> known = new();

    /// <summary>A queue that is looked at for the first time is made: to declare it in the configuration is all that it takes.</summary>
    public Task<IReadOnlyList<QueueObservation>> ObserveAsync(IReadOnlyCollection<QueueName> queues, CancellationToken cancel) => AskAsync(
        "observed",
        async () =>
        {
            QueueName[] missing = [.. queues.Where(q => !known.ContainsKey(q))];
            if (missing.Length > 0)
                await embedded.EnsureQueuesAsync(missing, cancel);
            foreach (var queue in missing)
                known[queue] = true;
            return await embedded.ObserveAsync(queues, cancel);
        });

    /// <summary>Marks the instance as a whole. The mark is set before the call returns, and a claim sees it or comes before it: after it, no worker of the instance gets a task.</summary>
    public Task<bool> StopFeedingAsync(QueueName queue, InstanceWorkers workers, CancellationToken cancel) => AskAsync(
        "told to drain an instance",
        async () =>
        {
            await embedded.DrainInstanceAsync(workers, cancel);
            return true;
        });

    /// <summary>All tasks of the instance go back, whichever queue they came from.</summary>
    public Task<RequeueResult> RequeueAsync(QueueName queue, InstanceWorkers workers, RequeueRules rules, string reason, CancellationToken cancel) =>
        AskAsync("told to requeue the tasks of an instance", () => embedded.RequeueInstanceAsync(workers, rules, reason, cancel));

    private static async Task<T> AskAsync<T>(string what, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (DbException error)
        {
            throw new SourceException($"The embedded queue could not be {what}: {error.Message}", error);
        }
    }
}
