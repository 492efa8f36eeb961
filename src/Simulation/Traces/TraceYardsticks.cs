using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Simulation.Traces;

/// <summary>What a run is compared with, for the jobs and the machines of one configuration, at its prices on demand.</summary>
/// <param name="LowerBound">Each job on a machine of its own for exactly its duration.</param>
/// <param name="Oracle">The cheapest schedule in which no job waits, boots included.</param>
/// <param name="ClearMl">The class of ClearML's SDK as it behaves; null if it could not serve the trace.</param>
/// <param name="ClearMlAsMeant">The same without its known faults.</param>
/// <param name="Fleets">Fleets that never change.</param>
public sealed record TraceYardsticks(TraceOutcome LowerBound, TraceOutcome Oracle, ClearMlOutcome? ClearMl, ClearMlOutcome? ClearMlAsMeant, IReadOnlyList<TraceOutcome> Fleets)
{
    /// <summary>ClearML's default of five minutes: one poll of a day fails.</summary>
    private const int PollsOfADay = 288;

    /// <summary>What a slot of a queue costs at least: machines with several slots share their price and their boots evenly among them, so the bounds hold for these too.</summary>
    public required Func<string, HourlyRate> SlotRate { get; init; }

    /// <summary>What a machine takes to boot at least.</summary>
    public required TimeSpan LeastBoot { get; init; }

    /// <summary>Computes all of them. The same configuration and trace give the same.</summary>
    public static TraceYardsticks Of(ReplaySetup setup)
    {
        var rates = setup.Queues.ToDictionary(q => q.Name.Value, q => q.Pools.Min(SlotPrice), StringComparer.Ordinal);
        HourlyRate Rate(string queue) => rates[queue];
        var boot = setup.Options.Boot * 2 / 3;
        var load = Yardsticks.Load(setup.Trace);
        return new TraceYardsticks(
            Yardsticks.LowerBound(setup.Trace, Rate),
            WaitBound.AtNoWait(setup.Trace, Rate, boot),
            ClearMlOf(setup, ClearMlFaults.All, PollsOfADay),
            ClearMlOf(setup, ClearMlFaults.None, 0),
            [
                Yardsticks.FixedFleet("fixed fleet, mean load", setup.Trace, Rate, q => load[q].Mean),
                Yardsticks.FixedFleet("fixed fleet, enough 95 % of the time", setup.Trace, Rate, q => load[q].Mostly),
                Yardsticks.FixedFleet("fixed fleet, peak load", setup.Trace, Rate, q => load[q].Peak),
            ])
        {
            SlotRate = Rate,
            LeastBoot = boot,
        };
    }

    /// <summary>What no schedule can go below whose jobs wait for at most this long on average.</summary>
    public Money AtMeanWait(JobTrace trace, TimeSpan meanWait) => WaitBound.AtMeanWait(trace, SlotRate, LeastBoot, meanWait);

    /// <summary>ClearML's class has one worker on a machine, and here it buys on demand: it puts no task of a spot machine back.</summary>
    private static ClearMlOutcome? ClearMlOf(ReplaySetup setup, ClearMlFaults faults, int pollsToAFailure)
    {
        var pools = setup.Queues.ToDictionary(
            q => q.Name.Value,
            q => (IReadOnlyList<ClearMlResource>)[.. q.Pools.Select(p => new ClearMlResource(p.Name, p.MaxInstances) { Rate = OnDemand(p), Billing = p.Billing })],
            StringComparer.Ordinal);
        if (setup.Trace.Jobs.Any(j => pools[j.Queue].All(p => p.Most < 1)))
            return null;
        var draw = setup.Boots();
        List<TimeSpan> boots = [];
        return ClearMlModel.Run(setup.Trace, new ClearMlSettings
        {
            Resources = q => pools[q],
            Rate = HourlyRate.Free,
            BootTime = n =>
            {
                while (boots.Count <= n)
                    boots.Add(draw());
                return boots[n];
            },
            Faults = faults,
            PollsToAFailure = pollsToAFailure,
            Seed = setup.Options.Seed,
        });
    }

    private static HourlyRate OnDemand(PoolSpec pool) =>
        pool.Offers.Where(o => o.Market == Market.OnDemand).Select(o => (HourlyRate?)o.Rate).FirstOrDefault() ?? pool.Offers[0].WorstRate;

    private static HourlyRate SlotPrice(PoolSpec pool)
    {
        var onDemand = pool.Offers.Where(o => o.Market == Market.OnDemand).Select(o => o.Rate).ToArray();
        var rate = onDemand.Length > 0 ? onDemand.Min() : pool.Offers.Min(o => o.WorstRate);
        return new HourlyRate(rate.MicrosPerHour / pool.Slots);
    }
}
