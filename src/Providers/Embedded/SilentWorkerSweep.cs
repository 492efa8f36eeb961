using System.Data.Common;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Providers.Embedded;

/// <summary>Prepares the embedded queue before the host serves, then sends back the tasks of workers that fell silent, at a steady pace.</summary>
internal sealed class SilentWorkerSweep(EmbeddedQueue queue, TimeProvider clock, ILogger<SilentWorkerSweep> log) : BackgroundService
{
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await queue.InitializeAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(queue.Options.SweepPeriod, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await queue.RequeueSilentAsync(stoppingToken);
            }
            catch (DbException error)
            {
                // A full disk or a locked file may pass; the next round finds the same tasks.
                log.LogError(error, "The tasks of silent workers could not be looked for; next try in {Period}.", queue.Options.SweepPeriod);
            }
        }
    }
}
