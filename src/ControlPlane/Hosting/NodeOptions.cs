using System.ComponentModel.DataAnnotations;
using ControlPlane.Providers.Bootstrap;

namespace ControlPlane.Hosting;

/// <summary>Settings of a node, section <c>Node</c>; from the command line, the environment (<c>CONTROLPLANE_Node__Url</c>) or <c>appsettings.json</c>.</summary>
public sealed class NodeOptions : IValidatableObject
{
    public const string Section = "Node";

    public const string DefaultUrl = "http://127.0.0.1:8470";

    /// <summary>Where the API listens, http or https. Addresses that others can reach need authentication; without it the node does not start.</summary>
    [Required]
    public string Url { get; set; } = DefaultUrl;

    /// <summary>
    /// The address at which machines reach the API, such as that of a proxy in front of it; null if none can. Machines of pools with a bootstrap ask there for what
    /// makes them workers, secrets included: without https whoever sits on the way can read them.
    /// </summary>
    public string? GuestUrl { get; set; }

    /// <summary>The file with the key that signs machines' tickets, made where it is not there; null: <c>cluster.key</c> in the data folder. All nodes of a cluster must have the same.</summary>
    public string? ClusterKeyFile { get; set; }

    /// <summary>The name of the cluster; every machine bears it as a tag. Machines of other clusters are left alone.</summary>
    [Required]
    [RegularExpression("^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$", ErrorMessage = "Node:Cluster must be 1 to 63 letters, digits, '.', '_' or '-'.")]
    public string Cluster { get; set; } = "controlplane";

    /// <summary>Where everything is kept: the database, and the state folders of local instances.</summary>
    [Required]
    public string DataFolder { get; set; } = "./data";

    /// <summary>Plug-in policies are loaded from the assemblies in this folder.</summary>
    [Required]
    public string PluginFolder { get; set; } = "./plugins";

    /// <summary>A configuration to apply at each start; null leaves what is in force. A node that never had one starts with a small default.</summary>
    public string? ConfigurationFile { get; set; }

    /// <summary>How long a request waits for an entity.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan AskTimeout { get; set; } = TimeSpan.FromSeconds(10);

    internal string ClusterKeyPath => ClusterKeyFile ?? Path.Combine(DataFolder, ClusterKey.FileName);

    internal bool IsHttps => Url.StartsWith("https:", StringComparison.OrdinalIgnoreCase);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!Uri.TryCreate(Url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.AbsolutePath != "/")
            yield return new ValidationResult($"Node:Url is '{Url}'; write a URL such as {DefaultUrl}.", [nameof(Url)]);
        if (GuestUrl is { } guest && !(Uri.TryCreate(guest, UriKind.Absolute, out var seen) && (seen.Scheme == Uri.UriSchemeHttps || seen.Scheme == Uri.UriSchemeHttp) && seen is { Query: "", Fragment: "", UserInfo: "" }))
            yield return new ValidationResult($"Node:GuestUrl is '{guest}'; write a URL such as https://control.example.org, without user and query.", [nameof(GuestUrl)]);
        if (ConfigurationFile is { } file && !File.Exists(file))
            yield return new ValidationResult($"Node:ConfigurationFile is '{file}', and there is no such file.", [nameof(ConfigurationFile)]);
    }
}
