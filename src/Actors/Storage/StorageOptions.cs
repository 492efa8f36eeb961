using System.ComponentModel.DataAnnotations;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace ControlPlane.Actors.Storage;

public enum StorageProvider
{
    /// <summary>One file, one node.</summary>
    Sqlite,

    /// <summary>A server that several nodes share.</summary>
    PostgreSql,
}

/// <summary>Which journal plugin writes the tables. Both use the same ones, so the setting may be changed between two starts.</summary>
public enum JournalPlugin
{
    /// <summary>Our own, which groups the writes of all entities of a node.</summary>
    Grouped,

    /// <summary>Akka.Persistence.Sql. All nodes of a cluster use the same plugin.</summary>
    AkkaPersistenceSql,
}

public enum Durability
{
    /// <summary>An acknowledged write survives a power cut: each group of writes waits for the disk.</summary>
    Full,

    /// <summary>An acknowledged write survives the end of the process, but a power cut may lose the last ones.</summary>
    Process,
}

/// <summary>Where the control plane keeps its journal, snapshots and read model, section <c>Storage</c>.</summary>
public sealed class StorageOptions
{
    public const string Section = "Storage";

    /// <summary>File name of the SQLite database in <see cref="Path"/>.</summary>
    public const string FileName = "controlplane.db";

    private readonly StorageProvider _provider = StorageProvider.Sqlite;

    /// <summary>Which database. A <see cref="ConnectionString"/> means PostgreSQL, whatever this says; the binder of settings may set it to what it was.</summary>
    public StorageProvider Provider
    {
        get => string.IsNullOrWhiteSpace(ConnectionString) ? _provider : StorageProvider.PostgreSql;
        init => _provider = value;
    }

    /// <summary>SQLite: the directory of the database file; it is created if it is not there.</summary>
    public string Path { get; init; } = "./data";

    /// <summary>
    /// PostgreSQL: how to reach the database, for all that the node keeps there, such as <c>Host=db;Username=controlplane;Database=controlplane</c>. Contains a
    /// secret; never logged.
    /// </summary>
    public string? ConnectionString { get; init; }

    public JournalPlugin Journal { get; init; } = JournalPlugin.Grouped;

    /// <summary>SQLite: what an acknowledged write survives.</summary>
    public Durability Durability { get; init; } = Durability.Full;

    /// <summary>Writes of entities in one transaction of <see cref="JournalPlugin.Grouped"/>.</summary>
    [Range(1, 10_000)]
    public int MaxWritesPerTransaction { get; init; } = 500;

    /// <summary>Writes that may wait for the writer of <see cref="JournalPlugin.Grouped"/> before it makes the entities wait.</summary>
    [Range(1, 1_000_000)]
    public int MaxQueuedWrites { get; init; } = 10_000;

    /// <summary>Connections of <see cref="JournalPlugin.Grouped"/> that read for recovering entities.</summary>
    [Range(1, 64)]
    public int Readers { get; init; } = 2;

    /// <summary>Entities that recover at the same time.</summary>
    [Range(1, 10_000)]
    public int MaxConcurrentRecoveries { get; init; } = 128;

    /// <summary>How long one write or read may take before it counts as failed.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the journal is tried while nothing else is written.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long events of queues and gateways stay in the journal once a snapshot stands for them. The read model keeps their history.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan KeepEvents { get; init; } = TimeSpan.FromDays(30);

    /// <summary>SQLite: with less free space on its disk than this many bytes the node is unready.</summary>
    [Range(0, long.MaxValue)]
    public long MinFreeDiskBytes { get; init; } = 64L << 20;

    /// <summary>
    /// How every part of the node reaches the database. On PostgreSQL, what the connection string leaves open is set here: limits on time, and that the server
    /// ends a transaction whose node stands still, so that a frozen node cannot hold a lock that others wait for.
    /// </summary>
    /// <exception cref="InvalidOperationException">The connection string is missing or cannot be read.</exception>
    public string Source => Provider == StorageProvider.PostgreSql
        ? PostgresSource()
        : new SqliteConnectionStringBuilder { DataSource = System.IO.Path.Combine(Path, FileName), Pooling = true, DefaultTimeout = (int)Math.Ceiling(CallTimeout.TotalSeconds) }.ToString();

    internal bool IsGrouped => Journal == JournalPlugin.Grouped;

    private string PostgresSource()
    {
        if (string.IsNullOrWhiteSpace(ConnectionString))
            throw new InvalidOperationException($"{Section}:{nameof(ConnectionString)} is needed when {Section}:{nameof(Provider)} is {nameof(StorageProvider.PostgreSql)}.");
        try
        {
            var source = new NpgsqlConnectionStringBuilder(ConnectionString);
            var seconds = (int)Math.Ceiling(CallTimeout.TotalSeconds);
            Default("Timeout", () => source.Timeout = seconds);
            Default("Command Timeout", () => source.CommandTimeout = seconds);
            Default("Keepalive", () => source.KeepAlive = 10);
            Default("Max Auto Prepare", () => source.MaxAutoPrepare = 64);
            Default("Auto Prepare Min Usage", () => source.AutoPrepareMinUsages = 2);
            Default("Maximum Pool Size", () => source.MaxPoolSize = 50);
            Default("Application Name", () => source.ApplicationName = "controlplane");
            Default("Options", () => source.Options = $"-c idle_in_transaction_session_timeout={(long)CallTimeout.TotalMilliseconds}");
            return source.ToString();

            void Default(string keyword, Action set)
            {
                if (!source.ShouldSerialize(keyword))
                    set();
            }
        }
        catch (ArgumentException fault)
        {
            // The fault may quote the value, which holds a password.
            throw new InvalidOperationException($"{Section}:{nameof(ConnectionString)} cannot be read: it is not of the form 'Host=...;Username=...;Database=...'.", fault);
        }
    }
}
