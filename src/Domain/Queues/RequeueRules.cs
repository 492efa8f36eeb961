using System.Text.Json.Serialization;
using ControlPlane.Domain.Deciding;

namespace ControlPlane.Domain.Queues;

/// <summary>Which tasks of a lost worker go back to their queue. What does not is failed, and says why: nobody would ever end it otherwise.</summary>
/// <param name="Never">None does.</param>
/// <param name="Attempts">How often one task may go back: 0 to 1,000. Null: as often as its source lets it (embedded: the task's own attempts; clearml: 3 times).</param>
/// <param name="OnlyYounger">A task that had run for longer does not: 1 s to 365 days. Null: however long it had run.</param>
/// <param name="AtNotice">
/// When a platform says that it will take a machine back, the machine is ended at once and its tasks go back at once, instead of running on until it is taken.
/// </param>
public sealed record RequeueRules(
    bool Never = false, int? Attempts = null, TimeSpan? OnlyYounger = null, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool AtNotice = false)
{
    /// <summary>Every task goes back, as often as its source lets it.</summary>
    public static RequeueRules Default { get; } = new();

    /// <summary>Why a task must not go back; null if it may.</summary>
    /// <param name="requeues">How often it went back before.</param>
    /// <param name="ran">How long it had run; null if that is not known.</param>
    /// <param name="most">The source's own limit of requeues, where the rules set none.</param>
    public string? Refusal(int requeues, TimeSpan? ran, int most)
    {
        if (Never)
            return "Tasks of this queue are not put back when their machine is lost.";
        if (requeues >= (Attempts ?? most))
            return $"It was put back {Words.Count(requeues, "time")} before, and may be no more often.";
        return OnlyYounger is { } limit && ran > limit ? $"It had run for {Words.Duration(ran.Value)}, and tasks of this queue are put back only within {Words.Duration(limit)}." : null;
    }
}
