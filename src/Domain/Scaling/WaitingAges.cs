using System.Collections.Immutable;

namespace ControlPlane.Domain.Scaling;

/// <summary>The first tasks of a queue, and since when they wait at the most.</summary>
/// <param name="Since">None of them was enqueued before.</param>
/// <param name="UpTo">The first so many waiting tasks, those of earlier steps included.</param>
public readonly record struct WaitingStep(DateTimeOffset Since, int UpTo);

/// <summary>
/// How long the waiting tasks of a queue have waited at the most, from looks that show only how many wait and since when the first does. A queue is served in its order: of the tasks
/// that wait now no more were enqueued by a time than waited at any look since, less those that have begun. So who stands further back is younger than that look. Where nothing is
/// known, as after a restart, all count as old as the oldest. Where a source does not keep to the order, the first task's age is still exact.
/// </summary>
public sealed record WaitingAges
{
    /// <summary>Steps that are kept; beyond that the two that lose least become one, which counts as the older.</summary>
    public const int MostSteps = 24;

    public static readonly WaitingAges None = new();

    /// <summary>From the first tasks to the last; both members rise strictly, and the last counts all that wait.</summary>
    public ImmutableList<WaitingStep> Steps { get; init; } = [];

    /// <summary>When the last look began; null before the first.</summary>
    public DateTimeOffset? AsOf { get; init; }

    /// <summary>What the next look adds.</summary>
    /// <param name="asOf">When it began.</param>
    /// <param name="pending">Tasks that wait.</param>
    /// <param name="oldest">When the longest waiting of them was enqueued, if the source knows.</param>
    /// <param name="begun">Tasks that run and did not at the last look.</param>
    /// <param name="gone">Tasks that ran at the last look and do not any more: if the oldest is older than before, they may wait again.</param>
    public WaitingAges Seen(DateTimeOffset asOf, int pending, DateTimeOffset? oldest, int begun, int gone)
    {
        if (pending <= 0)
            return new WaitingAges { AsOf = asOf };
        var first = oldest ?? AsOf ?? asOf;
        List<WaitingStep> steps = [];

        // Tasks that were put back stand before all others, and nobody knows which of them were.
        var back = AsOf is not null && Steps.Count > 0 && first < Steps[0].Since ? Math.Min(Math.Max(1, gone), pending) : 0;
        if (back > 0)
            steps.Add(new WaitingStep(first, back));
        foreach (var step in Steps)
            Add(steps, step with { UpTo = step.UpTo - begun + back }, first, pending);

        // All others have come since the last look.
        Add(steps, new WaitingStep(AsOf ?? first, pending), first, pending);
        while (steps.Count > MostSteps)
            Merge(steps);
        return new WaitingAges { Steps = [.. steps], AsOf = asOf };
    }

    private static void Add(List<WaitingStep> steps, WaitingStep step, DateTimeOffset first, int pending)
    {
        var before = steps.Count == 0 ? 0 : steps[^1].UpTo;

        // The first waits since then, whatever else is known: at least one task does.
        var upTo = Math.Min(pending, steps.Count == 0 && step.Since <= first ? Math.Max(1, step.UpTo) : step.UpTo);
        if (upTo <= before)
            return;
        var since = steps.Count == 0 || step.Since < first ? first : step.Since;
        if (steps.Count > 0 && since <= steps[^1].Since)
            steps[^1] = steps[^1] with { UpTo = upTo };
        else
            steps.Add(new WaitingStep(since, upTo));
    }

    /// <summary>Makes one of two neighbours, where the tasks of the second become older by the least, all together.</summary>
    private static void Merge(List<WaitingStep> steps)
    {
        var best = 1;
        var least = double.MaxValue;
        for (var i = 1; i < steps.Count; i++)
        {
            var lost = (steps[i].Since - steps[i - 1].Since).TotalSeconds * (steps[i].UpTo - steps[i - 1].UpTo);
            if (lost < least)
                (best, least) = (i, lost);
        }

        steps[best - 1] = steps[best - 1] with { UpTo = steps[best].UpTo };
        steps.RemoveAt(best);
    }
}
