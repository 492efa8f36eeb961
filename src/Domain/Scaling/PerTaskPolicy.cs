using ControlPlane.Domain.Deciding;

namespace ControlPlane.Domain.Scaling;

/// <summary>
/// The default policy, ClearML's meaning: a slot for each pending task that no free or booting slot will take. The need is computed once for the queue
/// and not anew for each pool, so that two pools on a queue do not double it.
/// </summary>
public sealed class PerTaskPolicy : IScalingPolicy
{
    public ScalingAdvice Advise(Situation situation)
    {
        var need = Math.Max(0, situation.Pending + situation.Returning - situation.FreeSlots);
        var coming = situation.IdleSlots + situation.BootingSlots;
        var slots = Math.Max(1, situation.SlotsPerInstance);
        var wanted = need <= coming
            ? situation.Busy + Math.Min(situation.Idle + situation.Booting, DivideUp(need, slots))
            : situation.Busy + situation.Idle + situation.Booting + DivideUp(need - coming, slots);
        return new ScalingAdvice(wanted, Reason(situation, need, coming));
    }

    private static string Reason(Situation situation, int need, int coming)
    {
        var count = situation.Pending + situation.Returning;
        var tasks = situation.Returning == 0
            ? $"{Words.Count(count, "task")} {Verb(count)}"
            : $"{Words.Count(count, "task")} {Verb(count)} or will ({situation.Returning} on machines that are taken back)";
        return (count, need, need - coming) switch
        {
            (0, _, _) => "no task waits",
            (_, 0, _) => $"{tasks}, and free workers will take {Them(count)}",
            (_, _, <= 0) => $"{tasks}, and idle or booting instances will take {Them(count)}",
            _ => $"{tasks} and there {(coming == 1 ? "is 1 slot" : $"are {coming} slots")} idle or booting",
        };
    }

    private static string Verb(int count) => count == 1 ? "waits" : "wait";

    private static string Them(int count) => count == 1 ? "it" : "them";

    private static int DivideUp(int number, int by) => (number + by - 1) / by;
}
