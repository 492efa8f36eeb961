using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Secrets;
using ControlPlane.Providers.Bootstrap;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Providers.Aws;

/// <summary>Providers of the kind <c>aws</c>.</summary>
/// <param name="cluster">The cluster's name, which all its machines bear.</param>
/// <param name="bootstrap">Writes their user data; null if this node writes none.</param>
/// <param name="secrets">Reads access keys.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where launches are told.</param>
public sealed class AwsConnector(string cluster, GuestBootstrap? bootstrap, ISecretReader secrets, TimeProvider time, ILogger<AwsProvider> log) : IProviderConnector
{
    /// <inheritdoc/>
    public string Kind => "aws";

    /// <inheritdoc/>
    public IComputeProvider Connect(ProviderSpec spec)
    {
        var aws = spec.Aws ?? throw new InvalidOperationException($"Provider {spec.Name} is of the kind aws and names no region.");
        var options = new AwsProviderOptions { Name = spec.Name, Cluster = cluster, Bootstrap = bootstrap };
        return new AwsProvider(AwsClients.Ec2(aws, secrets, time), options, time, log, AwsClients.SecurityToken(aws, secrets, time), AwsClients.Quotas(aws, secrets, time));
    }
}
