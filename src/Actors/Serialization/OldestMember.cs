using Akka.Actor;
using Akka.Cluster;
using Akka.Util;

namespace ControlPlane.Actors.Serialization;

/// <summary>The version of the program that the oldest node of the cluster runs: what this node writes, that one may have to read. Thread safe.</summary>
/// <param name="system">This node. Without a cluster nobody else reads what it writes.</param>
public sealed class OldestMember(ExtendedActorSystem system)
{
    private static readonly AppVersion Newest = AppVersion.Create("9999.0.0");

    private readonly bool _clustered = system.Provider is ClusterActorRefProvider;

    /// <summary>
    /// Nodes count from the moment at which they are known to join until they are removed, unreachable ones too. A node that has not joined yet knows of nobody, and takes
    /// others to be as old as can be.
    /// </summary>
    public AppVersion Version()
    {
        if (!_clustered)
            return Newest;
        AppVersion? oldest = null;
        foreach (var member in Cluster.Get(system).State.Members)
            oldest = oldest is null || member.AppVersion.CompareTo(oldest) < 0 ? member.AppVersion : oldest;
        return oldest ?? Manifest.Always;
    }
}
