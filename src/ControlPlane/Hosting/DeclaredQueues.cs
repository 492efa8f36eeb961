using Akka.Actor;
using Akka.Hosting;
using ControlPlane.Actors.Catalog;
using ControlPlane.Actors.Clustering;
using ControlPlane.Domain.Queues;
using ControlPlane.Providers.Embedded;
using ControlPlane.Tasks;

namespace ControlPlane.Hosting;

/// <summary>Asks the catalog which queues are declared.</summary>
internal sealed class DeclaredQueues(IReadOnlyActorRegistry registry, EmbeddedQueue embedded, NodeOptions node) : IDeclaredQueues
{
    public async Task<bool> EnsureAsync(IReadOnlyCollection<QueueName> queues, CancellationToken cancel)
    {
        try
        {
            if (await new Regions(registry).AskCatalogAsync<object>(new CatalogQuery(), node.AskTimeout, cancel).ConfigureAwait(false) is not CatalogView view)
                return false;
            var sources = view.Configuration.Sources.Where(s => s.Kind == "embedded").Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
            QueueName[] declared = [.. view.Configuration.Queues.Where(q => sources.Contains(q.Source)).Select(q => q.Name).Intersect(queues)];
            if (declared.Length > 0)
                await embedded.EnsureQueuesAsync(declared, cancel).ConfigureAwait(false);
            return declared.Length > 0;
        }
        catch (AskTimeoutException)
        {
            // Then the queue is unknown for now, and the caller is told so.
            return false;
        }
    }
}
