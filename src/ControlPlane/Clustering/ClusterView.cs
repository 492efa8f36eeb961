using ControlPlane.Actors.Catalog;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Actors.Storage;

namespace ControlPlane.Clustering;

/// <summary>The cluster as the asked node sees it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Self">The node that answers.</param>
/// <param name="Up">Whether it takes part.</param>
/// <param name="Leader">The node that lets others in and out; null while there is none.</param>
/// <param name="Catalog">The node that runs the catalog: the oldest; null while there is none.</param>
/// <param name="Unreachable">Nodes that the others do not hear of.</param>
/// <param name="Versions">The versions of the program that run; several while it is upgraded.</param>
/// <param name="Members">All nodes.</param>
/// <param name="Entities">Ledgers, gateways, scalers and watchers in all; null while the catalog does not answer.</param>
/// <param name="Awake">Those of them that have heard what concerns them; null while the catalog does not answer.</param>
/// <param name="Journal">Whether the node's journal takes writes.</param>
/// <param name="ReadModel">How far the lists are behind the journal.</param>
public sealed record ClusterView(
    string Name,
    string Self,
    bool Up,
    string? Leader,
    string? Catalog,
    IReadOnlyList<string> Unreachable,
    IReadOnlyList<string> Versions,
    IReadOnlyList<MemberView> Members,
    int? Entities,
    int? Awake,
    JournalView Journal,
    ReadModelView ReadModel)
{
    public static ClusterView From(
        ClusterStatus cluster, IReadOnlyList<NodeRow> nodes, IReadOnlyList<RegionShards> shards, CatalogStatus? catalog, JournalStatus journal, ReadModelPosition position) => new(
        cluster.Name,
        cluster.Self,
        cluster.Up,
        cluster.Leader,
        cluster.Oldest,
        [.. cluster.Members.Where(m => !m.Reachable).Select(m => m.Address)],
        [.. cluster.Members.Select(m => m.Version).Distinct().Order(StringComparer.Ordinal)],
        [.. cluster.Members.OrderBy(m => m.Address, StringComparer.Ordinal).Select(m => new MemberView(
            m.Address,
            nodes.FirstOrDefault(n => n.Address == m.Address && n.Incarnation == m.Incarnation)?.Url,
            m.Status,
            m.Reachable,
            m.Version,
            m.Roles,
            [.. shards.Where(s => s.Node == m.Address).Select(s => new ShardsView(s.Region, s.Shards, s.Entities))]))],
        catalog?.Entities,
        catalog?.Awake,
        new JournalView(journal.Healthy, journal.Reason, journal.Failures, journal.Fenced, journal.LastSuccess, journal.LastFailure),
        new ReadModelView(position.Offset, position.Head, position.OldestMissing));
}

/// <summary>A node of the cluster.</summary>
/// <param name="Address">Where other nodes reach it.</param>
/// <param name="Url">Where its API listens; null if the database does not say.</param>
/// <param name="Status">Joining, Up, Leaving, Exiting or Down.</param>
/// <param name="Reachable">Whether the others hear of it.</param>
/// <param name="Version">Of its program.</param>
/// <param name="Roles">Words that it bears.</param>
/// <param name="Shards">What it has of each region; none of a region that did not answer.</param>
public sealed record MemberView(string Address, string? Url, string Status, bool Reachable, string Version, IReadOnlyList<string> Roles, IReadOnlyList<ShardsView> Shards);

/// <summary>What a node has of one region.</summary>
/// <param name="Region">ledgers, gateways, scalers or watchers.</param>
/// <param name="Shards">Shares of the region that are on the node.</param>
/// <param name="Entities">Entities in them.</param>
public sealed record ShardsView(string Region, int Shards, int Entities);

/// <summary>What is known of the journal.</summary>
public sealed record JournalView(bool Healthy, string? Reason, long Failures, long Fenced, DateTimeOffset? LastSuccess, DateTimeOffset? LastFailure);

/// <summary>How far the read model is: the last event that it shows, the last there is, and since when one is missing.</summary>
public sealed record ReadModelView(long Offset, long Head, DateTimeOffset? BehindSince);
