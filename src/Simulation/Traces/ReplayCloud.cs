using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Simulation.Engine;

namespace ControlPlane.Simulation.Traces;

/// <summary>
/// The platforms of a replay: machines boot, are billed, and spot machines are taken back as the spot trace says. Calls succeed at once; what changes is seen when the
/// gateway would have listed the machines.
/// </summary>
internal sealed class ReplayCloud(ReplaySetup setup, Agenda agenda, ReplayMeter meter, IReadOnlyDictionary<QueueName, ReplayQueue> queues)
{
    /// <summary>The gateway lists so soon after it has ended something.</summary>
    private static readonly TimeSpan SweepAfterTermination = TimeSpan.FromSeconds(1);

    private readonly Dictionary<InstanceId, ReplayMachine> _machines = [];
    private readonly Dictionary<OfferKey, SpotMarket> _spot = [];
    private readonly Dictionary<string, TimeSpan> _sweeps = setup.Configuration.Providers.ToDictionary(p => p.Name, p => p.SweepEvery);
    private readonly Func<TimeSpan> _boots = setup.Boots();
    private readonly DateTimeOffset _start = agenda.Now;
    private int _number;

    private sealed class SpotMarket
    {
        public bool Available { get; set; }

        public HourlyRate? Rate { get; set; }

        public List<ReplayMachine> Machines { get; } = [];
    }

    /// <summary>A list shows something new of a machine.</summary>
    public required Action<QueueName, InstanceId, Machine> Seen { get; init; }

    /// <summary>Machines that live.</summary>
    public IEnumerable<ReplayMachine> Living => _machines.Values.Where(m => m.Works);

    /// <summary>Puts the changes of the spot trace on the agenda, each with the next.</summary>
    public void Begin()
    {
        if (setup.Options.Spot is not { } trace)
            return;
        foreach (var key in setup.Queues.SelectMany(q => q.Pools).SelectMany(p => p.Offers).Where(o => o.Market == Market.Spot).Select(o => o.Key).Distinct())
        {
            if (!trace.Changes.TryGetValue((key.Zone, key.Type), out var changes))
                continue;
            var market = _spot[key] = new SpotMarket();
            Follow(market, changes, 0);
        }
    }

    public ReplayMachine? Find(InstanceId instance) => _machines.GetValueOrDefault(instance);

    public IReadOnlyList<LaunchOutcome> Launch(LaunchBatch batch)
    {
        var outcomes = new LaunchOutcome[batch.Intents.Count];
        for (var i = 0; i < outcomes.Length; i++)
        {
            var intent = batch.Intents[i];
            outcomes[i] = HasCapacity(batch.Offer)
                ? Start(batch, intent)
                : new LaunchOutcome.Failed(intent.Instance, ProviderFault.InsufficientCapacity, $"no capacity for {batch.Offer.Key}");
        }

        return outcomes;
    }

    public void Terminate(InstanceId instance)
    {
        if (_machines.GetValueOrDefault(instance) is { Works: true } machine)
            End(machine, reclaimed: false);
    }

    private bool HasCapacity(Offer offer) => offer.Market != Market.Spot || !_spot.TryGetValue(offer.Key, out var market) || market.Available;

    private LaunchOutcome.Launched Start(LaunchBatch batch, LaunchIntent intent)
    {
        var queue = queues[intent.Queue];
        var offer = batch.Offer;
        var market = offer.Market == Market.Spot ? _spot.GetValueOrDefault(offer.Key) : null;
        var machine = new ReplayMachine(
            intent.Instance, queue.Number, intent.Queue, $"m{++_number}", batch.Pool, offer, agenda.Now, Capped(offer, market?.Rate));
        _machines.Add(intent.Instance, machine);
        market?.Machines.Add(machine);
        meter.Launched(machine);
        agenda.After(_boots(), () => queue.Register(machine));
        return new LaunchOutcome.Launched(intent.Instance, $"m{_number}", agenda.Now);
    }

    private void End(ReplayMachine machine, bool reclaimed)
    {
        machine.End(agenda.Now, reclaimed);
        meter.Ended(machine);
        if (_spot.TryGetValue(machine.Offer.Key, out var market))
            market.Machines.Remove(machine);
        queues[setup.Queues[machine.Queue].Name].Die(machine);
        Show(machine, reclaimed ? NextSweep(machine) : agenda.Now + SweepAfterTermination);
    }

    private void Follow(SpotMarket market, IReadOnlyList<SpotChange> changes, int index)
    {
        if (index >= changes.Count)
            return;
        var change = changes[index];
        agenda.At(_start + change.At, () =>
        {
            if (market.Available && !change.Available)
                Reclaim(market);
            market.Available = change.Available;
            market.Rate = change.Rate ?? market.Rate;
            foreach (var machine in market.Machines)
                machine.Reprice(Capped(machine.Offer, market.Rate), agenda.Now);
            Follow(market, changes, index + 1);
        });
    }

    private void Reclaim(SpotMarket market)
    {
        foreach (var machine in market.Machines)
        {
            if (machine.InterruptionAt is not null)
                continue;
            machine.InterruptionAt = agenda.Now + setup.Options.SpotNotice;
            Show(machine, NextSweep(machine));
            agenda.After(setup.Options.SpotNotice, () =>
            {
                if (machine.Works)
                    End(machine, reclaimed: true);
            });
        }
    }

    private void Show(ReplayMachine machine, DateTimeOffset at) =>
        agenda.At(at, () => Seen(setup.Queues[machine.Queue].Name, machine.Instance, machine.Show()));

    private DateTimeOffset NextSweep(ReplayMachine machine)
    {
        var every = _sweeps[machine.Pool.Provider];
        return _start + (every * (((agenda.Now - _start).Ticks / every.Ticks) + 1));
    }

    /// <summary>A spot machine never costs more than the offer's worst price.</summary>
    private static HourlyRate Capped(Offer offer, HourlyRate? rate) => rate is not { } seen ? offer.Rate : seen < offer.WorstRate ? seen : offer.WorstRate;
}
