using System.Data.Common;
using System.Diagnostics;
using System.Text.Json;
using ControlPlane.Actors.Storage;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Queues;
using Dapper;

namespace ControlPlane.Actors.ReadModel;

/// <summary>Every instance that ever was, as it is now or was last, and its history in sentences.</summary>
public sealed class InstanceProjector : IProjector
{
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS instances (
            id TEXT NOT NULL PRIMARY KEY,
            queue TEXT NOT NULL,
            pool TEXT NOT NULL,
            provider TEXT NULL,
            budget TEXT NULL,
            phase TEXT NOT NULL,
            since BIGINT NOT NULL,
            requested_at BIGINT NOT NULL,
            attempt INTEGER NOT NULL,
            lease_until BIGINT NULL,
            waiting TEXT NULL,
            native_id TEXT NULL,
            offer_type TEXT NULL,
            offer_zone TEXT NULL,
            offer_market TEXT NULL,
            rate_micros BIGINT NULL,
            gpus INTEGER NOT NULL,
            slots INTEGER NOT NULL,
            started_at BIGINT NULL,
            registered_at BIGINT NULL,
            idle_since BIGINT NULL,
            tasks TEXT NOT NULL,
            tasks_count INTEGER NOT NULL,
            ended_at BIGINT NULL,
            outcome TEXT NULL,
            because TEXT NULL,
            fault TEXT NULL,
            tasks_returned INTEGER NOT NULL,
            settled INTEGER NOT NULL,
            cost_micros BIGINT NOT NULL,
            ordering BIGINT NOT NULL);
        CREATE INDEX IF NOT EXISTS instances_queue ON instances (queue, id);
        CREATE INDEX IF NOT EXISTS instances_pool ON instances (pool, id);
        CREATE INDEX IF NOT EXISTS instances_phase ON instances (phase, id);
        CREATE TABLE IF NOT EXISTS instance_history (
            ordering BIGINT NOT NULL PRIMARY KEY,
            instance TEXT NOT NULL,
            queue TEXT NOT NULL,
            at BIGINT NOT NULL,
            what TEXT NOT NULL,
            sentence TEXT NOT NULL);
        CREATE INDEX IF NOT EXISTS instance_history_instance ON instance_history (instance, ordering);
        """;

    // The WHERE keeps SQLite from reading ON CONFLICT as the condition of a join.
    private const string Insert = """
        INSERT INTO instances (id, queue, pool, provider, budget, phase, since, requested_at, attempt, gpus, slots, tasks, tasks_count, tasks_returned, settled, cost_micros, ordering)
        SELECT @id, @queue, @pool,
            (SELECT provider FROM pools WHERE queue = @queue AND name = @pool),
            (SELECT budget FROM queues WHERE name = @queue),
            'requested', @at, @at, 0,
            COALESCE((SELECT gpus FROM pools WHERE queue = @queue AND name = @pool), 0),
            COALESCE((SELECT slots FROM pools WHERE queue = @queue AND name = @pool), 1),
            '[]', 0, 0, 0, 0, @ordering
        WHERE TRUE
        ON CONFLICT (id) DO NOTHING
        """;

    private const string InsertHistory = "INSERT INTO instance_history (ordering, instance, queue, at, what, sentence) VALUES (@ordering, @id, @queue, @at, @what, @sentence)";

    public string SchemaFor(StorageProvider provider) => Columns.SchemaFor(provider, Schema);

    public async Task ApplyAsync(RecordedEvent recorded, DbConnection connection, DbTransaction transaction, CancellationToken cancel)
    {
        switch (recorded.Event)
        {
            case ScalerEvent.InstanceRequested e:
                var intent = new { id = e.Instance.Value, queue = Columns.NameIn(recorded.PersistenceId), pool = e.Pool, at = e.At.UtcTicks, ordering = recorded.Ordering };
                await RunAsync(Insert, intent).ConfigureAwait(false);
                await RunAsync(InsertHistory, History(recorded, e.Instance, "requested", InstanceStory.Of(e), e.At)).ConfigureAwait(false);
                break;
            case ScalerEvent.InstanceChanged e:
                var change = Change.Of(e.Event);
                change.Id = e.Instance.Value;
                change.Ordering = recorded.Ordering;
                await RunAsync($"UPDATE instances SET {change.Set}, ordering = @Ordering WHERE id = @Id", change).ConfigureAwait(false);
                await RunAsync(InsertHistory, History(recorded, e.Instance, What(recorded.Manifest), InstanceStory.Of(e.Event), change.When)).ConfigureAwait(false);
                break;
            case LedgerEvent.LeaseRenewed { Posted.Micros: not 0 } e:
                await RunAsync("UPDATE instances SET cost_micros = cost_micros + @cost WHERE id = @id", new { id = e.Lease.Value, cost = e.Posted.Micros }).ConfigureAwait(false);
                break;
            case LedgerEvent.LeaseSettled e:
                await RunAsync("UPDATE instances SET cost_micros = @cost WHERE id = @id", new { id = e.Lease.Value, cost = e.Cost.Micros }).ConfigureAwait(false);
                break;
        }

        Task RunAsync(string sql, object arguments) => connection.ExecuteAsync(new CommandDefinition(sql, arguments, transaction, cancellationToken: cancel));
    }

    /// <summary>The fact in a manifest: <c>launched</c> in <c>instance.launched.v1</c>.</summary>
    private static string What(string manifest) => manifest.Split('.')[1];

    private static object History(RecordedEvent recorded, InstanceId instance, string what, string sentence, DateTimeOffset at) => new
    {
        ordering = recorded.Ordering,
        id = instance.Value,
        queue = Columns.NameIn(recorded.PersistenceId),
        at = at.UtcTicks,
        what,
        sentence,
    };

    /// <summary>What one event does to the row; it follows the fold of the instance's events.</summary>
    private sealed class Change
    {
        private const string Enter = ", since = @At";

        public required string Set { get; init; }

        public required DateTimeOffset When { get; init; }

        public string Id { get; set; } = "";

        public long Ordering { get; set; }

        public long At => When.UtcTicks;

        public long? Time { get; init; }

        public string? Text { get; init; }

        public string? Word { get; init; }

        public string? Word2 { get; init; }

        public string? Text2 { get; init; }

        public int Number { get; init; }

        public int Number2 { get; init; }

        public long Amount { get; init; }

        public static Change Of(InstanceEvent @event) => @event switch
        {
            InstanceEvent.LeaseWaits e => new() { When = e.At, Set = "waiting = @Text", Text = e.Denial.Sentence },
            InstanceEvent.LeaseGranted e => new() { When = e.At, Set = $"lease_until = @Time, waiting = NULL, {From("requested", "leased")}", Time = e.Until.UtcTicks },
            InstanceEvent.LeaseDenied e => new() { When = e.At, Set = "waiting = @Text", Text = e.Denial.Sentence },
            InstanceEvent.LeaseOverdue e => new() { When = e.At, Set = "waiting = @Text", Text = "the ledger has not answered and the prepaid time is nearly over" },
            InstanceEvent.LaunchStarted e => new()
            {
                When = e.At,
                Set = "phase = 'launching', attempt = @Number, offer_type = @Text, offer_zone = @Text2, offer_market = @Word, rate_micros = @Amount, gpus = @Number2" + Enter,
                Number = e.Attempt,
                Text = e.Offer.Type,
                Text2 = e.Offer.Zone,
                Word = Columns.Word(e.Offer.Market),
                Amount = e.Offer.Rate.MicrosPerHour,
                Number2 = e.Offer.Gpus,
            },
            InstanceEvent.LaunchRefused e => new() { When = e.At, Set = "phase = 'leased', fault = @Word" + Enter, Word = Columns.Word(e.Fault) },
            InstanceEvent.SpotAwaited e => new() { When = e.At, Set = "since = since" },
            InstanceEvent.Launched e => new()
            {
                When = e.At,
                Set = "phase = 'booting', native_id = @Text, started_at = @Time, fault = NULL" + (e.Rate is null ? "" : ", rate_micros = @Amount") + Enter,
                Text = e.NativeId,
                Time = e.StartedAt.UtcTicks,
                Amount = e.Rate?.MicrosPerHour ?? 0,
            },
            InstanceEvent.PriceSeen e => new() { When = e.At, Set = "rate_micros = @Amount", Amount = e.Rate.MicrosPerHour },
            InstanceEvent.BootstrapFetched e => new() { When = e.At, Set = "since = since" },
            InstanceEvent.WorkerRegistered e => new() { When = e.At, Set = "phase = 'idle', registered_at = @At, idle_since = @At" + Enter },
            InstanceEvent.WorkerBusy e => new()
            {
                When = e.At,
                Set = $"tasks = @Text, tasks_count = @Number, idle_since = NULL, {From("idle", "busy")}",
                Text = JsonSerializer.Serialize(e.Tasks, ReadModelJson.Default.IReadOnlyListString),
                Number = e.Tasks.Count,
            },
            InstanceEvent.WorkerIdle e => new() { When = e.At, Set = $"tasks = '[]', tasks_count = 0, idle_since = @Time, {From("busy", "idle")}", Time = e.Since.UtcTicks },
            InstanceEvent.CancelRequested e => Leave(e.At, "outcome = @Word, because = @Text", e.Outcome, e.Because),
            InstanceEvent.DrainStarted e => Leave(e.At, "phase = 'draining', outcome = @Word, because = @Text" + Enter, e.Outcome, e.Because),
            InstanceEvent.FeedingStopped e => new() { When = e.At, Set = "since = @At" },
            InstanceEvent.TerminationStarted e => Leave(e.At, "phase = 'terminating', outcome = @Word, because = @Text" + Enter, e.Outcome, e.Because),
            InstanceEvent.ConsoleKept e => new() { When = e.At, Set = "since = since" },
            InstanceEvent.Ended e => new()
            {
                When = e.At,
                Set = "phase = 'ended', outcome = @Word, because = @Text, fault = @Word2, ended_at = @Time, waiting = NULL, "
                    + "tasks_returned = CASE WHEN started_at IS NULL THEN 1 ELSE 0 END" + Enter,
                Word = Columns.Word(e.Outcome),
                Text = e.Because,
                Word2 = e.Fault is { } fault ? Columns.Word(fault) : null,
                Time = e.EndedAt.UtcTicks,
            },
            InstanceEvent.TasksReturned e => new() { When = e.At, Set = "tasks_returned = 1" },
            InstanceEvent.Settled e => new() { When = e.At, Set = "settled = 1" },
            _ => throw new UnreachableException($"No column for {@event.GetType().Name}."),
        };

        private static Change Leave(DateTimeOffset at, string set, Outcome outcome, string because) => new() { When = at, Set = set, Word = Columns.Word(outcome), Text = because };

        private static string From(string phase, string next) =>
            $"phase = CASE WHEN phase = '{phase}' THEN '{next}' ELSE phase END, since = CASE WHEN phase = '{phase}' THEN @At ELSE since END";
    }
}
