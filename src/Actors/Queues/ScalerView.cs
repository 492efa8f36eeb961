using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;

namespace ControlPlane.Actors.Queues;

/// <summary>One queue as it is now, and why.</summary>
/// <param name="Queue">Its name.</param>
/// <param name="Spec">As it is declared; null if it is not.</param>
/// <param name="Retired">Removed from the configuration, with instances left.</param>
/// <param name="Situation">In numbers.</param>
/// <param name="ObservedAt">The last look that was taken into account; null before the first after a start.</param>
/// <param name="Instances">Every one that is not done with.</param>
/// <param name="Pools">How many each pool has and may have, and what stops it.</param>
/// <param name="LastDecision">The last one that changed something.</param>
public sealed record ScalerView(
    QueueName Queue,
    QueueSpec? Spec,
    bool Retired,
    Situation Situation,
    DateTimeOffset? ObservedAt,
    IReadOnlyList<InstanceView> Instances,
    IReadOnlyList<PoolView> Pools,
    DecisionRecord? LastDecision)
{
    public static ScalerView From(QueueName queue, ScalerState state, DateTimeOffset now) => new(
        queue,
        state.Spec,
        state.Retired,
        ScalerDecider.Describe(state, now),
        state.Observation?.AsOf,
        [.. state.Instances.Values.Select(InstanceView.From)],
        [.. (state.Spec?.Pools ?? []).Select(p => new PoolView(
            p.Name, state.InPool(p).Count(), p.MaxInstances, state.Breakers.GetValueOrDefault(p.Name), state.Blackouts.GetValueOrDefault(p.Name)))],
        state.LastDecision);
}

/// <summary>One pool of a queue as it is now.</summary>
public sealed record PoolView(string Pool, int Instances, int MaxInstances, Breaker? Breaker, Blackout? Blackout);

/// <summary>One instance as it is now.</summary>
public sealed record InstanceView(
    InstanceId Id, string Pool, Phase Phase, DateTimeOffset Since, DateTimeOffset RequestedAt, DateTimeOffset? LeaseUntil, string? NativeId, DateTimeOffset? IdleSince,
    IReadOnlyList<string> Tasks, Outcome? Leaving, string? Because, string? Waiting)
{
    public static InstanceView From(InstanceState i) => new(
        i.Id, i.Pool.Name, i.Phase, i.PhaseSince, i.RequestedAt, i.LeaseUntil, i.NativeId, i.IdleSince, i.Tasks, i.Leaving, i.LeavingBecause,
        i.Phase == Phase.Requested ? i.Waiting?.Sentence : i.Dry?.Sentence);
}
