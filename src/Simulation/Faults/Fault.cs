using ControlPlane.Simulation.Engine;

namespace ControlPlane.Simulation.Faults;

/// <summary>A call to a compute platform.</summary>
public enum CloudCall
{
    Launch,
    Terminate,
    Sweep,
}

/// <summary>What a person does in the middle of it all.</summary>
public enum OperatorAct
{
    DrainOne,
    TerminateOne,
    DrainAll,
    Pause,
    Unpause,
    ChangeTemplate,
    RemovePool,
    RestorePool,
    RemoveQueue,
    RestoreQueue,
    RaiseBudget,
}

/// <summary>Something that goes wrong, at a time or for a time. Times are counted from the start of the run.</summary>
public abstract record Fault(TimeSpan From, TimeSpan Until)
{
    public bool IsActive(TimeSpan at) => From <= at && at < Until;

    /// <summary>Messages between entities are lost, come twice, or late (and so in another order).</summary>
    public sealed record Network(TimeSpan From, TimeSpan Until, double Lost, double Twice, TimeSpan Delay) : Fault(From, Until);

    /// <summary>An entity is struck down at a point of its work.</summary>
    public sealed record Strike(TimeSpan At, string Entity, CrashPoint Point, TimeSpan Downtime) : Fault(At, At + Downtime);

    /// <summary>All entities are struck down together.</summary>
    public sealed record NodeLoss(TimeSpan At, TimeSpan Downtime) : Fault(At, At + Downtime);

    /// <summary>The journal refuses writes: the entity that wanted one starts anew.</summary>
    public sealed record WritesFail(TimeSpan From, TimeSpan Until, double Share) : Fault(From, Until);

    /// <summary>Calls to the platform fail: before they took effect, after it (the answer is lost), or are throttled.</summary>
    public sealed record CallsFail(TimeSpan From, TimeSpan Until, CloudCall Call, double LostBefore, double LostAfter, double Throttled) : Fault(From, Until);

    /// <summary>Offers have no capacity. A batch may still be served in part before it shows.</summary>
    public sealed record NoCapacity(TimeSpan From, TimeSpan Until, double Share, ulong Which) : Fault(From, Until);

    /// <summary>The account's quota is used up: nothing is launched.</summary>
    public sealed record QuotaUsedUp(TimeSpan From, TimeSpan Until) : Fault(From, Until);

    /// <summary>Lists break off after a part of the machines.</summary>
    public sealed record PartialLists(TimeSpan From, TimeSpan Until, double Share) : Fault(From, Until);

    /// <summary>Machines start whose worker never registers.</summary>
    public sealed record NeverBoot(TimeSpan From, TimeSpan Until, double Share) : Fault(From, Until);

    /// <summary>The platform refuses the template of one queue's pools.</summary>
    public sealed record Misconfigured(TimeSpan From, TimeSpan Until, int Queue) : Fault(From, Until);

    /// <summary>Spot machines are taken back, with or without notice.</summary>
    public sealed record Reclaim(TimeSpan At, double Share, TimeSpan Notice) : Fault(At, At + Notice);

    /// <summary>A machine dies.</summary>
    public sealed record Death(TimeSpan At) : Fault(At, At);

    /// <summary>Looks at the source fail.</summary>
    public sealed record LooksFail(TimeSpan From, TimeSpan Until, double Share) : Fault(From, Until);

    /// <summary>Looks and requests take up to so long.</summary>
    public sealed record SlowSource(TimeSpan From, TimeSpan Until, TimeSpan Most) : Fault(From, Until);

    /// <summary>The source forgets a worker that lives, for a time.</summary>
    public sealed record Unlisted(TimeSpan From, TimeSpan Until) : Fault(From, Until);

    /// <summary>A machine with our tag appears that no journal knows.</summary>
    public sealed record Foreign(TimeSpan At, int Queue) : Fault(At, At);

    /// <summary>Guests cannot reach the control plane to learn of their lease.</summary>
    public sealed record GuestsCutOff(TimeSpan From, TimeSpan Until) : Fault(From, Until);

    public sealed record Operator(TimeSpan At, OperatorAct Act, int Queue) : Fault(At, At);
}
