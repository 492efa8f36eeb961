using ControlPlane.Providers.Storage;

namespace ControlPlane.Security;

/// <summary>The tables of tokens and of the audit in the node's database. Any node that shares it answers the same. Times are Unix milliseconds. Thread safe.</summary>
public sealed class SecurityDatabase(DatabaseKind kind, string connectionString) : IDisposable
{
    private const string Component = "security";

    // Steps are only ever added.
    private static readonly IReadOnlyList<string> Steps =
    [
        """
        CREATE TABLE IF NOT EXISTS api_token (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            role TEXT NOT NULL,
            hash TEXT NOT NULL,
            created BIGINT NOT NULL,
            created_by TEXT NOT NULL,
            expires BIGINT,
            revoked BIGINT,
            revoked_by TEXT);
        CREATE TABLE IF NOT EXISTS audit_entry (
            id BIGINT PRIMARY KEY,
            at BIGINT NOT NULL,
            caller TEXT NOT NULL,
            role TEXT NOT NULL,
            node TEXT NOT NULL,
            address TEXT,
            act TEXT NOT NULL,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            outcome TEXT NOT NULL,
            changes TEXT NOT NULL)
        """,
    ];

    private readonly Database _database = new(kind, connectionString);
    private readonly SemaphoreSlim _once = new(1, 1);
    private volatile bool _ready;

    /// <summary>Runs the work in one write transaction; all of it or nothing is done.</summary>
    public async Task<T> WriteAsync<T>(Func<DatabaseSession, Task<T>> work, CancellationToken cancel)
    {
        await PrepareAsync(cancel).ConfigureAwait(false);
        return await _database.WriteAsync(work, cancel).ConfigureAwait(false);
    }

    /// <summary>Runs the work on one consistent snapshot.</summary>
    public async Task<T> ReadAsync<T>(Func<DatabaseSession, Task<T>> work, CancellationToken cancel)
    {
        await PrepareAsync(cancel).ConfigureAwait(false);
        return await _database.ReadAsync(work, cancel).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _database.Dispose();
        _once.Dispose();
    }

    private async Task PrepareAsync(CancellationToken cancel)
    {
        if (_ready)
            return;
        await _once.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (_ready)
                return;
            await _database.MigrateAsync(Component, Steps, cancel).ConfigureAwait(false);
            _ready = true;
        }
        finally
        {
            _once.Release();
        }
    }
}
