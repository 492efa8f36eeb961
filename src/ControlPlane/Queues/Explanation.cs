using ControlPlane.Actors.Queues;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;

namespace ControlPlane.Queues;

/// <summary>Puts a queue's state into words: why it has the machines that it has, and why not more. Pure.</summary>
public static class Explanation
{
    /// <param name="view">The queue as its scaler sees it.</param>
    public static IReadOnlyList<string> Of(ScalerView view)
    {
        List<string> text = [Demand(view), Supply(view)];
        if (view.Spec is { Paused: true })
            text.Add("The queue is paused: nothing is launched, what runs goes on.");
        if (view.Retired)
            text.Add("It was removed from the configuration: its instances leave, then it is gone.");
        text.AddRange(Kept(view));
        text.AddRange(Money(view));
        text.AddRange(view.Pools.SelectMany(Pool));
        text.AddRange(Leaving(view));
        if (view.LastDecision is { } decision)
            text.Add($"The last decision, at {decision.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC: {decision.Sentence()}");
        else
            text.Add("Nothing was decided for it yet.");
        return text;
    }

    private static string Demand(ScalerView view)
    {
        if (view.ObservedAt is null)
            return $"Queue {view.Queue} was not looked at since this scaler started: until it is, nothing is launched or ended.";
        var s = view.Situation;
        var waiting = s.Pending switch
        {
            0 => "no task waits",
            1 => $"1 task waits, for {Words.Duration(s.OldestWait)}",
            _ => $"{s.Pending} tasks wait, the longest for {Words.Duration(s.OldestWait)}",
        };
        return $"In queue {view.Queue} {waiting}, and {(s.Running == 1 ? "1 task runs" : $"{s.Running} tasks run")} on its instances.";
    }

    private static string Supply(ScalerView view)
    {
        var s = view.Situation;
        if (s.Serving + s.Leaving == 0)
            return $"It has no instance, and may have up to {s.MaxInstances}.";
        List<string> parts = [];
        Add(s.Busy, "busy");
        Add(s.Idle, "idle");
        Add(s.Booting, "requested or booting");
        Add(s.Leaving, "leaving");
        return $"It has {Words.Count(s.Serving + s.Leaving, "instance")} ({string.Join(", ", parts)}), and may have up to {s.MaxInstances}.";

        void Add(int count, string what)
        {
            if (count > 0)
                parts.Add($"{count} {what}");
        }
    }

    private static IEnumerable<string> Kept(ScalerView view)
    {
        if (view.Spec is not { } spec)
            yield break;
        if (spec.MinInstances > 0)
            yield return $"At least {Words.Count(spec.MinInstances, "instance")} {(spec.MinInstances == 1 ? "is" : "are")} kept, however idle.";
        foreach (var idle in view.Instances.Where(i => i is { Phase: Phase.Idle, IdleSince: not null, Leaving: null }).OrderBy(i => i.IdleSince).Take(1))
        {
            if (spec.AdaptiveIdle)
            {
                yield return "Idle instances end when keeping them is likely to cost more than it saves, by what the queue has learnt of itself.";
                yield break;
            }

            var ends = idle.IdleSince!.Value + spec.MaxIdleTime;
            yield return ends > view.Situation.Now
                ? $"Idle instances end after {Words.Duration(spec.MaxIdleTime)}; the next would at {ends.UtcDateTime:HH:mm:ss} UTC."
                : $"Idle instances end after {Words.Duration(spec.MaxIdleTime)}, unless a minimum or the policy keeps them.";
        }
    }

    private static IEnumerable<string> Money(ScalerView view) => view.Instances
        .Where(i => i.Waiting is not null)
        .GroupBy(i => (i.Phase == Phase.Requested, i.Waiting))
        .Select(g => g.Key.Item1
            ? $"{Words.Count(g.Count(), "instance")} {(g.Count() == 1 ? "waits" : "wait")} for money: {g.Key.Waiting}."
            : $"The lease of {Words.Count(g.Count(), "instance")} is not renewed: {g.Key.Waiting}.");

    private static IEnumerable<string> Pool(PoolView pool)
    {
        if (pool.Instances >= pool.MaxInstances)
            yield return $"Pool {pool.Pool} has its maximum of {Words.Count(pool.MaxInstances, "instance")}.";
        if (pool.Breaker is { } breaker)
        {
            var then = breaker switch
            {
                { Tripped: true } => "it stays stopped until it is reset or its template changes",
                { OpenUntil: { } until } => $"nothing is launched in it before {until.UtcDateTime:HH:mm:ss} UTC, then one instance is tried",
                _ => "one instance at a time is tried",
            };
            yield return $"Pool {pool.Pool} has failed {Words.Count(breaker.Failures, "time")} in a row ({breaker.Message}): {then}.";
        }

        if (pool.Blackout is { } blackout)
            yield return $"Pool {pool.Pool} had no capacity ({blackout.Message}): it is not asked before {blackout.Until.UtcDateTime:HH:mm:ss} UTC.";
    }

    private static IEnumerable<string> Leaving(ScalerView view) => view.Instances
        .Where(i => i.Leaving is not null && i.Phase != Phase.Ended)
        .GroupBy(i => i.Because)
        .Select(g => $"{Words.Count(g.Count(), "instance")} {(g.Count() == 1 ? "leaves" : "leave")} because {g.Key}.");
}
