using ControlPlane.Actors.Storage.Journal;

namespace ControlPlane.Actors.Storage;

/// <summary>The database of one node with what writes to it. Lives as long as the host: entities write until the actor system has ended.</summary>
public sealed class NodeStorage : IAsyncDisposable
{
    public NodeStorage(StorageOptions options, TimeProvider time)
    {
        Options = options;
        Time = time;
        Database = new Database(options);
        Events = options switch
        {
            { IsGrouped: false } => null,
            { Provider: StorageProvider.PostgreSql } => new PostgresEventStore(options),
            _ => new SqliteEventStore(Database, options),
        };
        if (Events is not null)
            Events.Written += () => Written?.Invoke();
    }

    /// <summary>Told when events were written on this node, if the journal can tell; a projection then need not wait for its next look.</summary>
    public event Action? Written;

    public StorageOptions Options { get; }

    public Database Database { get; }

    internal TimeProvider Time { get; }

    internal EventStore? Events { get; }

    public async ValueTask DisposeAsync()
    {
        if (Events is not null)
            await Events.DisposeAsync().ConfigureAwait(false);
        Database.Dispose();
    }
}
