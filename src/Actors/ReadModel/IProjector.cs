using System.Data.Common;

namespace ControlPlane.Actors.ReadModel;

/// <summary>Turns events into the rows of some tables of the read model.</summary>
public interface IProjector
{
    /// <summary>SQL that makes its tables and indexes if they are not there; run at each start.</summary>
    string SchemaFor(Storage.StorageProvider provider);

    /// <summary>
    /// Brings its tables up to one event, within the transaction that also moves the offset, so each event is applied exactly once. Events that do not concern it
    /// are ignored. If it throws, the transaction is rolled back and the batch is tried again later.
    /// </summary>
    Task ApplyAsync(RecordedEvent recorded, DbConnection connection, DbTransaction transaction, CancellationToken cancel);
}
