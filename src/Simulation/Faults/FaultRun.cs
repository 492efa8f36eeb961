using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Queues;
using ControlPlane.Simulation.Cloud;
using ControlPlane.Simulation.Engine;
using ControlPlane.Simulation.Invariants;
using ControlPlane.Simulation.Mutations;
using ControlPlane.Simulation.Sources;

namespace ControlPlane.Simulation.Faults;

/// <summary>How a run is watched.</summary>
/// <param name="JournalAsText">Events go through JSON, and the history is folded into a number: slower, and proves replay and determinism.</param>
/// <param name="LinesKept">How many of the last lines of the history are kept for a reader.</param>
public sealed record FaultRunOptions(bool JournalAsText = false, int LinesKept = 0)
{
    public Mutation Mutation { get; init; } = Mutation.None;
}

/// <summary>What came of a run.</summary>
/// <param name="Scenario">What was run.</param>
/// <param name="Violation">The first broken promise; null if all were kept.</param>
/// <param name="Simulated">Virtual time.</param>
/// <param name="Steps">Things that happened.</param>
/// <param name="Machines">Machines that were started.</param>
/// <param name="Done">Tasks that were done.</param>
/// <param name="Digest">The history as one number; 0 if it was not recorded.</param>
/// <param name="Lines">Its last lines, if they were kept.</param>
/// <param name="Journals">What each entity has persisted, as text, if it was kept so.</param>
public sealed record FaultResult(
    Scenario Scenario, Violation? Violation, TimeSpan Simulated, long Steps, int Machines, int Done, ulong Digest, IReadOnlyCollection<string> Lines,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Journals);

/// <summary>One run: trouble for a while, then calm, in which everything must come to its end.</summary>
public sealed class FaultRun
{
    private static readonly TimeSpan AfterCalm = TimeSpan.FromHours(3);

    private readonly Scenario _scenario;
    private readonly FaultRunOptions _options;
    private readonly Agenda _agenda;
    private readonly Weather _weather;
    private readonly Auditor _auditor;
    private readonly Wiring _wiring;
    private readonly Household _household;
    private readonly History? _history;
    private readonly SimulatedSource _source;

    private FaultRun(Scenario scenario, FaultRunOptions options)
    {
        _scenario = scenario;
        _options = options;
        _agenda = new Agenda(scenario.Start);
        _weather = new Weather(scenario, _agenda);
        _auditor = new Auditor(scenario, _agenda);
        _history = options.JournalAsText || options.LinesKept > 0 ? new History(_agenda, options.LinesKept) : null;
        var dice = new Dice(scenario.Seed).Split(7);
        Dictionary<string, SimulatedCloud> clouds = [];
        var source = new SimulatedSource(scenario.SourceTemper, _weather, _agenda, dice.Split(2), _auditor)
        {
            ForgetsRequeues = options.Mutation.SourceForgetsRequeues,
            Machine = id => clouds.Values.Select(c => c.Find(id)).FirstOrDefault(m => m is not null),
        };
        _source = source;
        _wiring = new Wiring(scenario, options.Mutation, _weather, _agenda, dice, _history, options.JournalAsText, _auditor) { Source = source };
        var nature = new Nature(scenario, _weather, _agenda, dice.Split(3), _wiring, source);
        ulong salt = 100;
        foreach (var provider in scenario.Providers)
        {
            clouds[provider.Name] = _wiring.Clouds[provider.Name] =
                new SimulatedCloud(provider.Name, scenario.CloudTemper, provider.ConsistencyWindow, _weather, _agenda, dice.Split(salt++), _auditor)
                {
                    Started = machine =>
                    {
                        _history?.Note(machine.NativeId, "starts", $"{machine.Instance} {machine.Offer.Key} at {machine.Rate}");
                        nature.Boot(machine);
                    },
                    Stopped = machine =>
                    {
                        _history?.Note(machine.NativeId, machine.Cause.ToString(), $"{machine.Instance} ends {machine.EndsAt:HH:mm:ss.fff}");
                        source.Die(machine);
                    },
                };
        }

        _auditor.Scaler = queue => _wiring.Scalers[queue].Released;
        _household = new Household(scenario, _agenda, dice.Split(4), _wiring, _auditor);
        nature.Schedule(_household);
    }

    public static FaultResult Run(Scenario scenario, FaultRunOptions? options = null)
    {
        var run = new FaultRun(scenario, options ?? new FaultRunOptions());
        try
        {
            run.Play();
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // A defect of a decider is a finding like any other, and has its seed.
            run._auditor.Violated("defect", fault.ToString());
        }

        return run.Result();
    }

    private void Play()
    {
        foreach (var entity in _wiring.All)
            entity.Start();
        _household.Begin();
        foreach (var task in _scenario.Tasks)
            _agenda.At(_scenario.Start + task.At, () => _source.Enqueue(_scenario.Queues[task.Queue].Name, task.Duration));
        _agenda.Every(TimeSpan.FromMinutes(1), _auditor.CheckBills);
        if (!Until(_scenario.Start + _scenario.Trouble))
            return;

        _household.Calm();
        var work = _source.Tasks.Where(t => t.DoneAt is null).Aggregate(TimeSpan.Zero, (sum, t) => sum + t.Duration + TimeSpan.FromMinutes(5));
        var bound = _agenda.Now + AfterCalm + work;
        while (Blocker() is { } blocker)
        {
            if (_agenda.Now > bound)
            {
                _auditor.Violated(blocker.Promise, $"{Domain.Deciding.Words.Duration(AfterCalm + work)} after all trouble had ended, {blocker.Sentence}");
                return;
            }

            if (!Until(_agenda.Now + TimeSpan.FromMinutes(1)))
                return;
        }

        // What has come to rest stays at rest.
        if (Until(_agenda.Now + TimeSpan.FromMinutes(5)) && Blocker() is { } late)
            _auditor.Violated(late.Promise, $"after everything had come to rest, {late.Sentence}");
        _auditor.CheckBills();
        CheckAccounts();
    }

    private bool Until(DateTimeOffset time)
    {
        while (_auditor.First is null && _agenda.Step(time))
        {
        }

        if (_options.JournalAsText)
        {
            foreach (var entity in _wiring.All)
            {
                if (entity.CheckReplay() is { } difference)
                    _auditor.Violated("replay", difference);
            }
        }

        return _auditor.First is null;
    }

    /// <summary>What keeps the run from being at rest.</summary>
    private (string Promise, string Sentence)? Blocker()
    {
        if (_source.Tasks.FirstOrDefault(t => t.DoneAt is null) is { } task)
            return ("liveness", $"task {task.Id} of queue {task.Queue} is not done: it ran {task.Runs.Count} times{Story(task)}; {Explain(task.Queue)}");
        foreach (var cloud in _wiring.Clouds.Values)
        {
            if (cloud.Machines.FirstOrDefault(m => !m.HasEnded(_agenda.Now)) is { } machine)
                return (machine.IsForeign ? "P2" : "quiescence", $"machine {machine.NativeId} of instance {machine.Instance} still runs; {Explain(machine.Queue)}");
        }

        foreach (var (name, scaler) in _wiring.Scalers)
        {
            if (scaler.Released.Instances.Count > 0)
                return ("quiescence", $"queue {name} still has instances; {Explain(name)}");
        }

        foreach (var (name, ledger) in _wiring.Ledgers)
        {
            var state = ledger.Released;
            if (state.Leases.Count > 0 || state.Waiting.Count > 0 || state.Stalled.Count > 0 || state.Budgets.Values.Any(b => b.Instances != 0 || b.Gpus != 0))
                return ("quiescence", $"ledger {name} has {state.Leases.Count} leases and {state.Waiting.Count} requests left");
            if (state.Budgets.Values.FirstOrDefault(b => b.Windows.Values.Any(w => w.Held != Money.Zero)) is { } holding)
                return ("quiescence", $"budget {holding.Spec.Name} holds money for nobody");
        }

        foreach (var (name, gateway) in _wiring.Gateways)
        {
            if (gateway.Released.Batches.Count > 0 || gateway.Released.Answers.Count > 0)
                return ("quiescence", $"gateway {name} has {gateway.Released.Batches.Count} batches and {gateway.Released.Answers.Count} answers left");
        }

        return null;
    }

    /// <summary>The accounts cover the bills, and each interrupted task went back once.</summary>
    private void CheckAccounts()
    {
        foreach (var bill in _auditor.Bills.Values)
        {
            var account = _wiring.Ledgers.Values.Select(l => l.Released.Budgets.GetValueOrDefault(bill.Name)).FirstOrDefault(a => a is not null);
            foreach (var (window, amount) in bill.Closed)
            {
                var spent = account?.At(window).Spent ?? Money.Zero;
                if (amount > (Int128)spent.Micros * TimeSpan.TicksPerHour)
                    _auditor.Violated("P1", $"budget {bill.Name} has {spent} as spent in its window from {window:u}, and the bill is ${Bill.Dollars(amount):0.000000}");
            }
        }

        foreach (var run in _source.Tasks.SelectMany(t => t.Runs).Where(r => r.InterruptedAt is not null && r.Requeued != 1))
            _auditor.Violated("P3", $"task {run.Task.Id} was interrupted and went back to its queue {run.Requeued} times");
    }

    private static string Story(SimulatedTask task) =>
        task.Runs.Count == 0 ? "" : $", last on {task.Runs[^1].Instance}{(task.Runs[^1].InterruptedAt is { } at ? $", interrupted at {at:HH:mm:ss}" : "")}";

    private string Explain(QueueName queue)
    {
        var state = _wiring.Scalers[queue].Released;
        var instances = string.Join("; ", state.Instances.Values.Select(i => $"{i.Id} {i.Phase} {i.Leaving} lease {i.LeaseUntil:HH:mm:ss} {i.Waiting?.Sentence}"));
        return $"its queue says: {state.LastDecision?.Sentence()} [{instances}]";
    }

    private FaultResult Result() => new(
        _scenario,
        _auditor.First,
        _agenda.Now - _scenario.Start,
        _agenda.Steps,
        _wiring.Clouds.Values.Sum(c => c.Machines.Count),
        _source.Tasks.Count(t => t.DoneAt is not null),
        _history?.Digest ?? 0,
        _history?.Lines ?? [],
        _options.JournalAsText ? Journals() : new Dictionary<string, IReadOnlyList<string>>());

    private Dictionary<string, IReadOnlyList<string>> Journals()
    {
        Dictionary<string, IReadOnlyList<string>> journals = [];
        foreach (var ledger in _wiring.Ledgers.Values)
            journals[ledger.Name] = ledger.JournalTexts;
        foreach (var gateway in _wiring.Gateways.Values)
            journals[gateway.Name] = gateway.JournalTexts;
        foreach (var scaler in _wiring.Scalers.Values)
            journals[scaler.Name] = scaler.JournalTexts;
        return journals;
    }
}
