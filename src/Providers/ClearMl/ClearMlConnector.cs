using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Secrets;
using ControlPlane.Domain.Sources;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Providers.ClearMl;

/// <summary>Sources of the kind <c>clearml</c>: ClearML servers, hosted or one's own.</summary>
public sealed partial class ClearMlConnector(ISecretReader secrets, TimeProvider time, ILogger<ClearMlConnector> log) : ISourceConnector
{
    public string Kind => "clearml";

    public IQueueSource Connect(SourceSpec spec)
    {
        var server = spec.ClearMl ?? throw new InvalidOperationException($"Source {spec.Name} is of the kind clearml and does not say where its server is.");
        if (server.Insecure)
            Unchecked(log, spec.Name, server.Url);
        return new ClearMlSource(spec.Name, server, secrets, time);
    }

    [LoggerMessage(4101, LogLevel.Warning, "Source {Source} does not check the certificate of {Url}: whoever sits on the way can read the credentials. Name the authority with caFile instead of insecure.")]
    private static partial void Unchecked(ILogger log, string source, string url);
}
