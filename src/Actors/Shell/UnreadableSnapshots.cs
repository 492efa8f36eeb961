using System.Collections.Concurrent;
using Akka.Actor;

namespace ControlPlane.Actors.Shell;

/// <summary>
/// The entities of this node whose snapshot turned out not to fit. They are folded from their events at the next start. Lost with the process, which then
/// finds out again.
/// </summary>
internal sealed class UnreadableSnapshots : IExtension
{
    private readonly ConcurrentDictionary<string, bool> _entities = new(StringComparer.Ordinal);

    public static UnreadableSnapshots Of(ActorSystem system) => system.WithExtension<UnreadableSnapshots, Provider>();

    public bool Contains(string persistenceId) => _entities.ContainsKey(persistenceId);

    public void Add(string persistenceId) => _entities[persistenceId] = true;

    internal sealed class Provider : ExtensionIdProvider<UnreadableSnapshots>
    {
        public override UnreadableSnapshots CreateExtension(ExtendedActorSystem system) => new();
    }
}
