using Akka.Actor;
using Akka.Cluster;

namespace ControlPlane.Actors.Clustering;

/// <summary>A node of the cluster.</summary>
/// <param name="Address">Its address in the cluster.</param>
/// <param name="Incarnation">Another one after each start.</param>
/// <param name="Status">As Akka names it: Joining, Up, Leaving, Exiting, Down.</param>
/// <param name="Reachable">Whether the others hear of it.</param>
/// <param name="Roles">Words that it bears.</param>
/// <param name="Version">Of its program.</param>
public sealed record ClusterMember(string Address, long Incarnation, string Status, bool Reachable, IReadOnlyList<string> Roles, string Version);

/// <summary>The cluster as this node sees it.</summary>
/// <param name="Name">Of the actor system.</param>
/// <param name="Self">The address of this node.</param>
/// <param name="Up">Whether this node takes part.</param>
/// <param name="Leader">The address of the leader; null while there is none.</param>
/// <param name="Oldest">The address of the node that runs the catalog; null while there is none.</param>
/// <param name="Members">All nodes, this one included.</param>
public sealed record ClusterStatus(string Name, string Self, bool Up, string? Leader, string? Oldest, IReadOnlyList<ClusterMember> Members)
{
    public static ClusterStatus Of(ActorSystem system)
    {
        var cluster = Cluster.Get(system);
        var state = cluster.State;
        var oldest = state.Members.Where(m => m.Status is MemberStatus.Up or MemberStatus.Leaving)
            .Aggregate((Member?)null, (old, m) => old is null || m.IsOlderThan(old) ? m : old);
        return new ClusterStatus(
            system.Name,
            cluster.SelfAddress.ToString(),
            !cluster.IsTerminated && cluster.SelfMember.Status == MemberStatus.Up,
            state.Leader?.ToString(),
            oldest?.Address.ToString(),
            [.. state.Members.Select(m => new ClusterMember(
                m.Address.ToString(), m.UniqueAddress.Uid, m.Status.ToString(), !state.Unreachable.Contains(m), [.. m.Roles], m.AppVersion.Version))]);
    }
}
