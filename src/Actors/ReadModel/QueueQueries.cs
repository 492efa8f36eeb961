using System.Text.Json;
using ControlPlane.Actors.Queues;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Scaling;

namespace ControlPlane.Actors.ReadModel;

/// <summary>A queue as the read model shows it.</summary>
public sealed class QueueRow
{
    /// <summary>In place of an idle time: it is learnt.</summary>
    public const long LearntIdle = -1;

    public required string Name { get; init; }

    public required string Source { get; init; }

    public required string Budget { get; init; }

    public required string Ledger { get; init; }

    public int Priority { get; init; }

    public required string Policy { get; init; }

    public int MinInstances { get; init; }

    public int MaxInstances { get; init; }

    /// <summary>In ticks, or <see cref="LearntIdle"/>.</summary>
    public long MaxIdle { get; init; }

    public bool Paused { get; init; }

    public bool Retired { get; init; }

    public required string Pools { get; init; }

    public long Revision { get; init; }

    public long? DecidedAt { get; init; }

    public string? Decision { get; init; }

    public IReadOnlyList<string> PoolNames => JsonSerializer.Deserialize(Pools, ReadModelJson.Default.IReadOnlyListString) ?? [];
}

/// <summary>A pool as the read model shows it.</summary>
public sealed class PoolRow
{
    public required string Queue { get; init; }

    public required string Name { get; init; }

    public int Position { get; init; }

    public required string Provider { get; init; }

    public int MaxInstances { get; init; }

    public int Slots { get; init; }

    public int Gpus { get; init; }

    public required string Spec { get; init; }

    public int Failures { get; init; }

    public long? FailedAt { get; init; }

    public long? OpenUntil { get; init; }

    public bool Tripped { get; init; }

    public string? Failure { get; init; }

    public long? BlackoutUntil { get; init; }

    public string? Blackout { get; init; }

    public int Instances { get; init; }

    /// <summary>The template in full.</summary>
    public PoolSpec Template => JsonSerializer.Deserialize(Spec, ScalerJson.Default.PoolSpec)!;
}

/// <summary>A decision as it was recorded.</summary>
public sealed class DecisionRow
{
    public long Ordering { get; init; }

    public required string Queue { get; init; }

    public long At { get; init; }

    public required string Rule { get; init; }

    public int Wanted { get; init; }

    public string? AskedBy { get; init; }

    public required string Sentence { get; init; }

    public required string Data { get; init; }

    /// <summary>The decision with its inputs and all that held it back.</summary>
    public DecisionRecord Record => JsonSerializer.Deserialize(Data, ScalerJson.Default.DecisionRecord)!;
}

/// <summary>Questions about queues.</summary>
public sealed class QueueQueries(ReadModelStore store)
{
    private const string Select = """
        SELECT name AS Name, source AS Source, budget AS Budget, ledger AS Ledger, priority AS Priority, policy AS Policy, min_instances AS MinInstances,
            max_instances AS MaxInstances, max_idle AS MaxIdle, paused AS Paused, retired AS Retired, pools AS Pools, revision AS Revision, decided_at AS DecidedAt,
            decision AS Decision
        FROM queues
        """;

    /// <summary>By name.</summary>
    /// <exception cref="InvalidCursorException">The cursor is not of this list.</exception>
    public Task<Page<QueueRow>> ListAsync(string? source, string? budget, PageRequest page, CancellationToken cancel) => new Conditions()
        .If(source, "source = @source", "source")
        .If(budget, "budget = @budget", "budget")
        .If(page.After is { } after ? Cursor.Text(after) : null, "name > @after", "after")
        .PageAsync<QueueRow>(store, Select, "name", page, row => Cursor.Of(row.Name), cancel);

    public Task<QueueRow?> FindAsync(string name, CancellationToken cancel) => store.FirstAsync<QueueRow>($"{Select} WHERE name = @name", new { name }, cancel);

    /// <summary>Of all queues that have a scaler, by name.</summary>
    public Task<IReadOnlyList<string>> NamesAsync(CancellationToken cancel) => store.QueryAsync<string>("SELECT name FROM queues WHERE retired = 0 ORDER BY name", null, cancel);
}

/// <summary>Questions about pools that are declared now.</summary>
public sealed class PoolQueries(ReadModelStore store)
{
    private const string Select = """
        SELECT queue AS Queue, name AS Name, position AS Position, provider AS Provider, max_instances AS MaxInstances, slots AS Slots, gpus AS Gpus, spec AS Spec,
            failures AS Failures, failed_at AS FailedAt, open_until AS OpenUntil, tripped AS Tripped, failure AS Failure, blackout_until AS BlackoutUntil, blackout AS Blackout,
            (SELECT CAST(COUNT(*) AS INTEGER) FROM instances i WHERE i.pool = pools.name AND i.queue = pools.queue AND i.phase <> 'ended') AS Instances
        FROM pools
        """;

    /// <summary>By name.</summary>
    /// <exception cref="InvalidCursorException">The cursor is not of this list.</exception>
    public Task<Page<PoolRow>> ListAsync(string? queue, string? provider, PageRequest page, CancellationToken cancel) => new Conditions()
        .Always("removed = 0")
        .If(queue, "queue = @queue", "queue")
        .If(provider, "provider = @provider", "provider")
        .If(page.After is { } after ? Cursor.Text(after) : null, "name > @after", "after")
        .PageAsync<PoolRow>(store, Select, "name", page, row => Cursor.Of(row.Name), cancel);

    public Task<PoolRow?> FindAsync(string name, CancellationToken cancel) =>
        store.FirstAsync<PoolRow>($"{Select} WHERE name = @name AND removed = 0", new { name }, cancel);
}

/// <summary>Questions about decisions.</summary>
public sealed class DecisionQueries(ReadModelStore store)
{
    private const string Select = """
        SELECT ordering AS Ordering, queue AS Queue, at AS At, rule AS Rule, wanted AS Wanted, asked_by AS AskedBy, sentence AS Sentence, data AS Data FROM decisions
        """;

    /// <summary>The latest first.</summary>
    /// <exception cref="InvalidCursorException">The cursor is not of this list.</exception>
    public Task<Page<DecisionRow>> ListAsync(string? queue, DateTimeOffset? since, PageRequest page, CancellationToken cancel) => new Conditions()
        .If(queue, "queue = @queue", "queue")
        .If(since?.UtcTicks, "at >= @since", "since")
        .If(page.After is { } after ? Cursor.Number(after) : null, "ordering < @after", "after")
        .PageAsync<DecisionRow>(store, Select, "ordering DESC", page, row => Cursor.Of(row.Ordering), cancel);
}
