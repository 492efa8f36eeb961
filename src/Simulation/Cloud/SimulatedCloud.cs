using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Simulation.Engine;
using ControlPlane.Simulation.Faults;
using ControlPlane.Simulation.Invariants;

namespace ControlPlane.Simulation.Cloud;

/// <summary>
/// A compute platform with a log and a bill of its own: zonal tokens, capacity, throttling, answers lost after they took effect, machines that show late in
/// lists. A call whose answer timed out was carried out before that, or never will be.
/// </summary>
public sealed class SimulatedCloud(string provider, CloudTemper temper, TimeSpan window, Weather weather, Agenda agenda, Dice dice, Auditor auditor)
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    private readonly Dictionary<(string Zone, string Token), Served> _tokens = [];
    private readonly Dictionary<string, string> _requests = [];
    private readonly List<SimulatedMachine> _machines = [];
    private readonly Dictionary<InstanceId, SimulatedMachine> _byTag = [];
    private (DateTimeOffset Second, int Calls) _rate;
    private int _number;

    private sealed record Served(IReadOnlyList<LaunchOutcome> Outcomes);

    /// <summary>A machine exists from now on.</summary>
    public required Action<SimulatedMachine> Started { get; init; }

    /// <summary>A machine's processes are ended now.</summary>
    public required Action<SimulatedMachine> Stopped { get; init; }

    /// <summary>Every machine that ever was.</summary>
    public IReadOnlyList<SimulatedMachine> Machines => _machines;

    public void Launch(LaunchBatch batch, Action<IReadOnlyList<LaunchOutcome>> answer) => Call(
        CloudCall.Launch,
        () => Serve(batch),
        fault => [.. batch.Intents.Select(i => new LaunchOutcome.Failed(i.Instance, fault, fault.ToString()))],
        answer);

    public void Terminate(IReadOnlyList<InstanceRef> instances, Action<IReadOnlyList<TerminateOutcome>> answer) => Call(
        CloudCall.Terminate,
        () => [.. instances.Select(End)],
        fault => [.. instances.Select(i => new TerminateOutcome(i.Instance, fault, fault.ToString()))],
        answer);

    public void Sweep(Action<SweepOutcome> answer)
    {
        var asOf = agenda.Now;
        Call<SweepOutcome>(
            CloudCall.Sweep,
            () => List(asOf),
            fault => new SweepOutcome.Incomplete(asOf, [], fault, fault.ToString()),
            answer);
    }

    public SimulatedMachine? Find(InstanceId instance) => _byTag.GetValueOrDefault(instance);

    /// <summary>A machine with our tag that nobody asked for.</summary>
    public void AddForeign(InstanceId instance, QueueName queue, Offer offer) =>
        Add(new SimulatedMachine(instance, queue, $"{provider}-x{_number++}", provider, offer, HourlyRate.Free, agenda.Now) { VisibleAt = agenda.Now });

    /// <summary>Ends a machine's processes now, and the machine a little later.</summary>
    public void Stop(SimulatedMachine machine, EndCause cause)
    {
        if (!machine.Works)
            return;
        machine.StoppingAt = agenda.Now;
        machine.EndsAt = agenda.Now + (cause == EndCause.Terminated ? dice.Between(TimeSpan.Zero, temper.MostStop) : TimeSpan.Zero);
        machine.Cause = cause;
        Stopped(machine);
    }

    private void Call<T>(CloudCall call, Func<T> effect, Func<ProviderFault, T> fault, Action<T> answer)
    {
        var failing = weather.Of<Fault.CallsFail>().FirstOrDefault(f => f.Call == call);
        agenda.After(dice.Between(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(400)), () =>
        {
            var luck = dice.Unit();
            if (IsThrottled() || (failing is not null && luck < failing.Throttled))
            {
                Answer(fault(ProviderFault.Throttled), answer);
                return;
            }

            luck -= failing?.Throttled ?? 0;
            var isLostBefore = failing is not null && luck < failing.LostBefore;
            var isLostAfter = failing is not null && !isLostBefore && luck < failing.LostBefore + failing.LostAfter;
            var result = isLostBefore ? default : effect();
            if (isLostBefore || isLostAfter)
                agenda.After(dice.Chance(0.5) ? CallTimeout : TimeSpan.Zero, () => Answer(fault(ProviderFault.Indeterminate), answer));
            else
                Answer(result!, answer);
        });
    }

    private void Answer<T>(T result, Action<T> answer) =>
        agenda.After(dice.Between(TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(300)), () => answer(result));

    private bool IsThrottled()
    {
        if (agenda.Now - _rate.Second >= TimeSpan.FromSeconds(1))
            _rate = (agenda.Now, 0);
        _rate.Calls++;
        return _rate.Calls > temper.CallsPerSecond;
    }

    private IReadOnlyList<LaunchOutcome> Serve(LaunchBatch batch)
    {
        var request = $"{batch.Offer.Key}|{batch.Pool.Revision}|{string.Join(',', batch.Intents.Select(i => i.Instance))}";
        if (_requests.TryGetValue(batch.Token, out var first) && first != request)
            auditor.Violated("P2", $"token {batch.Token} is used for two requests: {first} and {request}");
        _requests[batch.Token] = request;
        if (_tokens.TryGetValue((batch.Offer.Zone, batch.Token), out var served))
            return served.Outcomes;
        if (weather.Of<Fault.Misconfigured>().Any(f => batch.Pool.Name.StartsWith($"q{f.Queue}", StringComparison.Ordinal)))
            return [.. batch.Intents.Select(i => new LaunchOutcome.Failed(i.Instance, ProviderFault.Misconfigured, "the image does not exist"))];

        List<LaunchOutcome> outcomes = [];
        foreach (var intent in batch.Intents)
        {
            outcomes.Add(HasCapacity(batch.Offer)
                ? Start(batch, intent)
                : new LaunchOutcome.Failed(intent.Instance, ProviderFault.InsufficientCapacity, $"no capacity for {batch.Offer.Key}"));
        }

        // A request that failed as a whole may be repeated under its token, and may then succeed.
        if (outcomes.Exists(o => o is LaunchOutcome.Launched))
            _tokens[(batch.Offer.Zone, batch.Token)] = new Served(outcomes);
        return outcomes;
    }

    private bool HasCapacity(Offer offer)
    {
        foreach (var none in weather.Of<Fault.NoCapacity>())
        {
            if (new Dice(none.Which).Split((ulong)offer.Zone.Length + (ulong)offer.Type[^1]).Chance(none.Share))
                return false;
        }

        return _machines.Count(m => m.Offer.Key == offer.Key && !m.HasEnded(agenda.Now)) < temper.CapacityOfOffer;
    }

    private LaunchOutcome.Launched Start(LaunchBatch batch, LaunchIntent intent)
    {
        var late = dice.Chance(0.5) ? dice.Between(TimeSpan.Zero, temper.LateBy) : TimeSpan.Zero;

        // Lists that also forget the ended would hide when it ended: how long it is billed is then known to the window only.
        var hiddenFrom = agenda.Now + dice.Between(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(40));
        var hides = late == TimeSpan.Zero && window > TimeSpan.FromSeconds(20) && temper.EndedShownFor > window && dice.Chance(0.2);

        // The platform bills at most the price that was offered; spot may be cheaper.
        var rate = batch.Offer.Market == Market.Spot ? new HourlyRate(batch.Offer.Rate.MicrosPerHour * dice.Between(50, 100) / 100) : batch.Offer.Rate;
        var machine = new SimulatedMachine(intent.Instance, intent.Queue, $"{provider}-{_number++}", provider, batch.Offer, rate, agenda.Now)
        {
            Pool = batch.Pool,
            VisibleAt = agenda.Now + late,
            Hidden = hides ? (hiddenFrom, hiddenFrom + (temper.LateBy * 0.9)) : default,
            LeaseKnown = intent.LeaseUntil,
        };
        Add(machine);
        return new LaunchOutcome.Launched(intent.Instance, machine.NativeId, machine.StartedAt);
    }

    private void Add(SimulatedMachine machine)
    {
        _machines.Add(machine);
        auditor.Started(machine, _byTag.GetValueOrDefault(machine.Instance));
        _byTag[machine.Instance] = machine;
        Started(machine);
    }

    private TerminateOutcome End(InstanceRef instance)
    {
        // A machine that is not shown yet is not found by its tag, and "not found" counts as done.
        var machine = _byTag.GetValueOrDefault(instance.Instance);
        if (machine is not null && (instance.NativeId is not null || machine.IsShown(agenda.Now, temper.EndedShownFor)))
            Stop(machine, EndCause.Terminated);
        return new TerminateOutcome(instance.Instance, null, null);
    }

    private SweepOutcome List(DateTimeOffset asOf)
    {
        Machine[] shown = [.. _machines.Where(m => m.IsShown(agenda.Now, temper.EndedShownFor)).Select(m => m.Show(agenda.Now))];
        var partial = weather.Of<Fault.PartialLists>().FirstOrDefault();
        return partial is not null && dice.Chance(partial.Share)
            ? new SweepOutcome.Incomplete(asOf, [.. shown.Take(dice.Below(shown.Length + 1))], ProviderFault.Indeterminate, "the second page failed")
            : new SweepOutcome.Complete(asOf, shown);
    }
}
