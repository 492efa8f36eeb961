using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;

namespace ControlPlane.Actors.Storage;

/// <summary>
/// Brings the tables of one component to this program's schema, one node at a time, forward only, and refuses a database that a newer program wrote. The
/// versions of all components stand in one table.
/// </summary>
internal static class SchemaVersions
{
    /// <summary>The advisory lock under which all our schemas are changed: that of the embedded queue's writers too, because they share the table.</summary>
    private const long Lock = 0x43_50_57_4c;

    private const string MakeTable = "CREATE TABLE IF NOT EXISTS schema_version (component TEXT PRIMARY KEY, version BIGINT NOT NULL)";

    private const string Select = "SELECT version FROM schema_version WHERE component = @component";

    private const string Save = """
        INSERT INTO schema_version (component, version) VALUES (@component, @version) ON CONFLICT (component) DO UPDATE SET version = excluded.version
        """;

    /// <param name="connection">An open connection without a transaction.</param>
    /// <param name="provider">Which database it is.</param>
    /// <param name="component">Whose tables these are.</param>
    /// <param name="version">The schema that this program knows.</param>
    /// <param name="scripts">Make what is not there; each may run again.</param>
    /// <exception cref="InvalidOperationException">The database holds a newer schema.</exception>
    public static void Migrate(DbConnection connection, StorageProvider provider, string component, long version, IEnumerable<string> scripts)
    {
        using DbTransaction transaction = connection is SqliteConnection sqlite ? sqlite.BeginTransaction(deferred: false) : connection.BeginTransaction();
        if (provider == StorageProvider.PostgreSql)
            connection.Execute("SELECT pg_advisory_xact_lock(@Lock)", new { Lock }, transaction);
        connection.Execute(MakeTable, transaction: transaction);
        var found = connection.ExecuteScalar<long?>(Select, new { component }, transaction) ?? 0;
        if (found > version)
        {
            throw new InvalidOperationException(
                $"The database holds schema {found} of '{component}', this program knows schemas up to {version}: it was written by a newer version. Run that version, or restore a backup made before the upgrade.");
        }

        foreach (var script in scripts)
            connection.Execute(script, transaction: transaction);
        if (found < version)
            connection.Execute(Save, new { component, version }, transaction);
        transaction.Commit();
    }
}
