using ControlPlane.Actors.Sources;
using ControlPlane.Domain.Catalog;

namespace ControlPlane.Sources;

/// <summary>A source as it is declared and as it is now.</summary>
/// <param name="Name">Unique among sources.</param>
/// <param name="Kind">What system it is.</param>
/// <param name="Pace">How often it is observed.</param>
/// <param name="State">How it is now; null if its watcher did not answer, or no queue is in it.</param>
public sealed record SourceView(string Name, string Kind, string Pace, SourceStateView? State)
{
    public static SourceView From(SourceSpec spec, WatcherView? live) => new(
        spec.Name,
        spec.Kind,
        DurationText.Format(spec.Pace),
        live?.Spec is null ? null : new SourceStateView(live.Fault is null, live.Fault, live.Failures, live.LookedAt, live.NextLookAt, [.. live.Missing.Select(q => q.Value)]));
}

/// <summary>How a source is now.</summary>
/// <param name="Healthy">Whether the last look succeeded.</param>
/// <param name="Fault">Why it did not.</param>
/// <param name="Failures">Looks that failed in a row.</param>
/// <param name="LookedAt">When a look last succeeded.</param>
/// <param name="NextLookAt">When it is looked at next.</param>
/// <param name="MissingQueues">Declared queues that the source does not have.</param>
public sealed record SourceStateView(
    bool Healthy, string? Fault, int Failures, DateTimeOffset? LookedAt, DateTimeOffset NextLookAt, IReadOnlyList<string> MissingQueues);
