using Akka.Actor;
using Akka.Cluster;

namespace ControlPlane.Actors.Clustering;

/// <summary>A node of the cluster.</summary>
public sealed record ClusterMember(string Address, string Status, bool Reachable, IReadOnlyList<string> Roles);

/// <summary>The cluster as this node sees it.</summary>
/// <param name="Name">Of the actor system.</param>
/// <param name="Self">The address of this node.</param>
/// <param name="Up">Whether this node takes part.</param>
/// <param name="Leader">The address of the leader; null while there is none.</param>
/// <param name="Members">All nodes, this one included.</param>
public sealed record ClusterStatus(string Name, string Self, bool Up, string? Leader, IReadOnlyList<ClusterMember> Members)
{
    public static ClusterStatus Of(ActorSystem system)
    {
        var cluster = Cluster.Get(system);
        var state = cluster.State;
        return new ClusterStatus(
            system.Name,
            cluster.SelfAddress.ToString(),
            !cluster.IsTerminated && cluster.SelfMember.Status == MemberStatus.Up,
            state.Leader?.ToString(),
            [.. state.Members.Select(m => new ClusterMember(m.Address.ToString(), m.Status.ToString(), !state.Unreachable.Contains(m), [.. m.Roles]))]);
    }
}
