using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Scaling;

namespace ControlPlane.Domain.Queues;

/// <summary>
/// When idle instances leave. Either after a fixed time, or when keeping them costs more than it is likely to save: what an instance costs while it is idle against what the next
/// task pays if it is gone, by what the queue has learnt of the time after which a spare is needed again.
/// </summary>
internal static class IdleRules
{
    /// <summary>The longest time for which a spare is kept at its depth.</summary>
    private static readonly TimeSpan LongestKeep = TimeSpan.FromMinutes(15);

    /// <summary>The same where a target for waiting asks for more.</summary>
    private static readonly TimeSpan LongestKeepForTarget = TimeSpan.FromHours(1);

    /// <summary>A boot as long as none was seen.</summary>
    public static readonly TimeSpan UnknownBoot = TimeSpan.FromMinutes(3);

    /// <summary>
    /// A task that has to wait for a boot is as bad as five minutes of an idle machine, and the boot is paid, and waited for. More buys little: with half an hour the traces of
    /// docs/policies.md cost up to 30 % more, and mean waits were shorter by half a minute at most.
    /// </summary>
    private static readonly TimeSpan ColdStart = TimeSpan.FromMinutes(5);

    /// <summary>Ends instances that are idle too long, as far as neither minimum nor policy needs them. A busy one is never touched.</summary>
    /// <returns>When time alone next changes it; null if it does not, or if that follows from the fixed idle time.</returns>
    public static DateTimeOffset? End(ScalerStep step, QueueSpec spec, ScalingRules.Hearing heard, int wanted, List<LeaveChoice> leave)
    {
        InstanceState[] idle = [.. step.State.Instances.Values.Where(i => i is { Phase: Phase.Idle, Leaving: null }).OrderBy(i => i.IdleSince)];
        if (idle.Length == 0)
            return null;

        // One whose worker is silent serves nobody, however many are wanted: it only takes the place of another.
        var silent = idle.Count(i => !heard.Hears(i.Id));
        var spare = step.State.Instances.Values.Count(i => i.Serves) - silent - leave.Count - wanted;
        foreach (var instance in idle.Where(i => !heard.Hears(i.Id) && i.IdleSince + spec.MaxIdleTime <= step.Now))
            leave.Add(new LeaveChoice(instance.Id, Outcome.Idle, $"its worker is silent and it was idle for {Words.Duration(spec.MaxIdleTime)}"));
        if (spec.AdaptiveIdle)
            return EndUnneeded(step, spec, [.. idle.Where(i => heard.Hears(i.Id))], spare, leave);
        foreach (var instance in idle.Where(i => heard.Hears(i.Id) && i.IdleSince + spec.MaxIdleTime <= step.Now).Take(Math.Max(0, spare)))
            leave.Add(new LeaveChoice(instance.Id, Outcome.Idle, $"it was idle for {Words.Duration(spec.MaxIdleTime)}"));
        return null;
    }

    /// <summary>What an idle instance saves the next task, as a time of its own price.</summary>
    public static TimeSpan WorthOf(ScalerState state, QueueSpec spec)
    {
        var boot = BootOf(state);
        return spec.Policy is PolicySpec.TargetWait target
            ? boot <= target.Target ? boot : boot * (1 << (state.Strain / ScalerState.StrainToDouble))
            : ColdStart + (boot * 2);
    }

    /// <summary>
    /// The same for a spare below the top. When it is needed, the one above it has just been taken: where nearly all tasks are shorter than a boot that one is free again sooner than a
    /// new instance could be, so being without costs a wait for it and no boot (<see cref="PerTaskRule"/>).
    /// </summary>
    public static TimeSpan WorthBelowTop(ScalerState state, QueueSpec spec)
    {
        var worth = WorthOf(state, spec);
        if (state.Experience?.Runs is not { } runs || !runs.Has(10) || runs.Quantile(0.9) is not { } run || run > BootOf(state))
            return worth;
        var wait = run * 2;
        return wait < worth && (spec.Policy is not PolicySpec.TargetWait target || wait <= target.Target) ? wait : worth;
    }

    /// <summary>
    /// How many of the times at which a spare of this depth would be needed one cold start makes up for. Tasks that may wait come together: from one launch to the next all that the spare
    /// would have taken one by one, idle in between, begin one after another.
    /// </summary>
    private static double Shared(ScalerState state, QueueSpec spec, LogHistogram gaps)
    {
        if (spec.Policy is not PolicySpec.TargetWait { Target: var target } || state.Experience?.Runs is not { } runs || !runs.Has(10) || !gaps.Has(5))
            return 1;
        var patience = target - (state.Experience.Boots.Quantile(0.9) ?? UnknownBoot);
        return patience > TimeSpan.Zero && gaps.Quantile(0.5) is { } gap && runs.Quantile(0.5) is { } run ? 1 + (patience / (gap + run)) : 1;
    }

    /// <summary>What half of the boots take at most.</summary>
    public static TimeSpan BootOf(ScalerState state) => state.Experience?.Boots.Quantile(0.5) ?? UnknownBoot;

    private static DateTimeOffset? EndUnneeded(ScalerStep step, QueueSpec spec, InstanceState[] idle, int spare, List<LeaveChoice> leave)
    {
        var known = step.State.Experience ?? Experience.None;
        var top = WorthOf(step.State, spec);
        var below = WorthBelowTop(step.State, spec);
        var longest = spec.Policy is PolicySpec.TargetWait ? LongestKeepForTarget : LongestKeep;
        var keep = new TimeSpan?[known.Gaps.Count];
        DateTimeOffset? next = null;
        void Consider(DateTimeOffset at)
        {
            if (at > step.Now && (next is null || at < next))
                next = at;
        }

        // Position 1 is the spare that the next task takes; the deepest is the first that nobody needs.
        var unneeded = 0;
        var kept = TimeSpan.MaxValue;
        var worth = top;
        for (var position = 1; position <= idle.Length; position++)
        {
            var band = Experience.BandOf(position);
            var saves = (position == 1 ? top : below) / Shared(step.State, spec, known.Gaps[band]);
            var time = keep[band] ??= known.Gaps[band].WorthKeeping(saves, longest);
            var until = (known.Since(position) ?? idle[^position].IdleSince!.Value) + time;
            Consider(until);
            if (until > step.Now)
                continue;
            unneeded++;
            if (time < kept)
                (kept, worth) = (time, saves);
        }

        unneeded = Math.Min(unneeded, spare);
        foreach (var instance in idle)
        {
            if (unneeded <= 0)
                break;

            // What is paid for anyway may as well stay.
            if (instance.StartedAt + instance.Pool.Billing.Minimum is { } paid && paid > step.Now)
            {
                Consider(paid);
                continue;
            }

            unneeded--;
            leave.Add(new LeaveChoice(instance.Id, Outcome.Idle, Because(step.State, kept, worth)));
        }

        return next;
    }

    private static string Because(ScalerState state, TimeSpan kept, TimeSpan worth) =>
        kept == TimeSpan.Zero
            ? $"it was not worth keeping: here the next task is likely to come too late to save what a cold start costs (as much as {Words.Duration(worth)} idle)"
            : $"it was not needed for {Words.Duration(kept)}, and keeping on is likely to cost more than the cold start that is saved (as much as {Words.Duration(worth)} idle; a boot takes {Words.Duration(BootOf(state))})";
}
