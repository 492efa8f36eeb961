using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;
using ControlPlane.Simulation.Engine;

namespace ControlPlane.Simulation.Traces;

/// <summary>What a replay assumes of the world.</summary>
public sealed record ReplayOptions
{
    /// <summary>How long a machine takes from its launch until its workers register, on average. Each takes between two thirds and four thirds of it.</summary>
    public TimeSpan Boot { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Draws the boots, the ids, and which free worker takes a task.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>When spot machines can be had; null: always, and they are never taken back.</summary>
    public SpotTrace? Spot { get; init; }

    /// <summary>How long before a spot machine is taken back the platform says so: EC2's two minutes.</summary>
    public TimeSpan SpotNotice { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Plug-in policies by the name under which the configuration asks for them.</summary>
    public IReadOnlyDictionary<string, IScalingPolicy> Plugins { get; init; } = new Dictionary<string, IScalingPolicy>();

    /// <summary>The time that a trace's zero stands for: a Monday, so that windows of days and weeks begin with the trace.</summary>
    public DateTimeOffset Start { get; init; } = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>A run ends so long after the last submission at the latest: what is not done by then counts as not served.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromDays(90);

    /// <summary>
    /// Leases are renewed as often as in production also where no limit on money could refuse one. Without it they are long there: a month of an instance takes 60 renewals in
    /// place of 8,640, and nothing else differs.
    /// </summary>
    public bool EveryRenewal { get; init; }
}

/// <summary>All that a replay, or a model that is compared with it, works on. Only jobs that fit their queue.</summary>
public sealed record ReplaySetup
{
    /// <summary>As long as a pool may declare it.</summary>
    private static readonly TimeSpan LongestLease = TimeSpan.FromHours(24);

    /// <summary>Tells this run from others: a configuration's name.</summary>
    public required string Name { get; init; }

    public required Configuration Configuration { get; init; }

    /// <summary>Every job's queue is one of <see cref="Queues"/>, and its machines have the GPUs that it needs.</summary>
    public required JobTrace Trace { get; init; }

    public ReplayOptions Options { get; init; } = new();

    /// <summary>The queues with their pools and ledgers.</summary>
    public IReadOnlyList<QueueSpec> Queues => field ??= CatalogResolution.Queues(Configuration);

    /// <summary>The trees of budgets by their roots.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<BudgetSpec>> Ledgers => field ??= CatalogResolution.Trees(Configuration.Budgets);

    /// <summary>The same queues as they are replayed: with long leases where no limit on money could refuse a renewal (<see cref="ReplayOptions.EveryRenewal"/>).</summary>
    internal IReadOnlyList<QueueSpec> Replayed => field ??= Options.EveryRenewal ? Queues : [.. Queues.Select(Lengthened)];

    /// <summary>The boots of the machines, in the order of their launches: the same for everybody who draws them.</summary>
    public Func<TimeSpan> Boots()
    {
        var dice = new Dice(Options.Seed).Split(1);
        return () => dice.Between(Options.Boot * 2 / 3, Options.Boot * 4 / 3);
    }

    private QueueSpec Lengthened(QueueSpec queue) => Ledgers[queue.Ledger.Value].Any(b => b.Limit is not null)
        ? queue
        : queue with { Pools = [.. queue.Pools.Select(p => p with { LeaseLength = LongestLease })] };
}

/// <summary>A way to serve a trace: the rules of production, or a model to compare them with.</summary>
public interface ITraceReplay
{
    /// <summary>Serves the whole trace.</summary>
    /// <param name="setup">What to work on.</param>
    /// <param name="progress">Told now and then which share of the jobs has been submitted, 0 to 1; null if nobody looks.</param>
    /// <param name="cancel">Ends the run early.</param>
    /// <exception cref="OperationCanceledException">It was ended early.</exception>
    TraceOutcome Run(ReplaySetup setup, Action<double>? progress = null, CancellationToken cancel = default);
}
