using System.Text.Json.Serialization;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Scaling;

namespace ControlPlane.Domain.Queues;

/// <summary>A queue to scale, as declared, with its pools resolved. Every value is valid: the catalog checked it.</summary>
public sealed record QueueSpec
{
    public required QueueName Name { get; init; }

    /// <summary>The source that holds the queue, by its configured name.</summary>
    public required string Source { get; init; }

    /// <summary>The budget that pays.</summary>
    public required BudgetName Budget { get; init; }

    /// <summary>The root of the budget's tree: the ledger's id. Set by the catalog.</summary>
    public required BudgetName Ledger { get; init; }

    /// <summary>Who is served first when money is short: higher first, -1,000 to 1,000.</summary>
    public int Priority { get; init; }

    public PolicySpec Policy { get; init; } = new PolicySpec.PerTask();

    /// <summary>Instances that are kept however idle, 0 to the sum of the pools' maxima.</summary>
    public int MinInstances { get; init; }

    /// <summary>An instance idle for longer is ended. 0 to 7 days. Where <see cref="AdaptiveIdle"/> is set it counts only for instances whose worker is silent.</summary>
    public TimeSpan MaxIdleTime { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>An idle instance is kept for as long as that is likely to save more than it costs, by what the queue has learnt, instead of for a fixed time.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool AdaptiveIdle { get; init; }

    /// <summary>Within what time of its submission a task must be done: pools with a fallback leave spot out when there is no time to lose a run. 1 min to 365 days; null: no limit.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TimeSpan? FinishWithin { get; init; }

    /// <summary>Launch nothing while true; what runs goes on.</summary>
    public bool Paused { get; init; }

    /// <summary>Which tasks of a lost machine go back to the queue; null: <see cref="RequeueRules.Default"/>.</summary>
    public RequeueRules? Requeue { get; init; }

    /// <summary>In the order in which they are tried. At least one.</summary>
    public required IReadOnlyList<PoolSpec> Pools { get; init; }

    public bool Equals(QueueSpec? other) => other is not null
        && Name == other.Name && Source == other.Source && Budget == other.Budget && Ledger == other.Ledger && Priority == other.Priority && Policy == other.Policy
        && MinInstances == other.MinInstances && MaxIdleTime == other.MaxIdleTime && AdaptiveIdle == other.AdaptiveIdle && FinishWithin == other.FinishWithin && Paused == other.Paused
        && Requeue == other.Requeue && Pools.SequenceEqual(other.Pools);

    public override int GetHashCode() => HashCode.Combine(Name, Source, Budget, Priority, Policy, MinInstances);
}
