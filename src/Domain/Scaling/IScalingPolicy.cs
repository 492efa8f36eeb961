using System.Text.Json.Serialization;

namespace ControlPlane.Domain.Scaling;

/// <summary>
/// The rule that turns a queue's situation into a wanted number of instances. The public seam for rules of one's own: implement it in a class
/// with a parameterless constructor, put the assembly into the plug-in folder and name the class in the queue's policy.
/// A rule must be a pure function of its argument. One that throws, takes longer than its limit, or wants a negative number changes nothing:
/// the queue keeps what it has, and the decision says so.
/// </summary>
public interface IScalingPolicy
{
    ScalingAdvice Advise(Situation situation);
}

/// <summary>What a policy knows of its queue. Counts are instances unless their name says otherwise.</summary>
/// <param name="Now">The time of the evaluation, UTC.</param>
/// <param name="Queue">The queue's name.</param>
/// <param name="Pending">Tasks that wait.</param>
/// <param name="OldestWait">How long the longest waiting task has waited; zero if none waits.</param>
/// <param name="Running">Tasks that run on our instances.</param>
/// <param name="FreeSlots">Free slots of busy instances and of workers that are not ours; those of idle instances are not counted here.</param>
/// <param name="IdleSlots">Slots of idle instances.</param>
/// <param name="BootingSlots">Slots of instances that are requested, launching or booting.</param>
/// <param name="Booting">Instances that are requested, launching or booting.</param>
/// <param name="Idle">Instances without a task.</param>
/// <param name="Busy">Instances with at least one task.</param>
/// <param name="Leaving">Instances that drain or terminate.</param>
/// <param name="SlotsPerInstance">Slots of an instance of the queue's first pool.</param>
/// <param name="MinInstances">The queue's minimum.</param>
/// <param name="MaxInstances">The sum of its pools' maxima.</param>
public sealed record Situation(
    DateTimeOffset Now,
    string Queue,
    int Pending,
    TimeSpan OldestWait,
    int Running,
    int FreeSlots,
    int IdleSlots,
    int BootingSlots,
    int Booting,
    int Idle,
    int Busy,
    int Leaving,
    int SlotsPerInstance,
    int MinInstances,
    int MaxInstances)
{
    /// <summary>Tasks on machines that their platform is taking back: they will wait again, beside those of <see cref="Pending"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Returning { get; init; }

    /// <summary>Instances that will serve: booting, idle and busy ones.</summary>
    public int Serving => Booting + Idle + Busy;
}

/// <summary>What a policy wants.</summary>
/// <param name="Wanted">
/// Instances that should serve the queue now, at least 0. Fewer than serve now: unlaunched ones are cancelled, idle ones end after the maximum idle time,
/// busy ones never. The scaler bounds it by minimum, maxima and budget.
/// </param>
/// <param name="Reason">A sentence for the operator.</param>
public sealed record ScalingAdvice(int Wanted, string Reason);
