using Akka.Configuration;

namespace ControlPlane.Actors.Clustering;

/// <summary>The one place that says how nodes talk with each other: addresses, sizes, and what protects the wire.</summary>
internal static class Remoting
{
    /// <summary>A message holds at most the whole configuration: some ten thousand queues in JSON.</summary>
    private const long MostBytes = 64L << 20;

    /// <summary>What is wrong with the settings; empty if nothing is.</summary>
    public static IEnumerable<string> Faults(ClusterSettings settings)
    {
        if (settings.LeavesTheLoopback)
            yield return $"Cluster:Host is '{settings.Host}', which others can reach, and what nodes say to each other is not encrypted; use a loopback address such as 127.0.0.1.";
    }

    public static Config Hocon(ClusterSettings settings) => ConfigurationFactory.ParseString($$"""
        akka.remote.dot-netty.tcp {
          hostname = "{{settings.Host}}"
          port = {{settings.Port}}
          public-hostname = "{{settings.PublicHost ?? settings.Host}}"
          public-port = {{settings.PublicPort ?? settings.Port}}
          maximum-frame-size = {{MostBytes}}b
          send-buffer-size = 1MiB
          receive-buffer-size = 1MiB
        }
        """);
}
