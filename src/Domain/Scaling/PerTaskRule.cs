using ControlPlane.Domain.Deciding;

namespace ControlPlane.Domain.Scaling;

/// <summary>
/// The default policy with what the queue has learnt: an instance for each task that waits for nobody (<see cref="PerTaskPolicy"/>), but none for tasks that busy instances are nearly
/// sure to take before a new one could have booted. That saves a boot, and what the instance would be idle afterwards, and next to no time.
/// </summary>
public static class PerTaskRule
{
    /// <summary>More waiting tasks than that are not worth counting one by one.</summary>
    private const int MostCounted = 256;

    private static readonly PerTaskPolicy PerTask = new();

    /// <param name="situation">The queue's numbers.</param>
    /// <param name="known">What was learnt.</param>
    /// <param name="unknownBoot">What a boot takes as long as none was seen.</param>
    /// <param name="running">For how long each running task has been seen to run.</param>
    /// <returns>The advice; when it changes by itself, null if it does not; and what it lets tasks wait for, null if they need not.</returns>
    public static (ScalingAdvice Advice, DateTimeOffset? Again, HeldBack? Patience) Advise(
        Situation situation, Experience known, TimeSpan unknownBoot, IReadOnlyList<TimeSpan> running)
    {
        var missing = situation.Pending - situation.FreeSlots - situation.IdleSlots - situation.BootingSlots;
        var boot = known.Boots.Quantile(0.5) ?? unknownBoot;

        // Who has waited in vain for half a boot waits for nobody. As long as something boots, those that have waited longest wait for that.
        if (missing <= 0 || (situation.BootingSlots == 0 && situation.OldestWait > boot / 2))
            return (PerTask.Advise(situation), null, null);
        var free = TargetWaitRule.Freed(known.Runs, boot, running, Math.Min(missing, MostCounted));
        if (free == 0)
            return (PerTask.Advise(situation), null, null);
        var tasks = $"{Words.Count(situation.Pending, "task")} {(situation.Pending == 1 ? "waits" : "wait")}";
        var again = situation.Now + (boot / 4);
        if (free >= missing)
        {
            var pause = $"busy instances are nearly sure to take {Words.Count(missing, "task")} within {Words.Duration(boot)}, as soon as a new one would have booted";
            return (new ScalingAdvice(situation.Serving, $"{tasks}; {pause}"), again, new HeldBack(HoldBack.Patience, null, missing, null, pause));
        }

        var slots = Math.Max(1, situation.SlotsPerInstance);
        return (new ScalingAdvice(
            situation.Serving + ((missing - free + slots - 1) / slots),
            $"{tasks}, of which busy instances are nearly sure to take {free} within {Words.Duration(boot)}, as soon as a new one would have booted"), again, null);
    }
}
