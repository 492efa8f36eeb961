using System.Data.Common;
using ControlPlane.Actors.Storage;
using Dapper;

namespace ControlPlane.Actors.Clustering;

/// <summary>A node as the database knows it.</summary>
/// <param name="Address">Its address in the cluster.</param>
/// <param name="Incarnation">Another one after each start.</param>
/// <param name="Url">Where its API listens.</param>
/// <param name="Version">Of its program.</param>
/// <param name="Journal">The plug-in that writes its journal.</param>
/// <param name="Joined">Whether it has joined the cluster that is current.</param>
/// <param name="Beats">How often it has said that it lives.</param>
/// <param name="Age">How long ago it said so last, by the database's clock.</param>
public sealed record NodeRow(string Address, long Incarnation, string Url, string Version, string Journal, bool Joined, long Beats, TimeSpan Age);

/// <summary>What a node found when it looked for a cluster to join.</summary>
/// <param name="Join">The nodes to join; empty if there is nobody.</param>
/// <param name="Founded">Whether the looking node is to begin a cluster: nobody else will.</param>
/// <param name="Cluster">The number of the current cluster; each that is begun has a higher one.</param>
internal sealed record Lookout(IReadOnlyList<NodeRow> Join, bool Founded, long Cluster);

/// <summary>What the database says of this node.</summary>
internal enum Standing
{
    Member,

    /// <summary>The others have removed it, as they do with a node that was silent for too long.</summary>
    Removed,

    /// <summary>Another cluster was begun meanwhile, because this one was taken for dead.</summary>
    Outdated,
}

/// <summary>
/// The nodes of a cluster, in the database that they share (docs/decisions/0012). One row is the current cluster; whoever begins one does so under a lock and replaces
/// it, so there is never more than one that is current.
/// </summary>
internal sealed class MembershipTable(NodeStorage storage)
{
    private const long SchemaVersion = 1;

    /// <summary>The advisory lock under which nodes look for a cluster to join and begin one.</summary>
    private const long Lock = 0x43_50_4d_42;

    private const string Schema = """
        CREATE TABLE IF NOT EXISTS cluster_current (id INTEGER PRIMARY KEY, name TEXT NOT NULL, cluster BIGINT NOT NULL);
        CREATE TABLE IF NOT EXISTS cluster_node (
            address TEXT NOT NULL,
            incarnation BIGINT NOT NULL,
            url TEXT NOT NULL,
            version TEXT NOT NULL,
            journal TEXT NOT NULL,
            cluster BIGINT NULL,
            beats BIGINT NOT NULL,
            heartbeat TIMESTAMPTZ NOT NULL,
            PRIMARY KEY (address, incarnation));
        """;

    private const string SelectNodes = """
        SELECT n.address AS Address, n.incarnation AS Incarnation, n.url AS Url, n.version AS Version, n.journal AS Journal,
            COALESCE(n.cluster = c.cluster, FALSE) AS Joined, n.beats AS Beats, clock_timestamp() - n.heartbeat AS Age
        FROM cluster_node n LEFT JOIN cluster_current c ON c.id = 1
        ORDER BY n.address, n.incarnation
        """;

    /// <summary>Writes this node into the table. Rows of its address are of earlier starts: the port is this process's now.</summary>
    /// <exception cref="InvalidOperationException">The database belongs to another cluster.</exception>
    public async Task EnterAsync(NodeRow self, string cluster, CancellationToken cancel)
    {
        await using var connection = await storage.Database.OpenAsync(cancel).ConfigureAwait(false);
        SchemaVersions.Migrate(connection, StorageProvider.PostgreSql, "membership", SchemaVersion, [Schema]);
        await using var transaction = await LockedAsync(connection, cancel).ConfigureAwait(false);
        var name = await connection.ExecuteScalarAsync<string?>("SELECT name FROM cluster_current WHERE id = 1", transaction: transaction).ConfigureAwait(false);
        if (name is not null && name != cluster)
            throw new InvalidOperationException($"The database belongs to the cluster '{name}', and this node is of the cluster '{cluster}' (Node:Cluster). Each cluster has a database of its own.");
        await connection.ExecuteAsync("DELETE FROM cluster_node WHERE address = @Address", self, transaction).ConfigureAwait(false);
        await connection.ExecuteAsync(
            """
            INSERT INTO cluster_node (address, incarnation, url, version, journal, cluster, beats, heartbeat)
            VALUES (@Address, @Incarnation, @Url, @Version, @Journal, NULL, 0, clock_timestamp())
            """, self, transaction).ConfigureAwait(false);
        await transaction.CommitAsync(cancel).ConfigureAwait(false);
    }

    /// <summary>Looks for the nodes to join. Where all of the current cluster are dead, and only then, this node begins another.</summary>
    /// <param name="self">This node.</param>
    /// <param name="cluster">The name of the cluster.</param>
    /// <param name="isDead">Whether a node that has joined is dead for certain.</param>
    /// <param name="cancel">Ends the look.</param>
    public async Task<Lookout> LookAsync(NodeRow self, string cluster, Func<NodeRow, bool> isDead, CancellationToken cancel)
    {
        await using var connection = await storage.Database.OpenAsync(cancel).ConfigureAwait(false);
        await using var transaction = await LockedAsync(connection, cancel).ConfigureAwait(false);
        var joined = (await NodesAsync(connection, transaction).ConfigureAwait(false)).Where(n => n.Joined && n.Address != self.Address).ToList();
        var alive = joined.Where(n => !isDead(n)).ToList();
        if (alive.Count > 0)
        {
            var current = await connection.ExecuteScalarAsync<long>("SELECT cluster FROM cluster_current WHERE id = 1", transaction: transaction).ConfigureAwait(false);
            return new Lookout(alive, false, current);
        }

        var begun = await connection.ExecuteScalarAsync<long>(
            """
            INSERT INTO cluster_current (id, name, cluster) VALUES (1, @cluster, 1)
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, cluster = cluster_current.cluster + 1
            RETURNING cluster
            """, new { cluster }, transaction).ConfigureAwait(false);
        foreach (var dead in joined)
            await connection.ExecuteAsync("DELETE FROM cluster_node WHERE address = @Address AND incarnation = @Incarnation", dead, transaction).ConfigureAwait(false);
        await JoinedAsync(connection, transaction, self, begun).ConfigureAwait(false);
        await transaction.CommitAsync(cancel).ConfigureAwait(false);
        return new Lookout([], true, begun);
    }

    /// <summary>
    /// This node is up in a cluster. Its number is that of the nodes that are in it too: a node that was to be joined may have died and come back at its address in a cluster that was
    /// begun since. Where none of them has said it yet, it is the number that this node had set out for, which may be the current one no more.
    /// </summary>
    public async Task JoinedAsync(NodeRow self, long cluster, IReadOnlySet<(string Address, long Incarnation)> members, CancellationToken cancel)
    {
        await using var connection = await storage.Database.OpenAsync(cancel).ConfigureAwait(false);
        var known = await connection.QueryAsync<(string Address, long Incarnation, long Cluster)>(new CommandDefinition(
            "SELECT address, incarnation, cluster FROM cluster_node WHERE cluster IS NOT NULL", cancellationToken: cancel)).ConfigureAwait(false);
        var number = known.Where(n => n.Address != self.Address && members.Contains((n.Address, n.Incarnation))).Select(n => n.Cluster).DefaultIfEmpty(cluster).Max();
        await JoinedAsync(connection, null, self, number).ConfigureAwait(false);
    }

    /// <summary>Says that this node lives, and hears what the others think of that.</summary>
    public async Task<Standing> BeatAsync(NodeRow self, CancellationToken cancel)
    {
        await using var connection = await storage.Database.OpenAsync(cancel).ConfigureAwait(false);
        var current = await connection.QueryAsync<bool>(new CommandDefinition(
            """
            UPDATE cluster_node n SET heartbeat = clock_timestamp(), beats = beats + 1 WHERE address = @Address AND incarnation = @Incarnation
            RETURNING cluster IS NULL OR cluster = (SELECT c.cluster FROM cluster_current c WHERE c.id = 1)
            """, self, cancellationToken: cancel)).ConfigureAwait(false);
        return current.AsList() switch
        {
            [true, ..] => Standing.Member,
            [false, ..] => Standing.Outdated,
            _ => Standing.Removed,
        };
    }

    /// <summary>A node is none of the cluster any more.</summary>
    public async Task RemoveAsync(string address, long incarnation, CancellationToken cancel)
    {
        await using var connection = await storage.Database.OpenAsync(cancel).ConfigureAwait(false);
        await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM cluster_node WHERE address = @address AND incarnation = @incarnation", new { address, incarnation }, cancellationToken: cancel)).ConfigureAwait(false);
    }

    public async Task<IReadOnlyList<NodeRow>> NodesAsync(CancellationToken cancel)
    {
        await using var connection = await storage.Database.OpenAsync(cancel).ConfigureAwait(false);
        return await NodesAsync(connection, null).ConfigureAwait(false);
    }

    private static async Task<IReadOnlyList<NodeRow>> NodesAsync(DbConnection connection, DbTransaction? transaction) =>
        (await connection.QueryAsync<NodeRow>(SelectNodes, transaction: transaction).ConfigureAwait(false)).AsList();

    private static Task<int> JoinedAsync(DbConnection connection, DbTransaction? transaction, NodeRow self, long cluster) => connection.ExecuteAsync(
        "UPDATE cluster_node SET cluster = @cluster, heartbeat = clock_timestamp() WHERE address = @Address AND incarnation = @Incarnation",
        new { cluster, self.Address, self.Incarnation },
        transaction);

    private static async Task<DbTransaction> LockedAsync(DbConnection connection, CancellationToken cancel)
    {
        var transaction = await connection.BeginTransactionAsync(cancel).ConfigureAwait(false);
        await connection.ExecuteAsync(new CommandDefinition("SELECT pg_advisory_xact_lock(@Lock)", new { Lock }, transaction, cancellationToken: cancel)).ConfigureAwait(false);
        return transaction;
    }
}
