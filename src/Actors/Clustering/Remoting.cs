using Akka.Configuration;
using Akka.Hosting;

namespace ControlPlane.Actors.Clustering;

/// <summary>The one place that says how nodes talk with each other: addresses, sizes, and what protects the wire.</summary>
internal static class Remoting
{
    /// <summary>A message holds at most the whole configuration: some ten thousand queues in JSON.</summary>
    private const long MostBytes = 64L << 20;

    /// <summary>What is wrong with the settings; empty if nothing is.</summary>
    public static IEnumerable<string> Faults(ClusterSettings settings)
    {
        foreach (var fault in settings.Tls.Faults("Cluster:Tls"))
            yield return fault;
        if (settings.LeavesTheLoopback && !settings.Tls.IsOn)
        {
            yield return $"Cluster:Host is '{settings.Host}', which others can reach, and what nodes say to each other is not encrypted; set Cluster:Tls ('controlplane certs init' makes the files), "
                + "or use a loopback address such as 127.0.0.1.";
        }
    }

    /// <summary>Puts the settings over all others.</summary>
    public static AkkaConfigurationBuilder WithRemoting(this AkkaConfigurationBuilder builder, ClusterSettings settings)
    {
        builder.AddHocon(Hocon(settings), HoconAddMode.Prepend);
        return settings.Tls.IsOn ? builder.AddHocon(RemotingTls.Hocon, HoconAddMode.Prepend).AddSetup(settings.Tls.Setup()) : builder;
    }

    private static Config Hocon(ClusterSettings settings) => ConfigurationFactory.ParseString($$"""
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
