using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using ControlPlane.Actors.Queues;
using ControlPlane.Actors.Storage;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;
using Dapper;

namespace ControlPlane.Actors.ReadModel;

/// <summary>The declared queues with their pools, what stops a pool, and every decision.</summary>
public sealed class QueueProjector : IProjector
{
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS queues (
            name TEXT NOT NULL PRIMARY KEY,
            source TEXT NOT NULL,
            budget TEXT NOT NULL,
            ledger TEXT NOT NULL,
            priority INTEGER NOT NULL,
            policy TEXT NOT NULL,
            min_instances INTEGER NOT NULL,
            max_instances INTEGER NOT NULL,
            max_idle BIGINT NOT NULL,
            paused INTEGER NOT NULL,
            retired INTEGER NOT NULL,
            pools TEXT NOT NULL,
            revision BIGINT NOT NULL,
            decided_at BIGINT NULL,
            decision TEXT NULL);
        CREATE TABLE IF NOT EXISTS pools (
            queue TEXT NOT NULL,
            name TEXT NOT NULL,
            position INTEGER NOT NULL,
            provider TEXT NOT NULL,
            max_instances INTEGER NOT NULL,
            slots INTEGER NOT NULL,
            gpus INTEGER NOT NULL,
            spec TEXT NOT NULL,
            removed INTEGER NOT NULL,
            failures INTEGER NOT NULL,
            failed_at BIGINT NULL,
            open_until BIGINT NULL,
            tripped INTEGER NOT NULL,
            failure TEXT NULL,
            blackout_until BIGINT NULL,
            blackout TEXT NULL,
            PRIMARY KEY (queue, name));
        CREATE INDEX IF NOT EXISTS pools_name ON pools (name);
        CREATE TABLE IF NOT EXISTS pool_history (
            ordering BIGINT NOT NULL PRIMARY KEY,
            queue TEXT NOT NULL,
            pool TEXT NOT NULL,
            at BIGINT NOT NULL,
            what TEXT NOT NULL,
            sentence TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS decisions (
            ordering BIGINT NOT NULL PRIMARY KEY,
            queue TEXT NOT NULL,
            at BIGINT NOT NULL,
            rule TEXT NOT NULL,
            wanted INTEGER NOT NULL,
            asked_by TEXT NULL,
            sentence TEXT NOT NULL,
            data TEXT NOT NULL);
        CREATE INDEX IF NOT EXISTS decisions_queue ON decisions (queue, ordering);
        """;

    private const string UpsertQueue = """
        INSERT INTO queues (name, source, budget, ledger, priority, policy, min_instances, max_instances, max_idle, paused, retired, pools, revision)
        VALUES (@name, @source, @budget, @ledger, @priority, @policy, @min, @max, @idle, @paused, 0, @pools, @revision)
        ON CONFLICT (name) DO UPDATE SET source = excluded.source, budget = excluded.budget, ledger = excluded.ledger, priority = excluded.priority, policy = excluded.policy,
            min_instances = excluded.min_instances, max_instances = excluded.max_instances, max_idle = excluded.max_idle, paused = excluded.paused, retired = 0,
            pools = excluded.pools, revision = excluded.revision
        """;

    private const string UpsertPool = """
        INSERT INTO pools (queue, name, position, provider, max_instances, slots, gpus, spec, removed, failures, tripped)
        VALUES (@queue, @name, @position, @provider, @max, @slots, @gpus, @spec, 0, 0, 0)
        ON CONFLICT (queue, name) DO UPDATE SET position = excluded.position, provider = excluded.provider, max_instances = excluded.max_instances, slots = excluded.slots,
            gpus = excluded.gpus, spec = excluded.spec, removed = 0
        """;

    private const string InsertDecision = """
        INSERT INTO decisions (ordering, queue, at, rule, wanted, asked_by, sentence, data) VALUES (@ordering, @queue, @at, @rule, @wanted, @by, @sentence, @data)
        """;

    private const string Failed = """
        UPDATE pools SET failures = @failures, failed_at = @failedAt, open_until = @until, tripped = @tripped, failure = @failure WHERE queue = @queue AND name = @pool
        """;

    private const string Recovered = """
        UPDATE pools SET failures = 0, failed_at = NULL, open_until = NULL, tripped = 0, failure = NULL, blackout_until = NULL, blackout = NULL WHERE queue = @queue AND name = @pool
        """;

    private const string InsertHistory = "INSERT INTO pool_history (ordering, queue, pool, at, what, sentence) VALUES (@ordering, @queue, @pool, @at, @what, @sentence)";

    public string SchemaFor(StorageProvider provider) => Columns.SchemaFor(provider, Schema);

    public async Task ApplyAsync(RecordedEvent recorded, DbConnection connection, DbTransaction transaction, CancellationToken cancel)
    {
        var queue = recorded.Event is ScalerEvent ? Columns.NameIn(recorded.PersistenceId) : "";
        switch (recorded.Event)
        {
            case ScalerEvent.Configured e:
                await ConfigureAsync(e.Spec, e.Revision).ConfigureAwait(false);
                break;
            case ScalerEvent.Retired e:
                await RunAsync("UPDATE queues SET retired = 1, revision = @revision WHERE name = @queue", new { queue, revision = e.Revision }).ConfigureAwait(false);
                break;
            case ScalerEvent.Decided e:
                await DecideAsync(e.Decision).ConfigureAwait(false);
                break;
            case ScalerEvent.PoolFailed { Breaker: var b } e:
                await RunAsync(Failed, new { queue, pool = e.Pool, failures = b.Failures, failedAt = b.LastFailureAt.UtcTicks, until = b.OpenUntil?.UtcTicks, tripped = b.Tripped ? 1 : 0, failure = b.Message })
                    .ConfigureAwait(false);
                await NoteAsync(e.Pool, b.LastFailureAt, "failed", Sentence(e.Pool, b)).ConfigureAwait(false);
                break;
            case ScalerEvent.PoolRecovered e:
                await RunAsync(Recovered, new { queue, pool = e.Pool }).ConfigureAwait(false);
                await NoteAsync(e.Pool, e.At, "recovered", e.By is null ? $"Pool {e.Pool} launches again." : $"{e.By} has reset pool {e.Pool}; it launches again.").ConfigureAwait(false);
                break;
            case ScalerEvent.PoolExhausted e:
                await RunAsync(
                    "UPDATE pools SET blackout_until = @until, blackout = @message WHERE queue = @queue AND name = @pool",
                    new { queue, pool = e.Pool, until = e.Blackout.Until.UtcTicks, message = e.Blackout.Message }).ConfigureAwait(false);
                await NoteAsync(e.Pool, recorded.At, "exhausted", $"Pool {e.Pool} had no capacity and is not asked until {InstanceStory.Clock(e.Blackout.Until)}: {e.Blackout.Message}.").ConfigureAwait(false);
                break;
            case ScalerEvent.SpotExhausted e:
                await NoteAsync(e.Pool, recorded.At, "spotExhausted", $"New instances of pool {e.Pool} leave spot out until {InstanceStory.Clock(e.Blackout.Until)}: {e.Blackout.Message}.").ConfigureAwait(false);
                break;
            case CatalogEvent.QueueForgotten e:
                await RunAsync("DELETE FROM pools WHERE queue = @queue", new { queue = e.Queue.Value }).ConfigureAwait(false);
                await RunAsync("DELETE FROM queues WHERE name = @queue", new { queue = e.Queue.Value }).ConfigureAwait(false);
                break;
        }

        async Task ConfigureAsync(QueueSpec spec, long revision)
        {
            await RunAsync(UpsertQueue, new
            {
                name = queue,
                source = spec.Source,
                budget = spec.Budget.Value,
                ledger = spec.Ledger.Value,
                priority = spec.Priority,
                policy = spec.Policy switch { PolicySpec.Plugin plugin => plugin.TypeName, PolicySpec.TargetWait => "targetWait", _ => "perTask" },
                min = spec.MinInstances,
                max = spec.Pools.Sum(p => p.MaxInstances),
                idle = spec.AdaptiveIdle ? QueueRow.LearntIdle : spec.MaxIdleTime.Ticks,
                paused = spec.Paused ? 1 : 0,
                pools = JsonSerializer.Serialize([.. spec.Pools.Select(p => p.Name)], ReadModelJson.Default.IReadOnlyListString),
                revision,
            }).ConfigureAwait(false);
            await RunAsync("UPDATE pools SET removed = 1 WHERE queue = @queue", new { queue }).ConfigureAwait(false);
            var position = 0;
            foreach (var pool in spec.Pools)
            {
                await RunAsync(UpsertPool, new
                {
                    queue,
                    name = pool.Name,
                    position = position++,
                    provider = pool.Provider,
                    max = pool.MaxInstances,
                    slots = pool.Slots,
                    gpus = pool.Offers.Max(o => o.Gpus),
                    spec = JsonSerializer.Serialize(pool, ScalerJson.Default.PoolSpec),
                }).ConfigureAwait(false);
            }
        }

        async Task DecideAsync(DecisionRecord decision)
        {
            var sentence = decision.Sentence();
            await RunAsync(InsertDecision, new
            {
                ordering = recorded.Ordering,
                queue,
                at = decision.At.UtcTicks,
                rule = decision.Rule,
                wanted = decision.Wanted,
                by = decision.By,
                sentence,
                data = JsonSerializer.Serialize(decision, ScalerJson.Default.DecisionRecord),
            }).ConfigureAwait(false);
            await RunAsync("UPDATE queues SET decided_at = @at, decision = @sentence WHERE name = @queue", new { queue, at = decision.At.UtcTicks, sentence }).ConfigureAwait(false);
        }

        Task NoteAsync(string pool, DateTimeOffset at, string what, string sentence) =>
            RunAsync(InsertHistory, new { ordering = recorded.Ordering, queue, pool, at = at.UtcTicks, what, sentence });

        Task RunAsync(string sql, object arguments) => connection.ExecuteAsync(new CommandDefinition(sql, arguments, transaction, cancellationToken: cancel));
    }

    private static string Sentence(string pool, Breaker breaker)
    {
        var then = breaker switch
        {
            { Tripped: true } => "It is stopped until it is reset or its template changes",
            { OpenUntil: { } until } => string.Create(CultureInfo.InvariantCulture, $"It is stopped until {InstanceStory.Clock(until)}"),
            _ => "It is tried once more",
        };
        return $"Pool {pool} failed {(breaker.Failures == 1 ? "for the first time" : $"for the {breaker.Failures}. time in a row")}: {breaker.Message}. {then}.";
    }
}
