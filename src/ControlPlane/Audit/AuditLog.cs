using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using ControlPlane.Providers.Storage;
using ControlPlane.Security;

namespace ControlPlane.Audit;

/// <summary>Who did something.</summary>
/// <param name="Name">The token's name, a person, or a part of the program.</param>
/// <param name="Role">What the caller was allowed.</param>
/// <param name="Address">From where; null if from the node's own machine, without a connection.</param>
public sealed record AuditCaller(string Name, string Role, string? Address);

/// <summary>What was done.</summary>
/// <param name="Caller">By whom.</param>
/// <param name="Act">The verb: apply, drain, terminate, reset, cancel, create, revoke.</param>
/// <param name="Kind">What it was done to: configuration, queue, instance, pool, task, token.</param>
/// <param name="Subject">Which one.</param>
public sealed record AuditAct(AuditCaller Caller, string Act, string Kind, string Subject);

/// <summary>A value that an act changed.</summary>
/// <param name="Field">Which.</param>
/// <param name="Before">As text; null if there was none.</param>
/// <param name="After">As text; null if there is none.</param>
public sealed record AuditChange(string Field, string? Before, string? After);

/// <summary>An entry of the audit.</summary>
/// <param name="Id">Later entries have higher ones.</param>
/// <param name="At">When it was asked for.</param>
/// <param name="What">Who did what.</param>
/// <param name="Node">The node that was asked.</param>
/// <param name="Outcome"><c>done</c>, <c>refused</c>, or <c>asked</c>: under way, or the node ended or lost the entity before it knew.</param>
/// <param name="Changes">What it changed.</param>
public sealed record AuditEntry(long Id, DateTimeOffset At, AuditAct What, string Node, string Outcome, IReadOnlyList<AuditChange> Changes);

/// <summary>
/// Every change that somebody asked for. The entry is written before the change is tried and completed after it, so that no change is without one; a change whose
/// entry cannot be written is not made. Thread safe.
/// </summary>
public sealed class AuditLog(SecurityDatabase database, Listening node, TimeProvider time)
{
    public const string Asked = "asked";
    public const string Done = "done";
    public const string Refused = "refused";

    private const int MaxText = 300;
    private const int MaxChanges = 1_000;
    private const string Columns =
        "id AS Id, at AS At, caller AS Caller, role AS Role, node AS Node, address AS Address, act AS Act, kind AS Kind, subject AS Subject, outcome AS Outcome, changes AS Changes";

    /// <summary>Writes that something is about to be tried.</summary>
    /// <returns>The entry's id, for <see cref="EndAsync"/>.</returns>
    public Task<long> BeginAsync(AuditAct act, CancellationToken cancel) => database.WriteAsync(session => WriteAsync(session, act, Asked, []), cancel);

    /// <summary>Writes what came of it.</summary>
    public Task EndAsync(long id, string outcome, IReadOnlyList<AuditChange> changes, CancellationToken cancel) => database.WriteAsync(
        session => session.ExecuteAsync("UPDATE audit_entry SET outcome = @outcome, changes = @changes WHERE id = @id", new { id, outcome, changes = Text(changes) }), cancel);

    /// <summary>Writes a whole entry as a part of the transaction that makes the change.</summary>
    public async Task<long> WriteAsync(DatabaseSession session, AuditAct act, string outcome, IReadOnlyList<AuditChange> changes)
    {
        // In the order of time, and different on all nodes: milliseconds, then 20 random bits.
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var id = (now << 20) | (long)RandomNumberGenerator.GetInt32(1 << 20);
        await session.ExecuteAsync(
            """
            INSERT INTO audit_entry (id, at, caller, role, node, address, act, kind, subject, outcome, changes)
            VALUES (@id, @now, @caller, @Role, @Node, @Address, @Act, @Kind, @subject, @outcome, @changes)
            """,
            new
            {
                id,
                now,
                caller = Short(act.Caller.Name),
                act.Caller.Role,
                node.Node,
                act.Caller.Address,
                act.Act,
                act.Kind,
                subject = Short(act.Subject),
                outcome,
                changes = Text(changes),
            }).ConfigureAwait(false);
        return id;
    }

    /// <summary>The latest entries first.</summary>
    /// <param name="filter">Only these.</param>
    /// <param name="before">Only entries with a lower id; null for the latest.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancel">Ends it.</param>
    public async Task<IReadOnlyList<AuditEntry>> ListAsync(AuditFilter filter, long? before, int limit, CancellationToken cancel)
    {
        List<string> conditions = ["1 = 1"];
        if (before is not null) conditions.Add("id < @before");
        if (filter.Caller is not null) conditions.Add("caller = @Caller");
        if (filter.Kind is not null) conditions.Add("kind = @Kind");
        if (filter.Subject is not null) conditions.Add("subject = @Subject");
        var rows = await database.ReadAsync(
            session => session.QueryAsync<Row>(
                $"SELECT {Columns} FROM audit_entry WHERE {string.Join(" AND ", conditions)} ORDER BY id DESC LIMIT @limit", new { before, limit, filter.Caller, filter.Kind, filter.Subject }),
            cancel).ConfigureAwait(false);
        return [.. rows.Select(r => r.ToEntry())];
    }

    private static string Text(IReadOnlyList<AuditChange> changes) =>
        JsonSerializer.Serialize([.. changes.Take(MaxChanges).Select(c => new AuditChange(Short(c.Field), Shorten(c.Before), Shorten(c.After)))], AuditJson.Default.AuditChangeArray);

    private static string Short(string text) => text.Length <= MaxText ? text : text[..MaxText];

    private static string? Shorten(string? text) => text is null ? null : Short(text);

    private sealed class Row
    {
        public long Id { get; init; }

        public long At { get; init; }

        public required string Caller { get; init; }

        public required string Role { get; init; }

        public required string Node { get; init; }

        public string? Address { get; init; }

        public required string Act { get; init; }

        public required string Kind { get; init; }

        public required string Subject { get; init; }

        public required string Outcome { get; init; }

        public required string Changes { get; init; }

        public AuditEntry ToEntry() => new(
            Id,
            DateTimeOffset.FromUnixTimeMilliseconds(At),
            new AuditAct(new AuditCaller(Caller, Role, Address), Act, Kind, Subject),
            Node,
            Outcome,
            JsonSerializer.Deserialize(Changes, AuditJson.Default.AuditChangeArray) ?? []);
    }
}

/// <summary>Which entries are wanted.</summary>
/// <param name="Caller">Only by this caller.</param>
/// <param name="Kind">Only about this kind.</param>
/// <param name="Subject">Only about this one.</param>
public sealed record AuditFilter(string? Caller, string? Kind, string? Subject);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AuditChange[]))]
internal sealed partial class AuditJson : JsonSerializerContext;
