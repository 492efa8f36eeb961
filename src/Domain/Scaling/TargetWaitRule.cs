using ControlPlane.Domain.Deciding;

namespace ControlPlane.Domain.Scaling;

/// <summary>
/// Launches as late as the target allows, and not at all for tasks that busy instances are nearly sure to be free for: at least cost, 19 of 20 tasks shall wait for no longer
/// than the target. It learns boots and run times from the queue's own events.
/// </summary>
public static class TargetWaitRule
{
    /// <summary>Of twenty tasks one may wait for longer.</summary>
    private const double Sure = 0.95;

    /// <summary>More waiting tasks than that are not worth counting one by one.</summary>
    private const int MostCounted = 256;

    /// <summary>How often one place is counted.</summary>
    private const int MostTurns = 8;

    /// <summary>Chances below that are left out.</summary>
    private const double LeastChance = 0.01;

    private static readonly PerTaskPolicy PerTask = new();

    /// <param name="situation">The queue's numbers.</param>
    /// <param name="target">The wait that shall not be exceeded.</param>
    /// <param name="known">What was learnt.</param>
    /// <param name="unknownBoot">What a boot takes as long as none was seen.</param>
    /// <param name="running">For how long each running task has been seen to run.</param>
    /// <returns>The advice; when it changes by itself, null if it does not; and what it lets tasks wait for, null if they need not.</returns>
    public static (ScalingAdvice Advice, DateTimeOffset? Again, HeldBack? Patience) Advise(
        Situation situation, TimeSpan target, Experience known, TimeSpan unknownBoot, IReadOnlyList<TimeSpan> running)
    {
        var missing = situation.Pending + situation.Returning - situation.FreeSlots - situation.IdleSlots - situation.BootingSlots;
        if (missing <= 0)
            return (PerTask.Advise(situation), null, null);
        var tasks = $"{Words.Count(situation.Pending, "task")} {(situation.Pending == 1 ? "waits" : "wait")}, the longest for {Words.Duration(situation.OldestWait)}"
            + (situation.Returning == 0 ? "" : $", and {Words.Count(situation.Returning, "task")} will, on machines that are taken back");

        // Who is interrupted has waited already: a machine in its place is asked for at once.
        var urgent = Math.Min(missing, situation.Returning);
        var boot = known.Boots.Quantile(0.9) ?? unknownBoot;
        var left = target - situation.OldestWait;
        if (left > boot && urgent == 0)
        {
            var until = situation.Now + (left - boot);
            var pause = $"a boot takes {Words.Duration(boot)}, so within the target of {Words.Duration(target)} there is time for a busy instance to become free";
            return (new ScalingAdvice(situation.Serving, $"{tasks}; {pause}"), until, new HeldBack(HoldBack.Patience, null, missing, until, pause));
        }

        // Whom the target has passed by already waits for nobody.
        var free = left > TimeSpan.Zero ? Freed(known.Runs, boot, running, Math.Min(missing, MostCounted)) : 0;
        free = Math.Min(free, missing - urgent);
        if (free >= missing)
        {
            var pause = $"with 95 % {Words.Count(free, "running task")} will be done within {Words.Duration(boot)}, as soon as a boot would be";
            return (new ScalingAdvice(situation.Serving, $"{tasks}; {pause}"), situation.Now + (boot / 4), new HeldBack(HoldBack.Patience, null, missing, null, pause));
        }

        var slots = Math.Max(1, situation.SlotsPerInstance);
        var covered = free == 0 ? "" : $", of which {free} can take the place of tasks that are nearly done";
        return (new ScalingAdvice(
            situation.Serving + ((missing - free + slots - 1) / slots),
            left > TimeSpan.Zero
                ? $"{tasks}{covered}; a boot takes {Words.Duration(boot)}, so the target of {Words.Duration(target)} allows no longer pause"
                : $"{tasks}, longer than the target of {Words.Duration(target)}"), null, null);
    }

    /// <summary>How many running tasks will, with 95 %, be done within a time: the sum of independent chances, each given how long the task has run already.</summary>
    /// <param name="runs">Run times that were learnt; with fewer than ten the answer is 0.</param>
    /// <param name="within">The time.</param>
    /// <param name="running">For how long each running task has been seen to run.</param>
    /// <param name="most">The largest answer; more are not counted.</param>
    public static int Freed(LogHistogram runs, TimeSpan within, IReadOnlyList<TimeSpan> running, int most)
    {
        if (!runs.Has(10) || most <= 0)
            return 0;

        // ends[k]: the chance that k of them are done; the last stands for that and more.
        var ends = new double[most + 1];
        ends[0] = 1;
        void Count(double done)
        {
            ends[most] += ends[most - 1] * done;
            for (var k = most - 1; k > 0; k--)
                ends[k] = (ends[k] * (1 - done)) + (ends[k - 1] * done);
            ends[0] *= 1 - done;
        }

        var all = (double)runs.Total;
        foreach (var elapsed in running)
        {
            var still = runs.Over(elapsed);
            if (still <= 0)
                continue;
            Count(1 - (runs.Over(elapsed + within) / still));

            // Short tasks: its place is free once more if it, and each that follows, takes no more than an even share of the time.
            for (var turn = 2; turn <= MostTurns; turn++)
            {
                var share = within / turn;
                var chance = (1 - (runs.Over(elapsed + share) / still)) * Math.Pow(1 - (runs.Over(share) / all), turn - 1);
                if (chance < LeastChance)
                    break;
                Count(chance);
            }
        }

        var atLeast = 0.0;
        for (var k = most; k > 0; k--)
        {
            atLeast += ends[k];
            if (atLeast >= Sure)
                return k;
        }

        return 0;
    }
}
