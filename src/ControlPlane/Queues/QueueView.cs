using ControlPlane.Actors.Queues;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Instances;
using ControlPlane.Http;
using ControlPlane.Scaling;

namespace ControlPlane.Queues;

/// <summary>A queue as it is declared, with the number of its instances.</summary>
/// <param name="Name">Unique in the cluster.</param>
/// <param name="Source">The source that holds it.</param>
/// <param name="Budget">Who pays.</param>
/// <param name="Priority">Who is served first when money is short: higher first.</param>
/// <param name="Policy">The rule that decides how many instances it needs.</param>
/// <param name="MinInstances">Instances that are kept however idle.</param>
/// <param name="MaxInstances">The sum of its pools' maxima.</param>
/// <param name="MaxIdleTime">An instance idle for longer is ended; <c>auto</c>: the time is learnt.</param>
/// <param name="Paused">Nothing is launched.</param>
/// <param name="Retired">Removed from the configuration, with instances left.</param>
/// <param name="Pools">In the order in which they are tried.</param>
/// <param name="Instances">Instances that have not ended, by phase.</param>
/// <param name="LastDecision">The last decision in words; null before the first.</param>
/// <param name="DecidedAt">When it was made.</param>
public sealed record QueueView(
    string Name, string Source, string Budget, int Priority, string Policy, int MinInstances, int MaxInstances, string MaxIdleTime, bool Paused, bool Retired,
    IReadOnlyList<string> Pools, IReadOnlyDictionary<string, int> Instances, string? LastDecision, DateTimeOffset? DecidedAt)
{
    public static QueueView From(QueueRow row, IEnumerable<PhaseCount> counts) => new(
        row.Name,
        row.Source,
        row.Budget,
        row.Priority,
        row.Policy,
        row.MinInstances,
        row.MaxInstances,
        row.MaxIdle == QueueRow.LearntIdle ? "auto" : DurationText.Format(TimeSpan.FromTicks(row.MaxIdle)),
        row.Paused,
        row.Retired,
        row.PoolNames,
        counts.GroupBy(c => c.Phase).ToDictionary(g => g.Key, g => g.Sum(c => c.Count)),
        row.Decision,
        Times.At(row.DecidedAt));
}

/// <summary>A queue as its scaler sees it now.</summary>
/// <param name="Queue">As declared.</param>
/// <param name="Situation">In numbers.</param>
/// <param name="ObservedAt">The last look at it that was taken into account; null before the first after a start.</param>
/// <param name="Pools">How many instances each pool has and may have.</param>
/// <param name="Instances">Those that are not done with.</param>
/// <param name="HeldBack">What the last decision was held back by.</param>
public sealed record QueueDetailView(
    QueueView Queue, SituationView Situation, DateTimeOffset? ObservedAt, IReadOnlyList<QueuePoolView> Pools, IReadOnlyList<QueueInstanceView> Instances,
    IReadOnlyList<HeldBackView> HeldBack)
{
    public static QueueDetailView From(QueueRow row, ScalerView live) => new(
        QueueView.From(row, live.Instances.Where(i => i.Phase != Phase.Ended)
            .Select(i => new PhaseCount { Queue = row.Name, Pool = i.Pool, Phase = System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(i.Phase.ToString()), Count = 1 })),
        SituationView.From(live.Situation),
        live.ObservedAt,
        [.. live.Pools.Select(p => new QueuePoolView(p.Pool, p.Instances, p.MaxInstances, p.Breaker?.Message, p.Breaker?.OpenUntil, p.Breaker?.Tripped ?? false, p.Blackout?.Until))],
        [.. live.Instances.Select(QueueInstanceView.From)],
        [.. (live.LastDecision?.HeldBack ?? []).Select(HeldBackView.From)]);
}

/// <summary>One pool of a queue now.</summary>
public sealed record QueuePoolView(string Pool, int Instances, int MaxInstances, string? Failure, DateTimeOffset? OpenUntil, bool Tripped, DateTimeOffset? BlackoutUntil);

/// <summary>One instance of a queue now.</summary>
public sealed record QueueInstanceView(
    string Id, string Pool, Phase Phase, DateTimeOffset Since, DateTimeOffset? LeaseUntil, string? NativeId, IReadOnlyList<string> Tasks, Outcome? Leaving, string? Because, string? Waiting)
{
    public static QueueInstanceView From(Actors.Queues.InstanceView i) =>
        new(i.Id.Value, i.Pool, i.Phase, i.Since, i.LeaseUntil, i.NativeId, i.Tasks, i.Leaving, i.Because, i.Waiting);
}

/// <summary>Why a queue has the machines that it has, and why not more.</summary>
/// <param name="Queue">Which queue.</param>
/// <param name="At">When this was true.</param>
/// <param name="Sentences">In the order in which they are best read.</param>
/// <param name="Text">The same as one text.</param>
public sealed record ExplanationView(string Queue, DateTimeOffset At, IReadOnlyList<string> Sentences, string Text);
