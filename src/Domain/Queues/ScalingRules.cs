using System.Diagnostics;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Scaling;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Domain.Queues;

/// <summary>From a look at the queue to launches and departures: the policy's advice, bounded by minimum, maxima, breakers and blackouts.</summary>
internal static class ScalingRules
{
    /// <summary>A worker that has not reported for so long is not counted as free, whatever the source lists.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(3);

    /// <summary>Evaluates the policy on the last look. A plug-in policy is asked, and answers by a command of its own.</summary>
    public static void Evaluate(ScalerStep step)
    {
        if (step.State is not { Spec: { } spec, Observation: { } observation } || step.State.Retired)
            return;
        switch (spec.Policy)
        {
            case PolicySpec.PerTask:
                var seen = Describe(step.State, step.Now);
                var (launches, later, held) = PerTaskRule.Advise(seen, step.State.Experience ?? Experience.None, IdleRules.UnknownBoot, RunTimes(step.State, step.Now));
                Settle(step, launches, null, seen, later, held);
                break;
            case PolicySpec.TargetWait target:
                var situation = Describe(step.State, step.Now);
                var (advice, again, patience) = TargetWaitRule.Advise(
                    situation, target.Target, step.State.Experience ?? Experience.None, IdleRules.UnknownBoot, new Places(RunTimes(step.State, step.Now), BootTimes(step.State, step.Now)),
                    step.State.Waiting.Steps);
                Settle(step, advice, null, situation, again, patience);
                break;
            case PolicySpec.Plugin plugin:
                // One question at a time: the next look asks again.
                if (step.State.PolicyAskedFor is { } asked && observation.AsOf - asked < TimeSpan.FromSeconds(30))
                    return;
                step.Record(new ScalerEvent.PolicyAsked(observation.AsOf));
                step.Do(new ScalerEffect.AskPolicy(plugin.TypeName, Describe(step.State, step.Now), observation.AsOf));
                break;
            default:
                throw new UnreachableException($"No rule for {spec.Policy.GetType().Name}.");
        }
    }

    /// <summary>Carries out an advice, or records that there is none.</summary>
    /// <param name="step">The decision so far.</param>
    /// <param name="advice">What the policy wants; null if it failed.</param>
    /// <param name="failure">How it failed.</param>
    /// <param name="now">The situation now, if it is known already.</param>
    /// <param name="again">When the advice changes by itself.</param>
    /// <param name="patience">What the policy lets tasks wait for.</param>
    public static void Settle(
        ScalerStep step, ScalingAdvice? advice, string? failure, Situation? now = null, DateTimeOffset? again = null, HeldBack? patience = null)
    {
        if (step.State.Spec is not { } spec || step.State.Retired)
            return;
        var situation = now ?? Describe(step.State, step.Now);
        step.Record(new ScalerEvent.Evaluated(step.Now));
        List<HeldBack> held = patience is null ? [] : [patience];
        if (advice is null || advice.Wanted < 0)
        {
            held.Add(new HeldBack(HoldBack.PolicyFailed, null, 0, null, failure ?? $"it wants {advice?.Wanted} instances"));
            advice = new ScalingAdvice(situation.Serving, "the policy gave no advice");
        }

        var wanted = Math.Max(advice.Wanted, spec.MinInstances);
        List<LaunchChoice> launch = [];
        List<LeaveChoice> leave = [];
        if (wanted > situation.Serving)
            ScaleOut(step, spec, (long)(wanted - situation.Serving) * situation.SlotsPerInstance, launch, held);

        // A queue that is paused launches nothing, also not what still waits for money.
        Cancel(step, spec.Paused ? int.MaxValue : situation.Serving - wanted, spec.Paused ? "the queue is paused" : advice.Reason, leave);
        var idle = IdleRules.End(step, spec, new Hearing(step.State.Observation), wanted, leave);
        var next = again is null || idle < again ? idle ?? again : again;
        if (next != step.State.ReconsiderAt)
            step.Record(new ScalerEvent.ReconsiderationSet(next));
        held.AddRange(WaitingForMoney(step.State));

        Remember(step, new DecisionRecord(step.Now, RuleOf(spec.Policy), situation, wanted, ReasonOf(advice, wanted), launch, leave, held));
        foreach (var choice in launch)
        {
            for (var i = 0; i < choice.Count; i++)
                step.Request(choice.Pool, choice.OnDemand is not null);
        }

        foreach (var choice in leave)
            step.Route(choice.Instance, new InstanceCommand.Drain(choice.Outcome, choice.Because));
    }

    /// <summary>The queue's situation in numbers, as a policy sees it.</summary>
    public static Situation Describe(ScalerState state, DateTimeOffset now)
    {
        var observation = state.Observation;
        var heard = new Hearing(observation);
        int booting = 0, idle = 0, busy = 0, leaving = 0, bootingSlots = 0, idleSlots = 0, freeSlots = 0, running = 0, returning = 0;
        var comesBack = state.Spec?.Requeue is not { Never: true };
        foreach (var (_, i) in state.Instances)
        {
            running += i.Tasks.Count;
            returning += comesBack && i.OwesTasks ? i.Tasks.Count : 0;
            if (!i.Serves)
            {
                leaving += i.Phase == Phase.Ended ? 0 : 1;
                continue;
            }

            switch (i.Phase)
            {
                case Phase.Idle when observation is not null && !heard.Hears(i.Id):
                    // Its worker is silent or no longer listed: it will take nothing, and its idle time or the next sweep ends it.
                    leaving++;
                    break;
                case Phase.Idle:
                    idle++;
                    idleSlots += i.Pool.Slots;
                    break;
                case Phase.Busy:
                    busy++;
                    freeSlots += Math.Max(0, i.Pool.Slots - i.Tasks.Count);
                    break;
                default:
                    booting++;
                    bootingSlots += i.Pool.Slots;
                    break;
            }
        }

        freeSlots += FreeStrangers(observation);
        var oldest = observation?.OldestEnqueuedAt is { } at && at < now ? now - at : TimeSpan.Zero;
        var pools = state.Spec?.Pools ?? [];
        return new Situation(
            now, state.Spec?.Name.Value ?? "", observation?.Pending ?? 0, oldest, running, freeSlots, idleSlots, bootingSlots, booting, idle, busy, leaving,
            pools.Count > 0 ? pools[0].Slots : 1, state.Spec?.MinInstances ?? 0, pools.Sum(p => p.MaxInstances))
        {
            Returning = returning,
        };
    }

    /// <summary>When time alone next changes what the policy may do: an idle time runs out, a breaker or a blackout ends.</summary>
    public static DateTimeOffset? NextEvaluation(ScalerState state)
    {
        if (state.Spec is not { } spec || state.Retired)
            return null;
        DateTimeOffset? next = null;
        void Consider(DateTimeOffset? at)
        {
            if (at is { } time && time > state.EvaluatedAt && (next is null || time < next))
                next = time;
        }

        foreach (var (_, instance) in state.Instances)
        {
            if (instance is { Phase: Phase.Idle, Leaving: null, IdleSince: { } since })
                Consider(since + spec.MaxIdleTime);
        }

        Consider(state.ReconsiderAt);

        foreach (var breaker in state.Breakers.Values)
            Consider(breaker.OpenUntil);
        foreach (var blackout in state.Blackouts.Values)
            Consider(blackout.Until);
        return next;
    }

    /// <summary>Free workers that are not ours.</summary>
    private static int FreeStrangers(QueueObservation? observation)
    {
        var free = 0;
        var workers = observation?.Workers ?? [];
        for (var i = 0; i < workers.Count; i++)
        {
            if (workers[i].Instance is null && workers[i].Tasks.Count == 0 && IsFresh(observation!, workers[i]))
                free++;
        }

        return free;
    }

    /// <summary>Which instances' workers have reported lately. Gathered when first asked: often nobody is idle, and then nobody asks.</summary>
    internal sealed class Hearing(QueueObservation? observation)
    {
        private HashSet<InstanceId>? _heard;

        public bool Hears(InstanceId instance)
        {
            _heard ??= [.. (observation?.Workers ?? []).Where(w => w.Instance is not null && IsFresh(observation!, w)).Select(w => w.Instance!)];
            return _heard.Contains(instance);
        }
    }

    /// <summary>For how long each running task has been seen to run.</summary>
    private static List<TimeSpan> RunTimes(ScalerState state, DateTimeOffset now)
    {
        List<TimeSpan> times = [];
        foreach (var (_, instance) in state.Instances)
        {
            if (instance is not { Phase: Phase.Busy, Leaving: null, TasksSince: { } starts })
                continue;
            foreach (var since in starts)
                times.Add(now > since ? now - since : TimeSpan.Zero);
        }

        return times;
    }

    /// <summary>For how long each machine has booted, with its slots.</summary>
    private static List<(TimeSpan Elapsed, int Slots)> BootTimes(ScalerState state, DateTimeOffset now)
    {
        List<(TimeSpan Elapsed, int Slots)> times = [];
        foreach (var (_, instance) in state.Instances)
        {
            if (instance is { Serves: true, Phase: not (Phase.Idle or Phase.Busy) })
                times.Add((instance.StartedAt is { } started && started < now ? now - started : TimeSpan.Zero, instance.Pool.Slots));
        }

        return times;
    }

    private static bool IsFresh(QueueObservation observation, WorkerObservation worker) => observation.AsOf - worker.LastSeen <= Silence;

    private static void ScaleOut(ScalerStep step, QueueSpec spec, long slots, List<LaunchChoice> launch, List<HeldBack> held)
    {
        if (spec.Paused)
        {
            held.Add(new HeldBack(HoldBack.Paused, null, 0, null, ""));
            return;
        }

        if (step.State.Observation is { Missing: true })
        {
            held.Add(new HeldBack(HoldBack.Missing, null, 0, null, ""));
            return;
        }

        foreach (var pool in spec.Pools)
        {
            if (slots <= 0)
                break;
            if (Stopped(step.State, pool, step.Now) is { } stop)
            {
                held.Add(stop);
                continue;
            }

            var room = Room(step.State, pool);
            var count = (int)Math.Min(room, (slots + pool.Slots - 1) / pool.Slots);
            if (count > 0)
                launch.Add(new LaunchChoice(pool.Name, count, SpotRules.WhyOnDemand(step.State, spec, pool, step.Now)));
            slots -= count * pool.Slots;
            if (slots > 0 && step.State.Breakers.TryGetValue(pool.Name, out var probing))
                held.Add(new HeldBack(HoldBack.BreakerOpen, pool.Name, 0, null, $"one launch at a time after {Words.Count(probing.Failures, "failure")}: {probing.Message}"));
            else if (slots > 0)
                held.Add(new HeldBack(HoldBack.PoolFull, pool.Name, 0, null, Words.Count(pool.MaxInstances, "instance")));
        }
    }

    private static HeldBack? Stopped(ScalerState state, PoolSpec pool, DateTimeOffset now)
    {
        if (state.Breakers.TryGetValue(pool.Name, out var breaker))
        {
            if (breaker.Tripped)
                return new HeldBack(HoldBack.BreakerOpen, pool.Name, 0, null, $"{breaker.Message} ({breaker.Failures} times in a row; it stays stopped until it is reset or its template changes)");
            if (breaker.OpenUntil > now)
                return new HeldBack(HoldBack.BreakerOpen, pool.Name, 0, breaker.OpenUntil, breaker.Message);
        }

        return state.Blackouts.TryGetValue(pool.Name, out var blackout) && blackout.Until > now
            ? new HeldBack(blackout.NoMoney ? HoldBack.Budget : HoldBack.NoCapacity, pool.Name, 0, blackout.Until, blackout.Message)
            : null;
    }

    private static int Room(ScalerState state, PoolSpec pool)
    {
        var live = 0;
        var unproven = 0;
        foreach (var instance in state.InPool(pool))
        {
            live++;
            unproven += instance.RegisteredAt is null ? 1 : 0;
        }

        // After a failure one instance at a time shows whether the pool works again.
        var most = state.Breakers.ContainsKey(pool.Name) ? Math.Min(pool.MaxInstances, live - unproven + 1) : pool.MaxInstances;
        return Math.Max(0, most - live);
    }

    /// <summary>Takes back intents that no machine has come of yet, the youngest first.</summary>
    private static void Cancel(ScalerStep step, int surplus, string reason, List<LeaveChoice> leave)
    {
        if (surplus <= 0)
            return;
        foreach (var instance in step.State.Instances.Values.Reverse().Where(i => i.Leaving is null && i.Adopts is null && i.Phase is Phase.Requested or Phase.Leased).Take(surplus))
            leave.Add(new LeaveChoice(instance.Id, Outcome.Policy, $"it is no longer needed ({reason})"));
    }

    private static IEnumerable<HeldBack> WaitingForMoney(ScalerState state) => state.Instances.Values
        .Where(i => i is { Phase: Phase.Requested, Leaving: null, Waiting: not null })
        .GroupBy(i => (i.Pool.Name, i.Waiting!.Budget, i.Waiting.Kind))
        .Select(g => new HeldBack(HoldBack.Budget, g.Key.Name, g.Count(), null, g.Last().Waiting!.Sentence));

    /// <summary>A decision is recorded if it did something, or if what holds the queue back is not what it was.</summary>
    private static void Remember(ScalerStep step, DecisionRecord decision)
    {
        var before = step.State.LastDecision?.HeldBack ?? [];
        var same = before.Select(h => (h.Kind, h.Pool, h.Until)).SequenceEqual(decision.HeldBack.Select(h => (h.Kind, h.Pool, h.Until)));
        if (decision.Launch.Count > 0 || decision.Leave.Count > 0 || !same)
            step.Record(new ScalerEvent.Decided(decision));
    }

    private static string ReasonOf(ScalingAdvice advice, int wanted) =>
        wanted > advice.Wanted ? $"{advice.Reason}, but at least {Words.Count(wanted, "instance")} must stay" : advice.Reason;

    private static string RuleOf(PolicySpec policy) => policy switch
    {
        PolicySpec.PerTask => "perTask",
        PolicySpec.TargetWait => "targetWait",
        PolicySpec.Plugin p => p.TypeName,
        _ => throw new UnreachableException($"No name for {policy.GetType().Name}."),
    };
}
