using System.Data.Common;
using System.Text.Json;
using ControlPlane.Actors.Catalog;
using ControlPlane.Actors.Storage;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Providers;
using Dapper;

namespace ControlPlane.Actors.ReadModel;

/// <summary>Every configuration that was ever in force with what it changed, and every orphan that was ended.</summary>
public sealed class CatalogProjector : IProjector
{
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS configurations (
            revision BIGINT NOT NULL PRIMARY KEY,
            ordering BIGINT NOT NULL,
            at BIGINT NOT NULL,
            applied_by TEXT NOT NULL,
            document TEXT NOT NULL,
            changes TEXT NOT NULL,
            sentence TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS orphans (
            ordering BIGINT NOT NULL PRIMARY KEY,
            provider TEXT NOT NULL,
            queue TEXT NOT NULL,
            instance TEXT NOT NULL,
            native_id TEXT NULL,
            at BIGINT NOT NULL,
            sentence TEXT NOT NULL);
        """;

    private const string Insert = """
        INSERT INTO configurations (revision, ordering, at, applied_by, document, changes, sentence) VALUES (@revision, @ordering, @at, @by, @document, @changes, @sentence)
        ON CONFLICT (revision) DO NOTHING
        """;

    private const string InsertOrphan = """
        INSERT INTO orphans (ordering, provider, queue, instance, native_id, at, sentence) VALUES (@ordering, @provider, @queue, @instance, @native, @at, @sentence)
        """;

    public string SchemaFor(StorageProvider provider) => Columns.SchemaFor(provider, Schema);

    public async Task ApplyAsync(RecordedEvent recorded, DbConnection connection, DbTransaction transaction, CancellationToken cancel)
    {
        switch (recorded.Event)
        {
            case CatalogEvent.ConfigurationApplied e:
                const string select = "SELECT document FROM configurations WHERE revision < @revision ORDER BY revision DESC LIMIT 1";
                var last = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(select, new { revision = e.Revision }, transaction, cancellationToken: cancel)).ConfigureAwait(false);
                var before = last is null ? Configuration.Empty : JsonSerializer.Deserialize(last, CatalogJson.Default.Configuration)!;
                IReadOnlyList<string> changes = [.. ConfigurationDiff.Between(before, e.Configuration).Select(c => c.Sentence)];
                await RunAsync(Insert, new
                {
                    revision = e.Revision,
                    ordering = recorded.Ordering,
                    at = e.At.UtcTicks,
                    by = e.By,
                    document = JsonSerializer.Serialize(e.Configuration, CatalogJson.Default.Configuration),
                    changes = JsonSerializer.Serialize(changes, ReadModelJson.Default.IReadOnlyListString),
                    sentence = $"{e.By} applied revision {e.Revision} of the configuration: {Summary(changes)}",
                }).ConfigureAwait(false);
                break;
            case GatewayEvent.OrphanReaped e:
                var provider = Columns.NameIn(recorded.PersistenceId);
                await RunAsync(InsertOrphan, new
                {
                    ordering = recorded.Ordering,
                    provider,
                    queue = e.Queue.Value,
                    instance = e.Machine.Instance.Value,
                    native = e.Machine.NativeId,
                    at = e.At.UtcTicks,
                    sentence = $"Machine {e.Machine.NativeId ?? e.Machine.Instance.Value} at provider {provider} bears the tag of queue {e.Queue} and is known to nobody: it is ended.",
                }).ConfigureAwait(false);
                break;
        }

        Task RunAsync(string sql, object arguments) => connection.ExecuteAsync(new CommandDefinition(sql, arguments, transaction, cancellationToken: cancel));
    }

    private static string Summary(IReadOnlyList<string> changes) => changes.Count switch
    {
        0 => "nothing changed.",
        <= 3 => string.Join(" ", changes),
        _ => $"{changes[0]} And {changes.Count - 1} more changes.",
    };
}
