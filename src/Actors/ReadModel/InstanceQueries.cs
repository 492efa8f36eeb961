using System.Text.Json;
using ControlPlane.Domain.Instances;

namespace ControlPlane.Actors.ReadModel;

/// <summary>Which instances are wanted, live ones or ended ones, requested at that time or later; null asks for all.</summary>
public sealed record InstanceFilter(string? Queue = null, string? Pool = null, Phase? Phase = null, Outcome? Outcome = null, bool? Live = null, DateTimeOffset? Since = null);

/// <summary>An instance as the read model shows it.</summary>
public sealed class InstanceRow
{
    public required string Id { get; init; }

    public required string Queue { get; init; }

    public required string Pool { get; init; }

    public string? Provider { get; init; }

    public string? Budget { get; init; }

    public required string Phase { get; init; }

    public long Since { get; init; }

    public long RequestedAt { get; init; }

    public int Attempt { get; init; }

    public long? LeaseUntil { get; init; }

    public string? Waiting { get; init; }

    public string? NativeId { get; init; }

    public string? OfferType { get; init; }

    public string? OfferZone { get; init; }

    public string? OfferMarket { get; init; }

    public long? RateMicros { get; init; }

    public int Gpus { get; init; }

    public int Slots { get; init; }

    public long? StartedAt { get; init; }

    public long? RegisteredAt { get; init; }

    public long? IdleSince { get; init; }

    public required string Tasks { get; init; }

    public int TasksCount { get; init; }

    public long? EndedAt { get; init; }

    public string? Outcome { get; init; }

    public string? Because { get; init; }

    public string? Fault { get; init; }

    public bool TasksReturned { get; init; }

    public bool Settled { get; init; }

    public long CostMicros { get; init; }

    public IReadOnlyList<string> TaskIds => JsonSerializer.Deserialize(Tasks, ReadModelJson.Default.IReadOnlyListString) ?? [];
}

/// <summary>One line of an instance's history.</summary>
public sealed class InstanceHistoryRow
{
    public long Ordering { get; init; }

    public required string Instance { get; init; }

    public required string Queue { get; init; }

    public long At { get; init; }

    public required string What { get; init; }

    public required string Sentence { get; init; }
}

/// <summary>How many instances of a pool are in a phase.</summary>
public sealed class PhaseCount
{
    public required string Queue { get; init; }

    public required string Pool { get; init; }

    public required string Phase { get; init; }

    public int Count { get; init; }
}

/// <summary>Questions about instances.</summary>
public sealed class InstanceQueries(ReadModelStore store)
{
    private const string Select = """
        SELECT id AS Id, queue AS Queue, pool AS Pool, provider AS Provider, budget AS Budget, phase AS Phase, since AS Since, requested_at AS RequestedAt, attempt AS Attempt,
            lease_until AS LeaseUntil, waiting AS Waiting, native_id AS NativeId, offer_type AS OfferType, offer_zone AS OfferZone, offer_market AS OfferMarket,
            rate_micros AS RateMicros, gpus AS Gpus, slots AS Slots, started_at AS StartedAt, registered_at AS RegisteredAt, idle_since AS IdleSince, tasks AS Tasks,
            tasks_count AS TasksCount, ended_at AS EndedAt, outcome AS Outcome, because AS Because, fault AS Fault, tasks_returned AS TasksReturned, settled AS Settled,
            cost_micros AS CostMicros
        FROM instances
        """;

    /// <summary>The newest first.</summary>
    /// <exception cref="InvalidCursorException">The cursor is not of this list.</exception>
    public Task<Page<InstanceRow>> ListAsync(InstanceFilter filter, PageRequest page, CancellationToken cancel) => new Conditions()
        .If(filter.Queue, "queue = @queue", "queue")
        .If(filter.Pool, "pool = @pool", "pool")
        .If(filter.Phase is { } phase ? Columns.Word(phase) : null, "phase = @phase", "phase")
        .If(filter.Outcome is { } outcome ? Columns.Word(outcome) : null, "outcome = @outcome", "outcome")
        .If(filter.Live is null ? null : Columns.Word(Domain.Instances.Phase.Ended), filter.Live == true ? "phase <> @ended" : "phase = @ended", "ended")
        .If(filter.Since?.UtcTicks, "requested_at >= @since", "since")
        .If(page.After is { } after ? Cursor.Text(after) : null, "id < @after", "after")
        .PageAsync<InstanceRow>(store, Select, "id DESC", page, row => Cursor.Of(row.Id), cancel);

    public Task<InstanceRow?> FindAsync(string id, CancellationToken cancel) => store.FirstAsync<InstanceRow>($"{Select} WHERE id = @id", new { id }, cancel);

    /// <summary>The latest lines of its history, oldest first.</summary>
    public async Task<IReadOnlyList<InstanceHistoryRow>> HistoryAsync(string id, int most, CancellationToken cancel)
    {
        const string sql = """
            SELECT ordering AS Ordering, instance AS Instance, queue AS Queue, at AS At, what AS What, sentence AS Sentence
            FROM instance_history WHERE instance = @id ORDER BY ordering DESC LIMIT @most
            """;
        var rows = await store.QueryAsync<InstanceHistoryRow>(sql, new { id, most }, cancel).ConfigureAwait(false);
        return [.. rows.Reverse()];
    }

    /// <summary>Live instances by queue, pool and phase; of one queue, or of all.</summary>
    public Task<IReadOnlyList<PhaseCount>> CountAsync(string? queue, CancellationToken cancel)
    {
        var conditions = new Conditions().Always("phase <> 'ended'").If(queue, "queue = @queue", "queue");
        return store.QueryAsync<PhaseCount>(
            $"SELECT queue AS Queue, pool AS Pool, phase AS Phase, CAST(COUNT(*) AS INTEGER) AS Count FROM instances {conditions} GROUP BY queue, pool, phase", conditions.Arguments, cancel);
    }
}
