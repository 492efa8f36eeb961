using System.ComponentModel.DataAnnotations;
using System.Net;

namespace ControlPlane.Actors.Clustering;

/// <summary>How this node and the others reach each other, section <c>Cluster</c>. On SQLite a node is alone, and only <see cref="Roles"/> matters.</summary>
public sealed class ClusterSettings : IValidatableObject
{
    public const string Section = "Cluster";

    /// <summary>The address to listen on for other nodes.</summary>
    [Required]
    public string Host { get; set; } = "127.0.0.1";

    /// <summary>The port to listen on for other nodes; 0 for any that is free, which configured seed nodes do not allow.</summary>
    [Range(0, 65535)]
    public int Port { get; set; }

    /// <summary>The name or address under which other nodes reach this one, where it differs from <see cref="Host"/>.</summary>
    public string? PublicHost { get; set; }

    /// <summary>The port at <see cref="PublicHost"/>, where it differs from <see cref="Port"/>.</summary>
    [Range(1, 65535)]
    public int? PublicPort { get; set; }

    /// <summary>
    /// <c>host:port</c> of nodes to join. None: nodes find each other through the database. With some, all nodes name the same ones in the same order, and the
    /// first of them begins the cluster.
    /// </summary>
    public IReadOnlyList<string> SeedNodes { get; set; } = [];

    /// <summary>Words that this node bears in the list of nodes; nothing else depends on them.</summary>
    public IReadOnlyList<string> Roles { get; set; } = [];

    /// <summary>How often a node says in the database that it lives.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>A node that was not heard of for this long is taken for dead by nodes that look for a cluster to join.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan DeadAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long joining may take before the node looks again whom to join; after the second time it starts again as a new one.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan JoinTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// On a stop, how long a node that is not alone answers requests as before while it says that it is unready, so that callers turn to others. Then its shards move.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The certificates with which nodes prove to each other that they belong together; without them <see cref="Host"/> is a loopback address.</summary>
    public RemotingTls Tls { get; set; } = new();

    /// <summary>Whether others than the programs of this machine can reach the port.</summary>
    internal bool LeavesTheLoopback => !(Host == "localhost" || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address)));

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var seed in SeedNodes)
        {
            if (Address(seed) is null)
                yield return new ValidationResult($"Cluster:SeedNodes names '{seed}'; write host:port, such as node-0.controlplane:8471.", [nameof(SeedNodes)]);
        }

        if (SeedNodes.Count > 0 && Port == 0)
            yield return new ValidationResult("Cluster:Port is 0, and with Cluster:SeedNodes the nodes must know each other's ports; write a port such as 8471.", [nameof(Port)]);
        if (PublicPort is not null && PublicHost is null)
            yield return new ValidationResult("Cluster:PublicPort needs Cluster:PublicHost.", [nameof(PublicPort)]);
        foreach (var fault in Remoting.Faults(this))
            yield return new ValidationResult(fault);
    }

    /// <returns>Null if it is not of the form host:port.</returns>
    internal static (string Host, int Port)? Address(string text)
    {
        var colon = text.LastIndexOf(':');
        return colon > 0 && int.TryParse(text.AsSpan(colon + 1), System.Globalization.NumberStyles.None, null, out var port) && port is > 0 and <= 65535
            ? (text[..colon].Trim('[', ']'), port)
            : null;
    }
}
