using ControlPlane.Actors.Catalog;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Actors.Storage;

namespace ControlPlane.Clustering;

/// <summary>The cluster as the asked node sees it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Self">The node that answers.</param>
/// <param name="Up">Whether it takes part.</param>
/// <param name="Leader">The leading node.</param>
/// <param name="Members">All nodes.</param>
/// <param name="Entities">Ledgers, gateways, scalers and watchers in all.</param>
/// <param name="Awake">Those of them that have heard what concerns them.</param>
/// <param name="Journal">Whether the node's journal takes writes.</param>
/// <param name="ReadModel">How far the lists are behind the journal.</param>
public sealed record ClusterView(
    string Name, string Self, bool Up, string? Leader, IReadOnlyList<MemberView> Members, int Entities, int Awake, JournalView Journal, ReadModelView ReadModel)
{
    public static ClusterView From(ClusterStatus cluster, CatalogView catalog, JournalStatus journal, ReadModelPosition position) => new(
        cluster.Name,
        cluster.Self,
        cluster.Up,
        cluster.Leader,
        [.. cluster.Members.Select(m => new MemberView(m.Address, m.Status, m.Reachable, m.Roles))],
        catalog.Entities,
        catalog.Awake,
        new JournalView(journal.Healthy, journal.Reason, journal.Failures, journal.Fenced, journal.LastSuccess, journal.LastFailure),
        new ReadModelView(position.Offset, position.Head, position.OldestMissing));
}

/// <summary>A node of the cluster.</summary>
public sealed record MemberView(string Address, string Status, bool Reachable, IReadOnlyList<string> Roles);

/// <summary>What is known of the journal.</summary>
public sealed record JournalView(bool Healthy, string? Reason, long Failures, long Fenced, DateTimeOffset? LastSuccess, DateTimeOffset? LastFailure);

/// <summary>How far the read model is: the last event that it shows, the last there is, and since when one is missing.</summary>
public sealed record ReadModelView(long Offset, long Head, DateTimeOffset? BehindSince);
