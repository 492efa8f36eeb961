using System.Data.Common;
using ControlPlane.Actors.Storage;

namespace ControlPlane.Actors.ReadModel;

/// <summary>The tables of the read model as one component of the database.</summary>
internal static class ReadModelSchema
{
    /// <summary>Raised by one with every change of these tables that an older program cannot work with.</summary>
    private const long Version = 1;

    public static void MakeReadModel(this NodeStorage storage, DbConnection connection, IEnumerable<IProjector> projectors) =>
        SchemaVersions.Migrate(connection, storage.Database.Provider, "read-model", Version, projectors.Select(p => p.SchemaFor(storage.Database.Provider)));
}
