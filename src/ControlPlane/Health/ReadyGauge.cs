using System.Diagnostics.Metrics;
using ControlPlane.Http;

namespace ControlPlane.Health;

/// <summary>Whether this node may be given work, as a gauge: 1 or 0. Looked at as often as the other gauges are read, not at each scrape.</summary>
public sealed class ReadyGauge : BackgroundService
{
    private readonly Meter _meter = new("ControlPlane");
    private readonly Readiness _readiness;
    private readonly HttpApiOptions _options;
    private readonly TimeProvider _time;
    private volatile int _ready;

    public ReadyGauge(Readiness readiness, HttpApiOptions options, TimeProvider time)
    {
        (_readiness, _options, _time) = (readiness, options, time);
        _meter.CreateObservableGauge("controlplane.node.ready", () => _ready, description: "1 if this node may be given work, else 0");
    }

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_options.MetricsInterval, _time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                _ready = (await _readiness.ReasonsAsync(stoppingToken).ConfigureAwait(false)).Count == 0 ? 1 : 0;
            }
            catch (Exception) when (!stoppingToken.IsCancellationRequested)
            {
                // A node of which it cannot be said is not ready; a gauge must not end it.
                _ready = 0;
            }
        }
    }
}
