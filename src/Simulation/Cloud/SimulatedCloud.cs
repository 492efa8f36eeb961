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

    /// <summary>Six pools at most, and twelve pauses that double up to ten minutes.</summary>
    private const int MostRefusals = 18;

    private readonly Dictionary<(string Zone, string Token), Served> _tokens = [];
    private readonly Dictionary<string, string> _requests = [];
    private readonly List<SimulatedMachine> _machines = [];
    private readonly Dictionary<InstanceId, SimulatedMachine> _byTag = [];
    private readonly Dictionary<OfferKey, List<DateTimeOffset>> _refusals = [];
    private (DateTimeOffset Second, int Calls) _rate;
    private Bucket _launchCalls = Bucket.Unknown;
    private Bucket _launchedInstances = Bucket.Unknown;
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
        answer,
        batch.Intents.Count);

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

    /// <summary>Answers late, and one time in four with null: it cannot be read.</summary>
    public void ReadConsole(InstanceRef instance, Action<string?> answer)
    {
        var read = dice.Chance(0.75);
        agenda.After(dice.Between(TimeSpan.FromMilliseconds(20), CallTimeout), () => answer(read ? $"the console of {instance.NativeId}" : null));
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

    private void Call<T>(CloudCall call, Func<T> effect, Func<ProviderFault, T> fault, Action<T> answer, int instances = 0)
    {
        var failing = weather.Of<Fault.CallsFail>().FirstOrDefault(f => f.Call == call);
        agenda.After(dice.Between(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(400)), () =>
        {
            var luck = dice.Unit();
            if (IsThrottled() || (call == CloudCall.Launch && IsLaunchThrottled(instances)) || (failing is not null && luck < failing.Throttled))
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

    /// <summary>Buckets of launches, as large platforms have them: of calls and of instances. A call that is refused takes nothing of the second.</summary>
    private bool IsLaunchThrottled(int instances)
    {
        if (temper.LaunchCalls is { } calls)
        {
            _launchCalls = _launchCalls.Refilled(calls.PerSecond, calls.Size, agenda.Now);
            if (_launchCalls.Level < 1)
                return true;
            _launchCalls = _launchCalls.Less(1);
        }

        if (temper.LaunchedInstances is not { } launched)
            return false;
        _launchedInstances = _launchedInstances.Refilled(launched.PerSecond, launched.Size, agenda.Now);
        if (_launchedInstances.Level < instances)
            return true;
        _launchedInstances = _launchedInstances.Less(instances);
        return false;
    }

    private IReadOnlyList<LaunchOutcome> Serve(LaunchBatch batch)
    {
        var request = $"{batch.Offer.Key}|{batch.Pool.Revision}|{string.Join(',', batch.Intents.Select(i => i.Instance))}";
        if (_requests.TryGetValue(batch.Token, out var first) && first != request)
            auditor.Violated("P2", $"token {batch.Token} is used for two requests: {first} and {request}");
        var isRepeated = !_requests.TryAdd(batch.Token, request);
        if (_tokens.TryGetValue((batch.Offer.Zone, batch.Token), out var served))
            return served.Outcomes;
        if (weather.Of<Fault.Misconfigured>().Any(f => batch.Pool.Name.StartsWith($"q{f.Queue}", StringComparison.Ordinal)))
            return [.. batch.Intents.Select(i => new LaunchOutcome.Failed(i.Instance, ProviderFault.Misconfigured, "the image does not exist"))];

        if (weather.Of<Fault.QuotaUsedUp>().Any())
        {
            Asked(batch.Offer.Key, isRepeated, served: false);
            return [.. batch.Intents.Select(i => new LaunchOutcome.Failed(i.Instance, ProviderFault.QuotaExceeded, "the quota is used up"))];
        }

        List<LaunchOutcome> outcomes = [];
        foreach (var intent in batch.Intents)
        {
            outcomes.Add(HasCapacity(batch.Offer)
                ? Start(batch, intent)
                : new LaunchOutcome.Failed(intent.Instance, ProviderFault.InsufficientCapacity, $"no capacity for {batch.Offer.Key}", ZonesFor(batch)));
        }

        Asked(batch.Offer.Key, isRepeated, outcomes.Exists(o => o is LaunchOutcome.Launched));

        // A request that failed as a whole may be repeated under its token, and may then succeed.
        if (outcomes.Exists(o => o is LaunchOutcome.Launched))
            _tokens[(batch.Offer.Zone, batch.Token)] = new Served(outcomes);
        return outcomes;
    }

    /// <summary>
    /// What an offer is asked while it has nothing is bounded: the calls that are under way when the first is refused (one for each pool), then pauses that double from a
    /// quarter of a minute to ten minutes.
    /// </summary>
    private void Asked(OfferKey offer, bool isRepeated, bool served)
    {
        if (!_refusals.TryGetValue(offer, out var refusals))
            _refusals[offer] = refusals = [];
        if (served)
            refusals.Clear();
        else if (!isRepeated)
            refusals.Add(agenda.Now);
        refusals.RemoveAll(at => agenda.Now - at > TimeSpan.FromHours(1));
        if (refusals.Count > MostRefusals)
            auditor.Violated("calls", $"{offer} has had nothing to launch and was asked {refusals.Count} times within the hour");
    }

    /// <summary>Zones that have capacity for what a batch asks, as the platform believes: now and then it is wrong.</summary>
    private List<string>? ZonesFor(LaunchBatch batch)
    {
        if (!temper.NamesZones)
            return null;
        List<string> named = [.. batch.Pool.Offers.Where(o => o.Type == batch.Offer.Type && o.Zone != batch.Offer.Zone && (HasCapacity(o) || dice.Chance(0.1))).Select(o => o.Zone).Distinct()];
        return named.Count > 0 ? named : null;
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

        // A platform that shows no prices bills at most the price that was offered; spot may be cheaper. One that shows them may raise them up to the worst rate.
        var isSpot = batch.Offer.Market == Market.Spot;
        HourlyRate Draw() => isSpot && temper.ShowsPrices
            ? new HourlyRate(dice.Between((int)(batch.Offer.Rate.MicrosPerHour / 2), (int)batch.Offer.WorstRate.MicrosPerHour))
            : isSpot ? new HourlyRate(batch.Offer.Rate.MicrosPerHour * dice.Between(50, 100) / 100) : batch.Offer.Rate;
        var rate = Draw();
        List<(DateTimeOffset From, HourlyRate Rate)> later = [];
        for (var change = agenda.Now; isSpot && temper.ShowsPrices && later.Count < 4;)
        {
            change += dice.Between(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(40));
            later.Add((change, Draw()));
        }

        var machine = new SimulatedMachine(intent.Instance, intent.Queue, $"{provider}-{_number++}", provider, batch.Offer, rate, agenda.Now)
        {
            Pool = batch.Pool,
            VisibleAt = agenda.Now + late,
            Hidden = hides ? (hiddenFrom, hiddenFrom + (temper.LateBy * 0.9)) : default,
            LeaseKnown = intent.LeaseUntil,
            ShowsPrice = temper.ShowsPrices,
            LaterRates = later,
        };
        Add(machine);
        return new LaunchOutcome.Launched(intent.Instance, machine.NativeId, machine.StartedAt, temper.ShowsPrices ? rate : null);
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
