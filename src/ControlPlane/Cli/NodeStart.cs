using ControlPlane.Hosting;

namespace ControlPlane.Cli;

/// <summary>Starts a node for <c>run</c> and <c>demo</c>. Signals come as the cancellation, so that whoever started it can tidy up first.</summary>
internal static class NodeStart
{
    public static Task<int> RunAsync(RunArguments arguments, CancellationToken cancel, Release? release = null) => NodeHost.RunAsync(
        [.. arguments.ToHostArguments()],
        cancel,
        builder =>
        {
            builder.Services.AddSingleton<IHostLifetime, CancelledLifetime>();
            if (arguments.LogFile is not { } file)
                return;
            builder.Logging.ClearProviders();
            builder.Logging.AddProvider(new FileLog(file, TimeProvider.System));
        },
        release);

    /// <summary>Ends by its cancellation alone.</summary>
    private sealed class CancelledLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
