using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Sources;
using ControlPlane.Providers.Local;
using ControlPlane.Security;

namespace ControlPlane.Hosting;

/// <summary>Providers of the kind <c>local</c>: processes on this machine, their state folders under the node's data folder.</summary>
internal sealed class LocalConnector(NodeOptions node, WorkerTokens tokens, TimeProvider time, ILogger<LocalProvider> log) : IProviderConnector
{
    public string Kind => "local";

    public IComputeProvider Connect(ProviderSpec spec) => new LocalProvider(
        spec.Name,
        new LocalProviderOptions { Root = Path.Combine(node.DataFolder, "instances", spec.Name), Cluster = node.Cluster, ServerUrl = NodeAddress.FromThisMachine(node.Url), TokenOf = tokens.Of },
        time,
        log);
}

/// <summary>The source of the kind <c>embedded</c>: the queue in this node's own database.</summary>
internal sealed class EmbeddedConnector(IQueueSource embedded) : ISourceConnector
{
    public string Kind => "embedded";

    public IQueueSource Connect(SourceSpec spec) => embedded;
}
