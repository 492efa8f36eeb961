using ControlPlane.Actors;
using ControlPlane.Actors.Serialization;

namespace ControlPlane.Hosting;

/// <summary>What makes one release of the program differ from another in the eyes of the nodes of a cluster.</summary>
/// <param name="Version">Such as 1.2.0. While nodes differ, shards that move go to the newest, and all write what the oldest can read.</param>
/// <param name="Manifests">What it reads and writes.</param>
public sealed record Release(string Version, Manifests Manifests)
{
    /// <summary>This one.</summary>
    public static Release Current { get; } = new(typeof(Release).Assembly.GetName().Version?.ToString(3) ?? "0.0.0", EntityHosting.Manifests);
}
