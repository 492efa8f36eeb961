using ControlPlane.Actors.Storage;

namespace ControlPlane.Actors.Tests.Storage;

/// <summary>A directory for a database, gone after the test.</summary>
internal sealed class TemporaryStorage : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("controlplane-test-");

    public string Path => _directory.FullName;

    public StorageOptions Options(JournalPlugin journal = JournalPlugin.Grouped) => new() { Path = Path, Journal = journal, Durability = Durability.Process };

    public void Dispose()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _directory.Delete(recursive: true);
    }
}
