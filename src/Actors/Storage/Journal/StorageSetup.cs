using Akka.Actor;
using Akka.Actor.Setup;

namespace ControlPlane.Actors.Storage.Journal;

/// <summary>Hands the event store to the plugin actors, which Akka makes from the configuration.</summary>
internal sealed class StorageSetup(EventStore store, TimeProvider time) : Setup
{
    public static StorageSetup Of(ActorSystem system)
    {
        var setup = system.Settings.Setup.Get<StorageSetup>();
        return setup.HasValue
            ? setup.Value
            : throw new InvalidOperationException($"The grouped journal needs the store that {nameof(PersistenceHosting.AddControlPlanePersistence)} sets up.");
    }

    public EventStore Store => store;

    public TimeProvider Time => time;
}
