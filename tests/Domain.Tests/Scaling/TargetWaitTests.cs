using ControlPlane.Domain.Scaling;
using CsCheck;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Scaling;

public sealed class TargetWaitTests
{
    private static readonly TimeSpan Target = Minutes(10);

    private static readonly Situation Nothing = new(Now, "training", 0, TimeSpan.Zero, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 10);

    [Fact]
    public void Advise_ATaskThatHasTimeForMoreThanABoot_WaitsAndSaysUntilWhen()
    {
        var (advice, again, patience) = TargetWaitRule.Advise(Nothing with { Pending = 1, Busy = 2 }, Target, Experience.None, Minutes(3), Places.None);
        Assert.Equal(2, advice.Wanted);
        Assert.Equal(Now + Minutes(7), again);
        Assert.Equal(HoldBack.Patience, patience!.Kind);
    }

    [Fact]
    public void Advise_NoTimeLeftButForABoot_Launches()
    {
        var (advice, again, patience) = TargetWaitRule.Advise(
            Nothing with { Pending = 3, Busy = 2, OldestWait = Minutes(8) }, Target, Experience.None, Minutes(3), Places.None);
        Assert.Equal(5, advice.Wanted);
        Assert.Null(again);
        Assert.Null(patience);
    }

    [Fact]
    public void Advise_BootsWereLearnt_TheirTimeCounts()
    {
        var known = Experience.None with { Boots = Of(Enumerable.Repeat(Minutes(9), 20)) };
        var situation = Nothing with { Pending = 1, Busy = 1, OldestWait = Minutes(2) };
        Assert.Equal(2, TargetWaitRule.Advise(situation, Target, known, Minutes(3), Places.None).Advice.Wanted);
        Assert.Equal(1, TargetWaitRule.Advise(situation, Target, Experience.None, Minutes(3), Places.None).Advice.Wanted);
    }

    [Fact]
    public void Advise_ABusyInstanceIsNearlySurelyFreeInTime_LaunchesNothing()
    {
        var known = Experience.None with { Boots = Of(Enumerable.Repeat(Minutes(5), 20)), Runs = Of(Enumerable.Repeat(Minutes(20), 50)) };
        var situation = Nothing with { Pending = 1, Busy = 1, Running = 1, OldestWait = Minutes(6) };
        Assert.Equal(1, TargetWaitRule.Advise(situation, Target, known, Minutes(3), Running(Minutes(22))).Advice.Wanted);
        Assert.Equal(2, TargetWaitRule.Advise(situation, Target, known, Minutes(3), Running(Minutes(2))).Advice.Wanted);
    }

    [Fact]
    public void Advise_TheTargetHasPassed_WaitsForNobody()
    {
        var known = Experience.None with { Boots = Of(Enumerable.Repeat(Minutes(5), 20)), Runs = Of(Enumerable.Repeat(Minutes(20), 50)) };
        var situation = Nothing with { Pending = 1, Busy = 1, Running = 1, OldestWait = Minutes(11) };
        Assert.Equal(2, TargetWaitRule.Advise(situation, Target, known, Minutes(3), Running(Minutes(22))).Advice.Wanted);
    }

    [Fact]
    public void Advise_ManyShortTasks_LaunchesTheFewestThatBeginThemOneAfterAnother()
    {
        var known = Experience.None with { Runs = Of(Enumerable.Repeat(Seconds(60), 50)) };
        var situation = Nothing with { Pending = 200 };
        var (advice, again, _) = TargetWaitRule.Advise(situation, Hours(1), known, Minutes(3), Places.None);
        var waited = TimeSpan.Zero;
        while (advice.Wanted == 0)
        {
            // Each time it says when to look again: nothing is missed.
            Assert.NotNull(again);
            waited += again.Value - situation.Now;
            situation = situation with { Now = again.Value, OldestWait = waited };
            (advice, again, _) = TargetWaitRule.Advise(situation, Hours(1), known, Minutes(3), Places.None);
        }

        Assert.InRange(advice.Wanted, 4, 6);
        Assert.InRange(waited, TimeSpan.Zero, Minutes(25));
        Assert.Contains("one after another", advice.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Advise_OneTaskIsDueAndOthersAreYoung_LaunchesForTheOne()
    {
        var situation = Nothing with { Pending = 40, Busy = 1, OldestWait = Minutes(8) };
        WaitingStep[] ages = [new(Now - Minutes(8), 1), new(Now - Minutes(1), 40)];
        var (advice, again, _) = TargetWaitRule.Advise(situation, Target, Experience.None, Minutes(3), Places.None, ages);
        Assert.Equal(2, advice.Wanted);
        Assert.Equal(Now + Minutes(6), again);
    }

    [Fact]
    public void Advise_SomeTasksAreLate_EachOfThemGetsAnInstanceAndTheOthersWait()
    {
        var situation = Nothing with { Pending = 40, Busy = 1, OldestWait = Minutes(12) };
        WaitingStep[] ages = [new(Now - Minutes(12), 3), new(Now, 40)];
        var (advice, _, _) = TargetWaitRule.Advise(situation, Target, Experience.None, Minutes(3), Places.None, ages);
        Assert.Equal(4, advice.Wanted);
        Assert.Contains("longer than the target", advice.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Advise_RunTimesAreUnknownAndManyWait_OneInstanceFindsOut()
    {
        var (advice, _, patience) = TargetWaitRule.Advise(Nothing with { Pending = 500 }, Target, Experience.None, Minutes(3), Places.None);
        Assert.Equal(1, advice.Wanted);
        Assert.Equal(499, patience!.Count);
    }

    [Fact]
    public void Advise_WhatBootsIsNearlyDone_CountsForWhatItWillBegin()
    {
        var known = Experience.None with { Boots = Of(Enumerable.Repeat(Minutes(3), 20)), Runs = Of(Enumerable.Repeat(Seconds(60), 50)) };
        var situation = Nothing with { Pending = 5, Booting = 1, BootingSlots = 1, OldestWait = Minutes(2) };
        var (advice, _, _) = TargetWaitRule.Advise(situation, Target, known, Minutes(3), new Places([], [(Minutes(2), 1)]));
        Assert.Equal(1, advice.Wanted);
    }

    /// <summary>Tasks of equal length come in bursts, boots take as long as learnt, and the advice is followed: every task begins within the target, and no more slots than tasks are launched.</summary>
    [Fact]
    public void Advise_FollowedInAModel_EveryTaskBeginsWithinTheTarget() => Gen.Select(Gen.Int[1, 60], Gen.Int[20, 900], Gen.Int[6, 60], Gen.Int[0, 10]).Sample((tasks, run, target, spread) =>
    {
        var known = Experience.None with { Boots = Of(Enumerable.Repeat(Minutes(3), 20)), Runs = Of(Enumerable.Repeat(Seconds(run), 100)) };
        var came = Enumerable.Range(0, tasks).Select(i => i * spread * 60 / tasks).ToArray();
        List<int> ready = [], free = [];
        var next = 0;
        var (late, launched) = (0, 0);
        for (var at = 0; next < tasks; at += 5)
        {
            Assert.True(at < 200_000);
            foreach (var boot in ready.Where(r => r <= at).ToArray())
            {
                ready.Remove(boot);
                free.Add(boot);
            }

            for (var slot = 0; slot < free.Count && next < tasks && came[next] <= at; slot++)
            {
                if (free[slot] > at)
                    continue;
                late += at - came[next++] > (target * 60) + 5 + run ? 1 : 0;
                free[slot] = at + run;
            }

            var pending = came.Skip(next).Count(c => c <= at);
            if (pending == 0)
                continue;
            var now = Now + Seconds(at);
            var situation = Nothing with { Now = now, Pending = pending, OldestWait = Seconds(at - came[next]), Booting = ready.Count, BootingSlots = ready.Count, Busy = free.Count, Running = free.Count };
            WaitingStep[] ages = [.. came.Skip(next).Take(pending).Select((c, i) => new WaitingStep(Now + Seconds(c), i + 1))];
            var places = new Places([.. free.Select(f => Seconds(Math.Max(0, at - (f - run))))], [.. ready.Select(r => (Seconds(at - (r - 180)), 1))]);
            var more = TargetWaitRule.Advise(situation, Minutes(target), known, Minutes(3), places, ages).Advice.Wanted - situation.Serving;
            launched += Math.Max(0, more);
            ready.AddRange(Enumerable.Repeat(at + 180, Math.Max(0, more)));
        }

        // A part of a task counts as one, and how long a task takes is known to a bin of the memory only: so one of twenty, or one, may be late by more than a task.
        Assert.InRange(late, 0, Math.Max(1, tasks / 20));
        Assert.InRange(launched, 1, tasks);
    }, iter: 100);

    [Fact]
    public void Advise_AnySituation_WantsWhatServesAtLeastAndNeverMoreThanAnInstanceForATask()
    {
        var gen = Gen.Select(
            Gen.Int[0, 40], Gen.Int[0, 5].Array[3], Gen.Int[0, 20], Gen.Int[1, 4], Gen.Int[0, 40], Gen.Int[1, 1200].List[0, 30], Gen.Int[1, 90_000].List[0, 60]);
        gen.Sample((pending, counts, busy, slots, wait, boots, runs) =>
        {
            var situation = Nothing with
            {
                Pending = pending,
                FreeSlots = counts[0],
                Idle = counts[1],
                IdleSlots = counts[1] * slots,
                Booting = counts[2],
                BootingSlots = counts[2] * slots,
                Busy = busy,
                SlotsPerInstance = slots,
                OldestWait = pending == 0 ? TimeSpan.Zero : Minutes(wait),
            };
            var known = Experience.None with { Boots = Of(boots.Select(b => Seconds(b))), Runs = Of(runs.Select(r => Seconds(r))) };
            var (advice, again, _) = TargetWaitRule.Advise(situation, Target, known, Minutes(3), Running([.. runs.Take(busy).Select(r => Seconds(r / 2))]));
            var missing = Math.Max(0, pending - situation.FreeSlots - situation.IdleSlots - situation.BootingSlots);
            Assert.InRange(advice.Wanted, missing > 0 ? situation.Serving : 0, situation.Serving + missing);
            Assert.False(again <= Now);
        });
    }

    [Fact]
    public void Freed_ManyTasksNearTheirEnd_CountsOnlyWhatIsNearlySure()
    {
        var runs = Of(Enumerable.Range(1, 100).Select(i => Minutes(i)));
        var freed = TargetWaitRule.Freed(runs, Minutes(30), [.. Enumerable.Repeat(Minutes(50), 40)], 40);
        Assert.InRange(freed, 5, 35);
        Assert.Equal(0, TargetWaitRule.Freed(LogHistogram.Empty, Minutes(30), [Minutes(50)], 5));
    }

    private static Places Running(params IReadOnlyList<TimeSpan> times) => new(times, []);

    private static LogHistogram Of(IEnumerable<TimeSpan> times) => times.Aggregate(LogHistogram.Empty, (known, time) => known.With(time));
}
