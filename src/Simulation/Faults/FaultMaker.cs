using ControlPlane.Simulation.Engine;

namespace ControlPlane.Simulation.Faults;

/// <summary>
/// Draws the faults of a scenario. Where machines have no dead man's switch, everything between the end of a lease and the machine's end is bounded, as the margin
/// of a lease assumes: scalers and gateways are down for at most two seconds, no message is lost, terminations do not fail. Everything else may fail as it likes.
/// </summary>
public static class FaultMaker
{
    public static IReadOnlyList<Fault> Make(Dice dice, TimeSpan trouble, bool leaseSwitch, IReadOnlyList<string> entities, int queues)
    {
        List<Fault> faults = [];
        var count = dice.Between(0, 12);
        while (faults.Count < count)
        {
            var from = trouble * dice.Unit();
            var until = from + dice.Pick(TimeSpan.FromSeconds(20), TimeSpan.FromMinutes(3), TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(60));
            if (until > trouble)
                until = trouble;
            if (Draw(dice, from, until, leaseSwitch, entities, queues) is { } fault)
                faults.Add(fault);
        }

        return faults;
    }

    private static Fault? Draw(Dice dice, TimeSpan from, TimeSpan until, bool leaseSwitch, IReadOnlyList<string> entities, int queues) => dice.Below(20) switch
    {
        0 => new Fault.Network(
            from, until, leaseSwitch ? dice.Unit() * 0.5 : 0, dice.Unit() * 0.5, leaseSwitch ? dice.Between(TimeSpan.Zero, TimeSpan.FromSeconds(40)) : TimeSpan.FromSeconds(1)),
        1 or 2 or 3 => Strike(dice, from, leaseSwitch, entities),
        4 => leaseSwitch ? new Fault.NodeLoss(from, dice.Between(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(30))) : null,
        5 => leaseSwitch ? new Fault.WritesFail(from, until, dice.Unit() * 0.5) : null,
        6 => new Fault.CallsFail(from, until, CloudCall.Launch, dice.Unit() * 0.4, dice.Unit() * 0.4, dice.Unit() * 0.2),
        7 => leaseSwitch ? new Fault.CallsFail(from, until, CloudCall.Terminate, dice.Unit() * 0.4, dice.Unit() * 0.4, dice.Unit() * 0.2) : null,
        8 => new Fault.CallsFail(from, until, CloudCall.Sweep, dice.Unit(), 0, dice.Unit() * 0.2),
        9 => new Fault.NoCapacity(from, until, dice.Unit(), dice.Next()),
        10 => new Fault.PartialLists(from, until, dice.Unit()),
        11 => new Fault.NeverBoot(from, until, dice.Unit()),
        12 => new Fault.Misconfigured(from, until, dice.Below(queues)),
        13 => new Fault.Reclaim(from, dice.Unit(), dice.Pick(TimeSpan.Zero, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2))),
        14 => new Fault.Death(from),
        15 => new Fault.LooksFail(from, until, 0.3 + (dice.Unit() * 0.7)),
        16 => dice.Chance(0.5)
            ? new Fault.SlowSource(from, until, dice.Between(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30)))
            : new Fault.Unlisted(from, from + dice.Between(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(150))),
        17 => dice.Chance(0.5) || !leaseSwitch ? new Fault.Foreign(from, dice.Below(queues)) : new Fault.GuestsCutOff(from, until),
        18 => new Fault.QuotaUsedUp(from, until),
        _ => new Fault.Operator(from, (OperatorAct)dice.Below(Enum.GetValues<OperatorAct>().Length), dice.Below(queues)),
    };

    private static Fault.Strike Strike(Dice dice, TimeSpan from, bool leaseSwitch, IReadOnlyList<string> entities)
    {
        var entity = entities[dice.Below(entities.Count)];
        var isBounded = !leaseSwitch && (entity.StartsWith("queue-", StringComparison.Ordinal) || entity.StartsWith("gateway-", StringComparison.Ordinal));
        var most = isBounded ? TimeSpan.FromSeconds(2) : dice.Pick(TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(15));
        return new Fault.Strike(from, entity, (CrashPoint)dice.Below(4), dice.Between(TimeSpan.FromMilliseconds(100), most));
    }
}
