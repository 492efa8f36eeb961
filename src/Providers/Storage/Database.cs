using System.Data;
using System.Data.Common;
using System.Text.RegularExpressions;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace ControlPlane.Providers.Storage;

/// <summary>The databases we run on.</summary>
public enum DatabaseKind
{
    Sqlite,
    PostgreSql,
}

/// <summary>
/// One database, and the only place that knows which kind it is. Writers follow one another (a process-wide gate and BEGIN IMMEDIATE on SQLite, an
/// advisory lock on PostgreSQL), so what a write transaction has read still holds when it commits. Readers see one snapshot and never wait.
/// </summary>
public sealed class Database(DatabaseKind kind, string connectionString) : IDisposable
{
    /// <summary>How long a writer waits for a writer of another process before it fails.</summary>
    private const int BusyTimeoutMilliseconds = 5_000;

    /// <summary>The advisory lock that all our writers take; the number only has to differ from other applications' in the same database.</summary>
    private const long WriterLock = 0x43_50_57_4c;

    private readonly SemaphoreSlim _writer = new(1, 1);
    private readonly string _connectionString = kind == DatabaseKind.Sqlite
        ? new SqliteConnectionStringBuilder(connectionString) { ForeignKeys = true, DefaultTimeout = BusyTimeoutMilliseconds / 1_000 }.ToString()
        : connectionString;

    public DatabaseKind Kind => kind;

    /// <summary>Runs the work in one write transaction; it commits when the work returns and is undone when it throws.</summary>
    public async Task<T> WriteAsync<T>(Func<DatabaseSession, Task<T>> work, CancellationToken cancel)
    {
        await _writer.WaitAsync(cancel);
        try
        {
            await using var connection = await OpenAsync(cancel);
            await using var transaction = await BeginWriteAsync(connection, cancel);
            var result = await work(new DatabaseSession(connection, transaction, cancel));
            await transaction.CommitAsync(CancellationToken.None);
            return result;
        }
        finally
        {
            _writer.Release();
        }
    }

    /// <summary>Runs the work on one consistent snapshot.</summary>
    public async Task<T> ReadAsync<T>(Func<DatabaseSession, Task<T>> work, CancellationToken cancel)
    {
        await using var connection = await OpenAsync(cancel);
        await using DbTransaction transaction = connection is SqliteConnection sqlite
            ? sqlite.BeginTransaction(deferred: true)
            : await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancel);
        return await work(new DatabaseSession(connection, transaction, cancel));
    }

    /// <summary>
    /// Brings one component's tables to this program's schema: runs the steps that the database has not seen, in order, in one transaction. Forward only.
    /// </summary>
    /// <remarks>
    /// <paramref name="component"/>: Whose tables these are.<br/>
    /// <paramref name="steps"/>: Step n leads from schema n to schema n + 1. Steps are only ever added.
    /// </remarks>
    /// <exception cref="DatabaseSchemaException">The database holds a newer schema than this program knows.</exception>
    public async Task MigrateAsync(string component, IReadOnlyList<string> steps, CancellationToken cancel)
    {
        await PrepareFileAsync(cancel);
        await WriteAsync(
            async session =>
            {
                await session.ExecuteAsync("CREATE TABLE IF NOT EXISTS schema_version (component TEXT PRIMARY KEY, version BIGINT NOT NULL)");
                var version = await session.ScalarAsync<long?>("SELECT version FROM schema_version WHERE component = @component", new { component }) ?? 0;
                if (version > steps.Count) throw new DatabaseSchemaException(component, version, steps.Count);
                foreach (var step in steps.Skip((int)version)) await session.ExecuteAsync(step);
                return await session.ExecuteAsync(
                    "INSERT INTO schema_version (component, version) VALUES (@component, @version) ON CONFLICT (component) DO UPDATE SET version = excluded.version",
                    new { component, version = (long)steps.Count });
            },
            cancel);
    }

    public void Dispose() => _writer.Dispose();

    private async Task<DbConnection> OpenAsync(CancellationToken cancel)
    {
        DbConnection connection = kind == DatabaseKind.Sqlite ? new SqliteConnection(_connectionString) : new NpgsqlConnection(_connectionString);
        try
        {
            await connection.OpenAsync(cancel);
            // These two are settings of a connection, not of the file. NORMAL with a write-ahead log survives the death of the process.
            if (kind == DatabaseKind.Sqlite) await connection.ExecuteAsync($"PRAGMA busy_timeout = {BusyTimeoutMilliseconds}; PRAGMA synchronous = NORMAL");
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private static async Task<DbTransaction> BeginWriteAsync(DbConnection connection, CancellationToken cancel)
    {
        if (connection is SqliteConnection sqlite) return sqlite.BeginTransaction(deferred: false);
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancel);
        await connection.ExecuteAsync(new CommandDefinition("SELECT pg_advisory_xact_lock(@WriterLock)", new { WriterLock }, transaction, cancellationToken: cancel));
        return transaction;
    }

    private async Task PrepareFileAsync(CancellationToken cancel)
    {
        if (kind != DatabaseKind.Sqlite) return;
        var file = new SqliteConnectionStringBuilder(_connectionString);
        if (file.Mode != SqliteOpenMode.Memory && Path.GetDirectoryName(Path.GetFullPath(file.DataSource)) is { } folder) Directory.CreateDirectory(folder);
        await using var connection = await OpenAsync(cancel);
        await connection.ExecuteAsync("PRAGMA journal_mode = WAL");
    }
}

/// <summary>
/// One transaction's view of a database. Not for use after its work returned. A statement may say <c>IN @list</c> or <c>NOT IN @list</c>; PostgreSQL takes the
/// list as one value, SQLite as many.
/// </summary>
public sealed partial class DatabaseSession(DbConnection connection, DbTransaction transaction, CancellationToken cancel)
{
    /// <returns>How many rows changed.</returns>
    public Task<int> ExecuteAsync(string sql, object? arguments = null) => connection.ExecuteAsync(Command(sql, arguments));

    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? arguments = null) => (await connection.QueryAsync<T>(Command(sql, arguments))).AsList();

    public Task<T?> FirstAsync<T>(string sql, object? arguments = null)
        where T : class => connection.QueryFirstOrDefaultAsync<T?>(Command(sql, arguments));

    public Task<T?> ScalarAsync<T>(string sql, object? arguments = null) => connection.ExecuteScalarAsync<T>(Command(sql, arguments));

    private CommandDefinition Command(string sql, object? arguments) => new(
        connection is SqliteConnection ? sql : InList().Replace(sql, match => match.Groups["not"].Success ? $"<> ALL ({match.Groups["list"].Value})" : $"= ANY ({match.Groups["list"].Value})"),
        arguments,
        transaction,
        cancellationToken: cancel);

    [GeneratedRegex(@"(?<not>\bNOT )?\bIN (?<list>@\w+)")]
    private static partial Regex InList();
}

/// <summary>A database that a newer version of the program wrote. The program must not run on it.</summary>
public sealed class DatabaseSchemaException : Exception
{
    public DatabaseSchemaException(string component, long found, long known)
        : base($"The database holds schema {found} of '{component}', this program knows schemas up to {known}: it was written by a newer version. Run that version, or restore a backup made before the upgrade.")
    {
    }

    public DatabaseSchemaException()
    {
    }

    public DatabaseSchemaException(string message)
        : base(message)
    {
    }

    public DatabaseSchemaException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
