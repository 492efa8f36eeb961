using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;

namespace ControlPlane.Simulation.Traces;

/// <summary>
/// The configuration with which a trace is replayed when nobody gives one. Each queue of the trace becomes one queue for each size of machine that its jobs need: none, or 1, 2, 4 ... 64
/// GPUs. A machine costs a dollar an hour for each GPU, a fifth of a dollar without any, and is billed for a minute at least. There is no limit on money.
/// </summary>
public static class TraceDefaults
{
    /// <summary>What one may be called in the document: <c>maxInstances</c> has no higher value.</summary>
    private const int Most = 10_000;

    /// <summary>The price of spot, as a share of that on demand, where the spot trace has none.</summary>
    private const decimal SpotShare = 0.35m;

    /// <summary>The sizes of machines, in GPUs.</summary>
    private static readonly int[] Sizes = [0, 1, 2, 4, 8, 16, 32, 64];

    /// <summary>What a policy is tried with.</summary>
    public sealed record Settings
    {
        public PolicySpec Policy { get; init; } = new PolicySpec.PerTask();

        /// <summary>A fixed idle time; null: it is learnt, as in a document that says nothing.</summary>
        public TimeSpan? MaxIdleTime { get; init; }

        /// <summary>Queues by size; otherwise all jobs of a queue go to machines of 64 GPUs that cost a dollar an hour.</summary>
        public bool BySize { get; init; } = true;

        /// <summary>Zones of a spot trace in which spot is tried first; empty: on demand only.</summary>
        public IReadOnlyList<(string Zone, string Type)> Spot { get; init; } = [];

        /// <summary>For how long spot is tried before a machine is taken on demand.</summary>
        public TimeSpan FallbackAfter { get; init; } = TimeSpan.FromMinutes(2);
    }

    /// <summary>The smallest size that has so many GPUs; null if none has.</summary>
    public static int? SizeOf(double gpus) => Sizes.Cast<int?>().FirstOrDefault(s => s >= gpus);

    /// <summary>A configuration for every queue of the trace. Jobs of more than 64 GPUs fit none of its queues.</summary>
    public static Configuration Of(JobTrace trace, Settings? settings = null)
    {
        settings ??= new Settings();
        var queues = trace.Jobs.Select(j => (j.Queue, Size: settings.BySize ? SizeOf(j.Gpus ?? 1) ?? Sizes[^1] : Sizes[^1])).Distinct()
            .OrderBy(q => q.Queue, StringComparer.Ordinal).ThenBy(q => q.Size).ToArray();
        return PoolDigest.Stamp(new Configuration
        {
            Sources = [new SourceSpec("trace", "embedded", TimeSpan.FromSeconds(5))],
            Providers = [new ProviderSpec("cloud", "local", TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), 20, 50)],
            Budgets = [new BudgetSpec { Name = new BudgetName("all") }],
            Pools = [.. queues.Select(q => Pool(TraceFit.Sized(q.Queue, q.Size), q.Size, settings))],
            Queues =
            [
                .. queues.Select(q => new QueueEntry
                {
                    Name = new QueueName(TraceFit.Sized(q.Queue, q.Size)),
                    Source = "trace",
                    Budget = new BudgetName("all"),
                    Pools = [TraceFit.Sized(q.Queue, q.Size)],
                    Policy = settings.Policy,
                    AdaptiveIdle = settings.MaxIdleTime is null,
                    MaxIdleTime = settings.MaxIdleTime ?? TimeSpan.FromMinutes(15),
                }),
            ],
        });
    }

    private static PoolSpec Pool(string name, int gpus, Settings settings)
    {
        var rate = !settings.BySize ? 1m : gpus == 0 ? 0.2m : gpus;
        return new PoolSpec
        {
            Name = name,
            Provider = "cloud",
            MaxInstances = Most,
            Offers =
            [
                .. settings.Spot.Select(s => new Offer(s.Type, s.Zone, Market.Spot, HourlyRate.FromDollars(rate), HourlyRate.FromDollars(rate * SpotShare), gpus)),
                new Offer($"gpu{gpus}", "", Market.OnDemand, HourlyRate.FromDollars(rate), HourlyRate.FromDollars(rate), gpus),
            ],
            FallbackAfter = settings.Spot.Count > 0 ? settings.FallbackAfter : null,
            SpotBlackout = settings.Spot.Count > 0 ? TimeSpan.FromMinutes(15) : null,
            Billing = new Billing(TimeSpan.FromMinutes(1)),
            Template = new PoolTemplate.Local(TimeSpan.Zero, new Dictionary<string, string>(), TimeSpan.FromMinutes(2)),
        };
    }
}
