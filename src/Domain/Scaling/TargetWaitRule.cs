using ControlPlane.Domain.Deciding;

namespace ControlPlane.Domain.Scaling;

/// <summary>
/// At least cost, 19 of 20 tasks shall wait for no longer than the target. Each waiting task has a time by which it must begin. The rule counts how many of them the places that are
/// there, that boot or that become free will nearly surely begin by then, one after another where tasks are short, and how many more instances are the fewest for the rest. It launches
/// them at the last moment at which they are still so few. It learns boots and run times from the queue's own events.
/// </summary>
public static class TargetWaitRule
{
    /// <summary>Of twenty tasks one may wait for longer.</summary>
    private const double Sure = 0.95;

    /// <summary>So many standard deviations below the mean lies what is exceeded with that chance.</summary>
    private const double Deviations = 1.645;

    /// <summary>So few tasks are counted one by one, by their chances: of more the mean and its spread say as much.</summary>
    private const int MostCounted = 32;

    /// <summary>How often one place is counted.</summary>
    private const int MostTurns = 8;

    /// <summary>Chances below that are left out.</summary>
    private const double LeastChance = 0.01;

    /// <summary>A queue is looked at so often at least.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMinutes(1);

    private static readonly PerTaskPolicy PerTask = new();

    /// <param name="situation">The queue's numbers.</param>
    /// <param name="target">The wait that shall not be exceeded.</param>
    /// <param name="known">What was learnt.</param>
    /// <param name="unknownBoot">What a boot takes as long as none was seen.</param>
    /// <param name="places">Running tasks and booting slots.</param>
    /// <param name="waiting">Since when the waiting tasks wait at the most; null: nothing is known, and all count as old as the oldest.</param>
    /// <returns>The advice; when it changes by itself, null if it does not; and what it lets tasks wait for, null if they need not.</returns>
    public static (ScalingAdvice Advice, DateTimeOffset? Again, HeldBack? Patience) Advise(
        Situation situation, TimeSpan target, Experience known, TimeSpan unknownBoot, Places places, IReadOnlyList<WaitingStep>? waiting = null)
    {
        var missing = situation.Pending + situation.Returning - situation.FreeSlots - situation.IdleSlots - situation.BootingSlots;
        if (missing <= 0)
            return (PerTask.Advise(situation), null, null);
        var boot = known.Boots.Quantile(0.9) ?? unknownBoot;
        var plan = new Plan(situation, boot, known.Runs, places);
        var oldest = situation.Now - situation.OldestWait;
        List<Demand> demands = [];

        // Who is interrupted has waited already: a machine in its place is asked for at once, and no task that may end counts for it.
        if (situation.Returning > 0)
            demands.Add(plan.Of(situation.Returning, situation.Now, countsBusy: false));
        foreach (var step in waiting is { Count: > 0 } steps && steps[^1].UpTo >= situation.Pending ? steps : [new WaitingStep(oldest, situation.Pending)])
            demands.Add(plan.Of(situation.Returning + step.UpTo, step.Since + target, countsBusy: step.Since + target > situation.Now));

        DateTimeOffset? again = null;
        Demand? cause = null;
        foreach (var demand in demands)
        {
            if (demand.Instances == 0)
                continue;
            if (demand.Slack <= demand.Allowance)
                cause = cause is null || demand.Instances > cause.Instances ? demand : cause;
            else if (again is null || situation.Now + demand.Slack - demand.Allowance < again)
                again = situation.Now + demand.Slack - demand.Allowance;
        }

        var tasks = $"{Words.Count(situation.Pending, "task")} {(situation.Pending == 1 ? "waits" : "wait")}, the longest for {Words.Duration(situation.OldestWait)}"
            + (situation.Returning == 0 ? "" : $", and {Words.Count(situation.Returning, "task")} will, on machines that are taken back");
        if (cause is not null)
            return (new ScalingAdvice(situation.Serving + cause.Instances, $"{tasks}; {Because(cause, situation, target, boot)}"), again, null);

        if (situation.Serving == 0 && missing > Math.Max(1, situation.SlotsPerInstance) && !known.Runs.Has(10))
        {
            // Short tasks need far fewer instances than there are tasks, and only run times that were seen can say so: one instance begins, and finds out.
            var unknown = "how long they take is not known yet: one instance begins, and shows how many are needed";
            return (new ScalingAdvice(1, $"{tasks}; {unknown}"), again, new HeldBack(HoldBack.Patience, null, missing - Math.Max(1, situation.SlotsPerInstance), null, unknown));
        }

        string pause;
        DateTimeOffset? until = null;
        if (again is not null)
        {
            // Only while nobody works on the queue is it the same task that is the oldest then; another time than the last would move with each look.
            until = situation.Busy + situation.Booting == 0 && demands.TrueForAll(d => d.Slack == d.Within - boot) ? again : null;
            var most = demands.Max(d => d.Instances);
            pause = $"a boot takes {Words.Duration(boot)}, so within the target of {Words.Duration(target)} there is time for {(situation.Busy + situation.Booting == 0 ? "more to come" : "a busy instance to become free")}, "
                + $"and {Words.Count(most, "instance")} launched later will do as well as now";
        }
        else
        {
            // A guess that proves wrong must be seen in time.
            again = situation.Now + (boot / 4);
            pause = $"with 95 % the instances that work or boot will begin {(situation.Pending == 1 ? "it" : "all of them")} within the target of {Words.Duration(target)}, or as soon as a boot would be done ({Words.Duration(boot)})";
        }

        return (new ScalingAdvice(situation.Serving, $"{tasks}; {pause}"), again, new HeldBack(HoldBack.Patience, null, missing, until, pause));
    }

    private static string Because(Demand cause, Situation situation, TimeSpan target, TimeSpan boot)
    {
        var within = cause.Within > boot ? $"within {Words.Duration(cause.Within)}" : $"as soon as a boot is done ({Words.Duration(boot)})";
        var others = cause.Covered > 0 ? $", of which {cause.Covered} nearly surely begin on instances that are there or boot" : "";
        var due = $"{(cause.Tasks == 1 ? "1 has" : $"{cause.Tasks} have")} to begin {within}{others}";
        if (situation.OldestWait > target)
            due = $"that is longer than the target of {Words.Duration(target)}, and {due}";
        else
            due = $"by the target of {Words.Duration(target)} {due}";
        return cause.Within > boot && cause.Slack < cause.Within - boot
            ? $"{due}; {Words.Count(cause.Instances, "instance")} launched now can begin the rest one after another, later it would take more"
            : $"{due}; a boot takes {Words.Duration(boot)}, so that allows no longer pause";
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

    /// <summary>What must have begun by a time, and the fewest instances for it.</summary>
    /// <param name="Tasks">How many tasks.</param>
    /// <param name="Within">In what time; a boot at least.</param>
    /// <param name="Covered">How many of them nearly surely begin without a launch.</param>
    /// <param name="Instances">The fewest new instances for the others.</param>
    /// <param name="Slack">For how long as many do.</param>
    /// <param name="Allowance">How much sooner they are launched, so that the moment is not missed between two looks.</param>
    private sealed record Demand(int Tasks, TimeSpan Within, int Covered, int Instances, TimeSpan Slack, TimeSpan Allowance);

    private sealed class Plan(Situation situation, TimeSpan boot, LogHistogram runs, Places places)
    {
        private readonly Turnover turnover = new(runs);
        private readonly int slots = Math.Max(1, situation.SlotsPerInstance);

        public Demand Of(int tasks, DateTimeOffset by, bool countsBusy)
        {
            // Whom no boot reaches in time is to begin as soon as one does.
            var within = by - situation.Now > boot ? by - situation.Now : boot;
            var there = situation.FreeSlots + situation.IdleSlots + situation.BootingSlots;
            var begun = countsBusy ? There(within) : new Begun(there, 0, 0);
            var sure = there;
            if (countsBusy && tasks > there && Surely(begun, there) < tasks)
                sure += Freed(runs, within, Some(places.Running), Math.Min(tasks - there, MostCounted));
            var covered = Math.Min(tasks, Surely(begun, sure));
            var most = (Math.Max(0, tasks - sure) + slots - 1) / slots;
            int Fewest(TimeSpan time)
            {
                var fresh = turnover.Fresh(time) * slots;
                int low = 0, high = most;
                while (low < high)
                {
                    var middle = (low + high) / 2;
                    if (Surely(begun + (fresh * middle), sure + (middle * slots)) >= tasks)
                        high = middle;
                    else
                        low = middle + 1;
                }

                return low;
            }

            var instances = Fewest(within - boot);
            if (instances == 0)
                return new Demand(tasks, within, covered, 0, TimeSpan.Zero, TimeSpan.Zero);

            // For how long no more than that are needed.
            TimeSpan low = TimeSpan.Zero, high = within - boot;
            if (instances == most)
                low = high;
            while (high - low > TimeSpan.FromSeconds(1))
            {
                var middle = (low + high) / 2;
                if (Fewest(within - boot - middle) <= instances)
                    low = middle;
                else
                    high = middle;
            }

            var left = within - boot;
            var allowance = low == left ? TimeSpan.Zero : left / 16 < Pace ? left / 16 : Pace;
            return new Demand(tasks, within, covered, instances, low, allowance);
        }

        private static IReadOnlyList<TimeSpan> Some(IReadOnlyList<TimeSpan> running) => running.Count <= 2 * MostCounted ? running : [.. running.Take(2 * MostCounted)];

        /// <summary>What the instances that there are begin within a time.</summary>
        private Begun There(TimeSpan within)
        {
            var begun = turnover.Fresh(within) * (situation.FreeSlots + situation.IdleSlots);
            var listed = 0;
            foreach (var (elapsed, count) in places.Booting)
            {
                // One that takes longer than nearly all is expected for as late as it is overdue.
                var left = elapsed < boot ? boot - elapsed : elapsed - boot;
                begun += turnover.Fresh(within - left) * count;
                listed += count;
            }

            if (listed < situation.BootingSlots)
                begun += turnover.Fresh(within - boot) * (situation.BootingSlots - listed);
            foreach (var elapsed in places.Running)
                begun += turnover.Busy(elapsed, within);
            return begun;
        }

        /// <summary>How many begin with 95 %: each place that is there or comes begins one in any case.</summary>
        private static int Surely(Begun begun, int atLeast)
        {
            var few = begun.Mean - (Deviations * Math.Sqrt(begun.Variance + (begun.Doubt * begun.Doubt))) + 0.5;
            return Math.Max(atLeast, (int)Math.Min(int.MaxValue / 2, Math.Max(0, few)));
        }
    }
}
