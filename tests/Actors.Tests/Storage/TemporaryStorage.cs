using ControlPlane.Actors.Storage;
using ControlPlane.Tests.PostgreSql;

namespace ControlPlane.Actors.Tests.Storage;

/// <summary>A directory, or a database of the test run's own server; gone after the test.</summary>
internal sealed class TemporaryStorage(StorageProvider provider = StorageProvider.Sqlite) : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("controlplane-test-");
    private readonly string? _connectionString = provider == StorageProvider.PostgreSql ? PostgresServer.Shared.NewDatabase() : null;

    public string Path => _directory.FullName;

    public StorageOptions Options(JournalPlugin journal = JournalPlugin.Grouped) =>
        new() { Path = Path, Journal = journal, Durability = Durability.Process, ConnectionString = _connectionString };

    public void Dispose()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        if (_connectionString is not null)
        {
            // Idle connections of each test's pool would come to more than the server allows.
            using var connection = new Npgsql.NpgsqlConnection(Options().Source);
            Npgsql.NpgsqlConnection.ClearPool(connection);
        }

        _directory.Delete(recursive: true);
    }
}
