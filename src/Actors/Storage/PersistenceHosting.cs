using System.Data.Common;
using Akka.Configuration;
using Akka.Hosting;
using Akka.Persistence.Sql;
using Akka.Persistence.Sql.Config;
using ControlPlane.Actors.Storage.Journal;
using LinqToDB;
using LinqToDB.Interceptors;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ControlPlane.Actors.Storage;

/// <summary>Journal, snapshots and their health, from one options class.</summary>
public static class PersistenceHosting
{
    /// <summary>Sets up journal and snapshots on a database that it opens itself and that lives as long as the host.</summary>
    /// <exception cref="InvalidOperationException">The database cannot be opened; the message names the setting.</exception>
    public static AkkaConfigurationBuilder AddControlPlanePersistence(this AkkaConfigurationBuilder builder, StorageOptions options) =>
        builder.AddControlPlanePersistence(new NodeStorage(options, TimeProvider.System));

    /// <summary>Sets up journal and snapshots on a database that the host has opened, as with <see cref="AddControlPlaneStorage"/>.</summary>
    public static AkkaConfigurationBuilder AddControlPlanePersistence(this AkkaConfigurationBuilder builder, NodeStorage storage)
    {
        var options = storage.Options;
        builder.AddHocon(Common(options), HoconAddMode.Prepend);
        if (storage.Events is { } events)
            return builder.AddSetup(new StorageSetup(events, storage.Time)).AddHocon(Grouped(options), HoconAddMode.Prepend);

        return builder
            .AddSetup(new DataOptionsSetup(new DataOptions()
                .UseConnectionString(LinqProvider(options.Provider), options.Source)
                .UseInterceptor(new PreparedConnections(storage.Database))))
            .AddHocon(Sql(options), HoconAddMode.Prepend)
            .AddHocon(SqlPersistence.DefaultConfiguration, HoconAddMode.Append);
    }

    /// <summary>Registers <see cref="NodeStorage"/>, <see cref="Database"/>, <see cref="JournalHealth"/> the probe that keeps it up to date, and what deletes old events.</summary>
    public static IServiceCollection AddControlPlaneStorage(this IServiceCollection services, StorageOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(sp => new JournalHealth(sp.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(sp => new NodeStorage(options, sp.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(sp => sp.GetRequiredService<NodeStorage>().Database);
        services.AddHostedService<JournalProbe>();
        services.AddHostedService<JournalRetention>();
        return services;
    }

    /// <summary>
    /// A failed write stops one entity, which its parent starts again with back-off. A breaker that opened for all entities because of a few would make it worse.
    /// </summary>
    private static Config Common(StorageOptions options) => ConfigurationFactory.ParseString($$"""
        akka.persistence {
          max-concurrent-recoveries = {{options.MaxConcurrentRecoveries}}
          journal.plugin = "{{JournalPlugins.Entities}}"
          snapshot-store.plugin = "{{JournalPlugins.Snapshots}}"
          journal-plugin-fallback {
            recovery-event-timeout = {{(int)(3 * options.CallTimeout.TotalMilliseconds)}}ms
            circuit-breaker { max-failures = 100000, call-timeout = {{(int)options.CallTimeout.TotalMilliseconds}}ms, reset-timeout = 2s }
          }
          snapshot-store-plugin-fallback {
            circuit-breaker { max-failures = 100000, call-timeout = {{(int)options.CallTimeout.TotalMilliseconds}}ms, reset-timeout = 2s }
          }
        }
        """);

    /// <summary>Two incarnations cannot both have written to a stream, so there is nothing for the replay filter to repair.</summary>
    private static Config Grouped(StorageOptions options)
    {
        var journal = $$"""{ class = "{{typeof(GroupedJournal).AssemblyQualifiedName}}", replay-filter.mode = off }""";
        return ConfigurationFactory.ParseString($$"""
            {{JournalPlugins.Entities}} = {{journal}}
            {{JournalPlugins.Ledger}} = {{journal}}
            {{JournalPlugins.Snapshots}} { class = "{{typeof(GroupedSnapshotStore).AssemblyQualifiedName}}" }
            """);
    }

    private static Config Sql(StorageOptions options)
    {
        var database = $$"""connection-string = "{{options.Source.Replace("\"", "\\\"", StringComparison.Ordinal)}}", provider-name = "{{LinqProvider(options.Provider)}}", auto-initialize = false""";
        var breaker = $$"""circuit-breaker { max-failures = 100000, call-timeout = {{(int)options.CallTimeout.TotalMilliseconds}}ms, reset-timeout = 2s }""";
        return ConfigurationFactory.ParseString($$"""
            {{JournalPlugins.Entities}} { class = "Akka.Persistence.Sql.Journal.SqlWriteJournal, Akka.Persistence.Sql", plugin-id = "{{JournalPlugins.Entities}}", {{database}}, {{breaker}} }
            {{JournalPlugins.Ledger}} { class = "Akka.Persistence.Sql.Journal.SqlWriteJournal, Akka.Persistence.Sql", plugin-id = "{{JournalPlugins.Ledger}}", {{database}}, {{breaker}} }
            {{JournalPlugins.Snapshots}} { class = "Akka.Persistence.Sql.Snapshot.SqlSnapshotStore, Akka.Persistence.Sql", plugin-id = "{{JournalPlugins.Snapshots}}", {{database}}, {{breaker}} }
            """);
    }

    /// <summary>Names of linq2db: Microsoft.Data.Sqlite, and PostgreSQL 15 or later.</summary>
    private static string LinqProvider(StorageProvider provider) => provider switch
    {
        StorageProvider.Sqlite => "SQLite.MS",
        StorageProvider.PostgreSql => "PostgreSQL.15",
    };

    private sealed class PreparedConnections(Database database) : ConnectionInterceptor
    {
        public override void ConnectionOpened(ConnectionEventData eventData, DbConnection connection) => database.Prepare(connection);

        public override Task ConnectionOpenedAsync(ConnectionEventData eventData, DbConnection connection, CancellationToken cancellationToken)
        {
            database.Prepare(connection);
            return Task.CompletedTask;
        }
    }
}
