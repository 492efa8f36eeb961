using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;
using ControlPlane.Simulation.Cloud;
using ControlPlane.Simulation.Engine;
using ControlPlane.Simulation.Sources;

namespace ControlPlane.Simulation.Faults;

/// <summary>What happens to machines and entities by itself: boots, leases that end in the guest, deaths, reclaims, strikes.</summary>
public sealed class Nature(Scenario scenario, Weather weather, Agenda agenda, Dice dice, Wiring wiring, SimulatedSource source)
{
    private static readonly TimeSpan GuestAsksEvery = TimeSpan.FromSeconds(20);

    /// <summary>A guest ends its machine so long before its lease ends.</summary>
    private static readonly TimeSpan GuestMargin = TimeSpan.FromSeconds(1);

    /// <summary>A machine was started.</summary>
    public void Boot(SimulatedMachine machine)
    {
        if (machine.IsForeign)
            return;
        var boot = dice.Between(TimeSpan.FromSeconds(20), dice.Chance(0.1) ? machine.Pool!.MaxBootTime : TimeSpan.FromMinutes(3));
        if (!weather.Of<Fault.NeverBoot>().Any(f => dice.Chance(f.Share)))
            agenda.After(boot, () => source.Register(machine));
        if (scenario.LeaseSwitch)
            Guard(machine);
    }

    public void Schedule(Household household)
    {
        foreach (var fault in scenario.Faults)
        {
            agenda.At(scenario.Start + fault.From, () =>
            {
                if (weather.IsTroubled)
                    Befall(fault, household);
            });
        }
    }

    private void Befall(Fault fault, Household household)
    {
        switch (fault)
        {
            case Fault.Strike f:
                wiring.All.First(e => e.Name == f.Entity).Arm(f.Point, f.Downtime);
                break;
            case Fault.NodeLoss f:
                foreach (var entity in wiring.All)
                    entity.Arm(CrashPoint.Now, f.Downtime + dice.Between(TimeSpan.Zero, TimeSpan.FromSeconds(2)));
                break;
            case Fault.Reclaim f:
                foreach (var machine in Living().Where(m => m.Offer.Market == Market.Spot && dice.Chance(f.Share)).ToArray())
                    Reclaim(machine, f.Notice);
                break;
            case Fault.Death:
                SimulatedMachine[] living = [.. Living()];
                if (living.Length > 0)
                {
                    var machine = living[dice.Below(living.Length)];
                    wiring.Clouds[machine.Provider].Stop(machine, EndCause.Died);
                }

                break;
            case Fault.Unlisted f:
                source.Unlist(f.Until - f.From);
                break;
            case Fault.Foreign f:
                var queue = scenario.Queues[f.Queue];
                wiring.Clouds[queue.Pools[0].Provider].AddForeign(new InstanceId(new Domain.Deciding.Moment(agenda.Now, dice.Next()).NewId(0)), queue.Name, queue.Pools[0].Offers[0]);
                break;
            case Fault.Operator f:
                household.Act(f.Act, f.Queue);
                break;
        }
    }

    private IEnumerable<SimulatedMachine> Living() => wiring.Clouds.Values.SelectMany(c => c.Machines).Where(m => m.Works && !m.IsForeign);

    private void Reclaim(SimulatedMachine machine, TimeSpan notice)
    {
        machine.InterruptionAt = notice > TimeSpan.Zero ? agenda.Now + notice : null;
        agenda.After(notice, () => wiring.Clouds[machine.Provider].Stop(machine, EndCause.Reclaimed));
    }

    /// <summary>The guest's dead man's switch: it asks the control plane for its lease, and ends its machine when the lease that it knows of ends.</summary>
    private void Guard(SimulatedMachine machine)
    {
        if (!machine.Works)
            return;
        var scaler = wiring.Scalers[machine.Queue];
        if (scaler.Up && !weather.Of<Fault.GuestsCutOff>().Any()
            && scaler.Released.Instances.GetValueOrDefault(machine.Instance)?.LeaseUntil is { } until && until > machine.LeaseKnown)
        {
            machine.LeaseKnown = until;
        }

        var end = machine.LeaseKnown - GuestMargin;
        if (agenda.Now >= end)
            wiring.Clouds[machine.Provider].Stop(machine, EndCause.LeaseEnded);
        else
            agenda.At(end < agenda.Now + GuestAsksEvery ? end : agenda.Now + GuestAsksEvery, () => Guard(machine));
    }
}
