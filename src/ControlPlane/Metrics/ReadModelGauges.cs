using System.Data.Common;
using System.Diagnostics.Metrics;
using Akka.Actor;
using Akka.Hosting;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Http;

namespace ControlPlane.Metrics;

/// <summary>
/// Instances by queue, pool and phase, waiting tasks by queue, and money by budget, as gauges. They are read now and then, not at each scrape, and only for as
/// many queues, pools and budgets as the options allow.
/// </summary>
public sealed partial class ReadModelGauges : BackgroundService
{
    private readonly QueueQueries _queues;
    private readonly InstanceQueries _instances;
    private readonly BudgetQueries _budgets;
    private readonly EntityAsks _entities;
    private readonly HttpApiOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ReadModelGauges> _log;
    private readonly Meter _meter = new("ControlPlane");
    private IReadOnlyList<Measurement<long>> _instanceCounts = [];
    private IReadOnlyList<Measurement<long>> _pending = [];
    private IReadOnlyList<Measurement<double>> _dollars = [];

    public ReadModelGauges(
        QueueQueries queues, InstanceQueries instances, BudgetQueries budgets, EntityAsks entities, HttpApiOptions options, TimeProvider time, ILogger<ReadModelGauges> log)
    {
        _queues = queues;
        _instances = instances;
        _budgets = budgets;
        _entities = entities;
        _options = options;
        _time = time;
        _log = log;
        _meter.CreateObservableGauge("controlplane.instances", () => Volatile.Read(ref _instanceCounts), description: "Instances that have not ended, by queue, pool and phase");
        _meter.CreateObservableGauge("controlplane.queue.pending", () => Volatile.Read(ref _pending), description: "Tasks that wait, by queue");
        _meter.CreateObservableGauge("controlplane.budget.dollars", () => Volatile.Read(ref _dollars), "USD", "Held, spent and limit of the current window, by budget");
    }

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    /// <summary>Reads all of them once.</summary>
    public async Task ReadAsync(CancellationToken cancel)
    {
        var first = new PageRequest(_options.MaxMetricSeries, null);
        var queues = await _queues.ListAsync(null, null, first, cancel).ConfigureAwait(false);
        var known = queues.Items.Select(q => q.Name).ToHashSet(StringComparer.Ordinal);
        var counts = await _instances.CountAsync(null, cancel).ConfigureAwait(false);
        Volatile.Write(
            ref _instanceCounts,
            [.. counts.Where(c => known.Contains(c.Queue)).OrderBy(c => (c.Queue, c.Pool)).Take(_options.MaxMetricSeries * 8)
                .Select(c => new Measurement<long>(c.Count, new("queue", c.Queue), new("pool", c.Pool), new("phase", c.Phase)))]);

        List<Measurement<long>> pending = [];
        foreach (var queue in queues.Items)
        {
            var view = await _entities.ScalerAsync(queue.Name, cancel).ConfigureAwait(false);
            if (view.ObservedAt is not null)
                pending.Add(new Measurement<long>(view.Situation.Pending, new KeyValuePair<string, object?>("queue", queue.Name)));
        }

        Volatile.Write(ref _pending, pending);
        List<Measurement<double>> dollars = [];
        foreach (var budget in (await _budgets.ListAsync(null, first, cancel).ConfigureAwait(false)).Items)
        {
            var window = await _budgets.WindowAsync(budget, _time.GetUtcNow(), cancel).ConfigureAwait(false);
            Add("held", window?.Held ?? 0);
            Add("spent", window?.Spent ?? 0);
            if (budget.Declared.Limit is { } limit)
                Add("limit", limit.Micros);

            void Add(string what, long micros) => dollars.Add(new Measurement<double>(micros / 1e6, new("budget", budget.Name), new("what", what)));
        }

        Volatile.Write(ref _dollars, dollars);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_options.MetricsInterval, _time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                await ReadAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is DbException or AskTimeoutException or EntityUnavailableException or MissingActorRegistryEntryException)
            {
                // The last figures stay until the next turn.
                NotRead(_log, fault.Message);
            }
        }
    }

    [LoggerMessage(3101, LogLevel.Warning, "The metrics by queue, pool and budget could not be read: {Reason}")]
    private static partial void NotRead(ILogger log, string reason);
}
