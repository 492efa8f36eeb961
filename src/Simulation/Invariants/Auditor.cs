using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;
using ControlPlane.Simulation.Cloud;
using ControlPlane.Simulation.Engine;
using ControlPlane.Simulation.Faults;
using ControlPlane.Simulation.Sources;

namespace ControlPlane.Simulation.Invariants;

/// <summary>
/// Judges a run by what truly happened: the platforms' logs and bills, the source's tasks. Our own state is read only to learn what was claimed.
/// </summary>
public sealed class Auditor
{
    /// <summary>A task taken so shortly before the termination, or after it, may have been taken after the last idle look, where the source cannot stop feeding.</summary>
    private static readonly TimeSpan RaceWithoutStop = TimeSpan.FromMinutes(2);

    private readonly Scenario _scenario;
    private readonly Agenda _agenda;
    private readonly Dictionary<QueueName, Bill[]> _chains = [];
    private readonly Dictionary<BudgetName, Bill> _bills = [];
    private readonly Dictionary<BudgetName, BudgetSpec> _budgets = [];
    private readonly List<SimulatedMachine> _billed = [];
    private readonly HashSet<InstanceId> _endedAtOnce = [];
    private readonly HashSet<InstanceId> _leaseEnded = [];
    private readonly Dictionary<InstanceId, DateTimeOffset> _endedSince = [];
    private readonly HashSet<(QueueName, DateTimeOffset, int, int)> _looks = [];
    private readonly Dictionary<QueueName, Dictionary<string, int>> _decidedLaunches = [];

    public Auditor(Scenario scenario, Agenda agenda)
    {
        _scenario = scenario;
        _agenda = agenda;
        foreach (var budget in scenario.Ledgers.Values.SelectMany(t => t))
        {
            _budgets[budget.Name] = budget;
            _bills[budget.Name] = new Bill(budget);
        }

        foreach (var queue in scenario.Queues)
            _chains[queue.Name] = [.. Chain(queue.Budget).Select(b => _bills[b.Name])];
    }

    /// <summary>The first promise that was broken; null so far.</summary>
    public Violation? First { get; private set; }

    /// <summary>What the journal has of a queue.</summary>
    public Func<QueueName, ScalerState> Scaler { get; set; } = _ => ScalerState.Initial;

    internal IReadOnlyDictionary<BudgetName, Bill> Bills => _bills;

    public void Violated(string promise, string sentence) => First ??= new Violation(promise, _agenda.Now, sentence);

    // ---- told by the platforms ----
    public void Started(SimulatedMachine machine, SimulatedMachine? before)
    {
        if (before is not null)
            Violated("P2", $"instance {machine.Instance} has two machines: {before.NativeId} and {machine.NativeId}");
        if (machine.IsForeign)
            return;
        var known = Scaler(machine.Queue).Instances.GetValueOrDefault(machine.Instance);
        if (known is null or { Phase: Phase.Ended })
            Violated("P2", $"machine {machine.NativeId} was started for instance {machine.Instance}, which had ended");
        _billed.Add(machine);
        CheckCounts(machine);
        CheckBills();
    }

    /// <summary>Everything that holds at every instant and changes by time alone.</summary>
    public void CheckBills()
    {
        foreach (var machine in _billed.Where(m => m.HasEnded(_agenda.Now) && m.BilledUntil(_agenda.Now) <= _agenda.Now).ToArray())
        {
            _billed.Remove(machine);
            foreach (var bill in _chains[machine.Queue])
                bill.Close(machine, _agenda.Now);
        }

        foreach (var bill in _bills.Values)
        {
            if (bill.FirstAbove(_billed.Where(m => _chains[m.Queue].Contains(bill)), _agenda.Now) is { } above)
                Violated("P1", $"budget {bill.Name} is limited to {bill.Limit} and the bill of its window from {above.Window:u} is ${above.Dollars:0.000000}");
        }
    }

    /// <summary>The limits from now on; never lower than before.</summary>
    public void Raised(IEnumerable<BudgetSpec> budgets)
    {
        CheckBills();
        foreach (var budget in budgets)
        {
            _budgets[budget.Name] = budget;
            _bills[budget.Name].Limit = budget.Limit;
        }
    }

    // ---- told by the source ----
    public void Looked(QueueObservation look) => _looks.Add((look.Queue, look.AsOf, look.Pending, look.Workers.Count));

    public void Interrupted(SimulatedMachine machine, TaskRun run, bool canStopFeeding)
    {
        if (machine.Cause != EndCause.Terminated || MayEndBusy(machine, run, canStopFeeding))
            return;
        var instance = Scaler(machine.Queue).Instances.GetValueOrDefault(machine.Instance);
        Violated("P3", $"busy instance {machine.Instance} was ended ({instance?.Leaving}: {instance?.LeavingBecause}) while task {run.Task.Id} ran since {run.StartedAt:HH:mm:ss}");
    }

    /// <summary>Its platform gave notice, and its queue wants the tasks back then.</summary>
    public bool MayReturnEarly(SimulatedMachine machine) =>
        machine.InterruptionAt is not null && _scenario.Queues.First(q => q.Name == machine.Queue).Requeue is { AtNotice: true };

    // ---- told by the operator ----
    public void EndedAtOnce(InstanceId instance) => _endedAtOnce.Add(instance);

    // ---- claimed by a scaler ----
    public void Claimed(ScalerState state, ScalerEvent @event, Func<InstanceId, SimulatedMachine?> machineOf)
    {
        switch (@event)
        {
            case ScalerEvent.InstanceChanged { Event: InstanceEvent.Ended } e:
                if (machineOf(e.Instance) is { } machine && !machine.HasEnded(_agenda.Now))
                    Violated("P2", $"instance {e.Instance} counts as ended, and its machine {machine.NativeId} lives");
                break;
            case ScalerEvent.InstanceChanged { Event: InstanceEvent.TerminationStarted } e:
                var ending = state.Instances[e.Instance];
                _endedSince[e.Instance] = _agenda.Now;
                if (_agenda.Now >= ending.LeaseUntil - ending.Margin)
                    _leaseEnded.Add(e.Instance);
                break;
            case ScalerEvent.Observed e:
                if (!_looks.Contains((e.Observation.Queue, e.Observation.AsOf, e.Observation.Pending, e.Observation.Workers.Count)))
                    Violated("P3", $"queue {e.Observation.Queue} was told of a look of {e.Observation.AsOf:HH:mm:ss} that the source never gave");
                break;
            case ScalerEvent.Decided e:
                if (e.Decision.Sentence().Length < 5)
                    Violated("P4", $"a decision of queue {state.Spec?.Name} says nothing");
                _decidedLaunches[state.Spec!.Name] = e.Decision.Launch.ToDictionary(l => l.Pool, l => l.Count);
                break;
            case ScalerEvent.InstanceRequested e:
                var left = _decidedLaunches.GetValueOrDefault(state.Spec!.Name)?.GetValueOrDefault(e.Pool) ?? 0;
                if (left <= 0)
                    Violated("P4", $"instance {e.Instance} was requested without a decision that says so");
                else
                    _decidedLaunches[state.Spec.Name][e.Pool] = left - 1;
                break;
        }
    }

    private IEnumerable<BudgetSpec> Chain(BudgetName? leaf)
    {
        for (var name = leaf; name is not null; name = _budgets[name].Parent)
            yield return _budgets[name];
    }

    private void CheckCounts(SimulatedMachine machine)
    {
        SimulatedMachine[] live = [.. _billed.Where(m => !m.HasEnded(_agenda.Now))];
        var inPool = live.Count(m => m.Pool!.Name == machine.Pool!.Name);
        if (inPool > machine.Pool!.MaxInstances)
            Violated("P1", $"pool {machine.Pool.Name} has {inPool} machines and a maximum of {machine.Pool.MaxInstances}");
        foreach (var bill in _chains[machine.Queue])
        {
            var spec = _budgets[bill.Name];
            SimulatedMachine[] below = [.. live.Where(m => _chains[m.Queue].Contains(bill))];
            if (below.Length > spec.MaxInstances)
                Violated("P1", $"budget {spec.Name} allows {spec.MaxInstances} instances and has {below.Length}");
            if (below.Sum(m => m.Offer.Gpus) > spec.MaxGpus)
                Violated("P1", $"budget {spec.Name} allows {spec.MaxGpus} GPUs and has {below.Sum(m => m.Offer.Gpus)}");
        }
    }

    private bool MayEndBusy(SimulatedMachine machine, TaskRun run, bool canStopFeeding)
    {
        if (!canStopFeeding && _endedSince.TryGetValue(machine.Instance, out var since) && since - run.StartedAt < RaceWithoutStop)
            return true;
        if (Scaler(machine.Queue).Instances.GetValueOrDefault(machine.Instance) is not { } instance)
            return false;
        return instance.Leaving switch
        {
            Outcome.Operator => _endedAtOnce.Contains(machine.Instance),
            Outcome.Budget => _leaseEnded.Contains(machine.Instance)
                || Chain(_scenario.Queues.First(q => q.Name == machine.Queue).Budget).Any(b => b.WhenDry == WhenDry.Terminate),
            Outcome.Preempted => MayReturnEarly(machine) || _endedAtOnce.Contains(machine.Instance),
            _ => _endedAtOnce.Contains(machine.Instance),
        };
    }
}
