using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace ControlPlane.Actors.Storage;

/// <summary>The database of this node: opens connections, and lets one writer of this process at a time into SQLite, which has only one. Thread safe.</summary>
public sealed class Database : IDisposable
{
    private readonly StorageOptions _options;
    private readonly string _source;

    /// <summary>Opens the database and creates its tables if they are not there.</summary>
    /// <exception cref="InvalidOperationException">It cannot be opened, or a newer version of the program wrote it; the message says what to do.</exception>
    public Database(StorageOptions options)
    {
        _options = options;
        _source = options.Source;
        try
        {
            if (Provider == StorageProvider.Sqlite)
                Directory.CreateDirectory(options.Path);
            using var connection = Open();
            SchemaVersions.Migrate(connection, Provider, "journal", Schema.Version, [Schema.Of(Provider)]);
        }
        catch (Exception fault) when (fault is DbException or IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException or TimeoutException)
        {
            var setting = Provider == StorageProvider.Sqlite ? $"{nameof(StorageOptions.Path)} ('{options.Path}')" : nameof(StorageOptions.ConnectionString);
            throw new InvalidOperationException($"The database of {StorageOptions.Section}:{setting} cannot be opened: {fault.Message}", fault);
        }
    }

    public StorageProvider Provider => _options.Provider;

    public StorageOptions Options => _options;

    /// <summary>
    /// Held by whoever writes to SQLite from this process, for the length of one short transaction: waiting here is fair and quick, waiting for the
    /// database's own lock is neither. Not needed on PostgreSQL.
    /// </summary>
    public SemaphoreSlim WriteTurn { get; } = new(1, 1);

    /// <summary>An open connection, pooled. Dispose it soon.</summary>
    public DbConnection Open()
    {
        DbConnection connection = Provider == StorageProvider.Sqlite ? new SqliteConnection(_source) : new NpgsqlConnection(_source);
        try
        {
            connection.Open();
            Prepare(connection);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc cref="Open"/>
    public async Task<DbConnection> OpenAsync(CancellationToken cancel)
    {
        if (Provider == StorageProvider.Sqlite)
            return Open();
        var connection = new NpgsqlConnection(_source);
        try
        {
            await connection.OpenAsync(cancel).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public void Dispose() => WriteTurn.Dispose();

    /// <summary>SQLite keeps these settings per connection.</summary>
    internal void Prepare(DbConnection connection)
    {
        if (Provider == StorageProvider.Sqlite)
            connection.Execute(Pragmas);
    }

    private string Pragmas => $"""
        PRAGMA journal_mode=WAL;
        PRAGMA synchronous={(_options.Durability == Durability.Full ? "FULL" : "NORMAL")};
        PRAGMA busy_timeout={(long)_options.CallTimeout.TotalMilliseconds};
        PRAGMA foreign_keys=ON;
        PRAGMA cache_size=-32768;
        PRAGMA temp_store=MEMORY;
        """;
}
