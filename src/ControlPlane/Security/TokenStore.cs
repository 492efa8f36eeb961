using System.Collections.Concurrent;
using ControlPlane.Audit;
using ControlPlane.Providers.Storage;

namespace ControlPlane.Security;

/// <summary>A token as it is kept: everything but its secret.</summary>
/// <param name="Id">No secret.</param>
/// <param name="Name">Whose it is; the audit names it.</param>
/// <param name="Role">What it allows.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="CreatedBy">By whom.</param>
/// <param name="ExpiresAt">From when it allows nothing; null for never.</param>
/// <param name="RevokedAt">Since when it allows nothing; null if it was not revoked.</param>
/// <param name="RevokedBy">By whom it was revoked.</param>
public sealed record TokenRecord(
    string Id, string Name, Role Role, DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, string? RevokedBy)
{
    public bool IsGood(DateTimeOffset now) => RevokedAt is null && !(ExpiresAt <= now);
}

/// <summary>
/// The tokens in the shared database. What was read is believed for <see cref="Belief"/>, so a token that is revoked at one node is refused by the others that much
/// later at most. Thread safe.
/// </summary>
public sealed class TokenStore(SecurityDatabase database, AuditLog audit, TimeProvider time)
{
    /// <summary>For how long a token that was found is not looked up again.</summary>
    public static readonly TimeSpan Belief = TimeSpan.FromSeconds(2);

    /// <summary>The longest name of a token.</summary>
    public const int MaxName = 100;

    private const int MostRemembered = 1_000;

    private const string Columns = "id AS Id, name AS Name, role AS Role, hash AS Hash, created AS Created, created_by AS CreatedBy, expires AS Expires, revoked AS Revoked, revoked_by AS RevokedBy";

    private readonly ConcurrentDictionary<string, (Row Row, DateTimeOffset At)> _known = new(StringComparer.Ordinal);

    /// <summary>Makes a token and its audit entry, both or neither.</summary>
    /// <param name="name">1 to <see cref="MaxName"/> printable characters.</param>
    /// <param name="role">What it allows.</param>
    /// <param name="expires">From when it allows nothing; null for never.</param>
    /// <param name="by">Who asks, for the record.</param>
    /// <param name="cancel">Ends it.</param>
    public async Task<(ApiToken Token, TokenRecord Record)> CreateAsync(string name, Role role, DateTimeOffset? expires, AuditCaller by, CancellationToken cancel)
    {
        var token = ApiToken.Create();
        var now = time.GetUtcNow();
        var record = new TokenRecord(token.Id, name, role, now, by.Name, expires, null, null);
        await database.WriteAsync(
            async session =>
            {
                await session.ExecuteAsync(
                    "INSERT INTO api_token (id, name, role, hash, created, created_by, expires) VALUES (@Id, @name, @role, @hash, @created, @by, @expires)",
                    new { token.Id, name, role = Policies.Word(role), hash = ApiToken.HashOf(token.Text), created = now.ToUnixTimeMilliseconds(), by = by.Name, expires = expires?.ToUnixTimeMilliseconds() });
                AuditChange[] changes =
                [
                    new("name", null, name), new("role", null, Policies.Word(role)), new("expires", null, expires?.UtcDateTime.ToString("O", System.Globalization.CultureInfo.InvariantCulture)),
                ];
                return await audit.WriteAsync(session, new AuditAct(by, "create", "token", token.Id), AuditLog.Done, changes);
            },
            cancel).ConfigureAwait(false);
        return (token, record);
    }

    /// <summary>Revokes a token; one that is revoked stays as it is.</summary>
    /// <returns>The token; null if there is none.</returns>
    public async Task<TokenRecord?> RevokeAsync(string id, AuditCaller by, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var row = await database.WriteAsync(
            async session =>
            {
                var changed = await session.ExecuteAsync(
                    "UPDATE api_token SET revoked = @now, revoked_by = @by WHERE id = @id AND revoked IS NULL", new { now = now.ToUnixTimeMilliseconds(), by = by.Name, id });
                var found = await FindAsync(session, id);
                if (changed > 0)
                    await audit.WriteAsync(session, new AuditAct(by, "revoke", "token", id), AuditLog.Done, [new AuditChange("revoked", null, "true"), new AuditChange("name", found!.Name, found.Name)]);
                return found;
            },
            cancel).ConfigureAwait(false);
        _known.TryRemove(id, out _);
        return row?.ToRecord();
    }

    /// <summary>All tokens that ever were, the latest first.</summary>
    public async Task<IReadOnlyList<TokenRecord>> ListAsync(CancellationToken cancel) =>
        [.. (await database.ReadAsync(session => session.QueryAsync<Row>($"SELECT {Columns} FROM api_token ORDER BY created DESC, id"), cancel).ConfigureAwait(false)).Select(r => r.ToRecord())];

    /// <summary>Whether a token was ever made, good or not.</summary>
    public Task<bool> AnyAsync(CancellationToken cancel) =>
        database.ReadAsync(async session => await session.ScalarAsync<long?>("SELECT 1 FROM api_token LIMIT 1") is not null, cancel);

    /// <summary>The token with this text, if it is good now; else null.</summary>
    public async Task<TokenRecord?> FindGoodAsync(ApiToken token, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (!_known.TryGetValue(token.Id, out var known) || now - known.At >= Belief)
        {
            if (await database.ReadAsync(session => FindAsync(session, token.Id), cancel).ConfigureAwait(false) is not { } row)
                return null;
            if (_known.Count >= MostRemembered)
                _known.Clear();
            _known[token.Id] = known = (row, now);
        }

        return ApiToken.Matches(token.Text, known.Row.Hash) && known.Row.ToRecord() is var record && record.IsGood(now) ? record : null;
    }

    private static Task<Row?> FindAsync(DatabaseSession session, string id) => session.FirstAsync<Row>($"SELECT {Columns} FROM api_token WHERE id = @id", new { id });

    private sealed class Row
    {
        public required string Id { get; init; }

        public required string Name { get; init; }

        public required string Role { get; init; }

        public required string Hash { get; init; }

        public long Created { get; init; }

        public required string CreatedBy { get; init; }

        public long? Expires { get; init; }

        public long? Revoked { get; init; }

        public string? RevokedBy { get; init; }

        // A role that a newer version wrote allows nothing here, not even to a worker; reading is the least.
        public TokenRecord ToRecord() => new(
            Id, Name, Policies.Parse(Role) ?? Security.Role.Viewer, At(Created)!.Value, CreatedBy, Policies.Parse(Role) is null ? DateTimeOffset.UnixEpoch : At(Expires), At(Revoked), RevokedBy);

        private static DateTimeOffset? At(long? milliseconds) => milliseconds is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;
    }
}
