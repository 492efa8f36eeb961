using ControlPlane.Hosting;

namespace ControlPlane.Security;

/// <summary>Before anything of a node starts: refuses an address that others can reach while nobody has to say who he is, and says what is not encrypted.</summary>
internal sealed partial class SecurityStart(NodeOptions node, Listening identity, AuthenticationGate gate, ILogger<SecurityStart> log) : IHostedLifecycleService
{
    /// <exception cref="InvalidOperationException">The node must not start; the message says what to do.</exception>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (await gate.WhyNotStartAsync(node.Url, cancellationToken).ConfigureAwait(false) is { } reason)
            throw new InvalidOperationException(reason);
        if (!identity.OnLoopback && node.Url.StartsWith("http:", StringComparison.OrdinalIgnoreCase))
            Plain(log, node.Url);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(3211, LogLevel.Warning, "{Url} can be reached by others and is not encrypted: tokens can be read on the way. Put a proxy that speaks https before it, or set Security:CertificateFile and Security:KeyFile")]
    private static partial void Plain(ILogger log, string url);
}
