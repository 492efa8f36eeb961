using ControlPlane.Domain.Scaling;

namespace ControlPlane.Samples;

/// <summary>
/// Keeps two instances warm in office hours so that nobody waits for a boot, wants none at weekends, and an instance for each task otherwise.
/// </summary>
public sealed class WeekendPolicy : IScalingPolicy
{
    private const int Warm = 2;

    private static readonly TimeOnly Opens = new(8, 0);
    private static readonly TimeOnly Closes = new(18, 0);

    // The situation's time is UTC. An office is in a place, so its hours move with daylight saving time.
    private static readonly TimeZoneInfo Office = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    // A pure function of the situation: no clock, no file, no network, no field that changes. The node may call it on any thread, may call it
    // twice for the same situation, and calls it again some seconds later anyway: so there is nothing to remember and nothing to retry.
    public ScalingAdvice Advise(Situation situation)
    {
        var here = TimeZoneInfo.ConvertTime(situation.Now, Office);
        var needed = InstancesFor(situation.Running + situation.Pending, situation.SlotsPerInstance);

        // "Wanted" is the number of instances in all, not the number to add. Zero cuts off no running task: a busy worker finishes, and an idle
        // instance leaves after the queue's maximum idle time.
        // The queue's minimum, its pools' maxima and the budget are applied afterwards, so none of them needs a thought here.
        if (here.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday)
        {
            return new ScalingAdvice(0, $"It is {here.DayOfWeek}: {situation.Pending} waiting tasks stay for Monday.");
        }

        // The reason is what an operator reads beside the decision: say which rule spoke, with its numbers.
        var time = TimeOnly.FromTimeSpan(here.TimeOfDay);
        return time >= Opens && time < Closes && needed < Warm
            ? new ScalingAdvice(Warm, $"Office hours: {Warm} instances stay warm, the tasks alone need {needed}.")
            : new ScalingAdvice(needed, $"{situation.Running} running and {situation.Pending} waiting tasks need {needed} instances.");
    }

    private static int InstancesFor(int tasks, int slotsPerInstance) => (tasks + slotsPerInstance - 1) / slotsPerInstance;
}
