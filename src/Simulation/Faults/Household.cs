using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;
using ControlPlane.Simulation.Engine;
using ControlPlane.Simulation.Invariants;

namespace ControlPlane.Simulation.Faults;

/// <summary>The configuration and the people: tells each entity what concerns it until it has heard, and does what operators do.</summary>
public sealed class Household
{
    private static readonly TimeSpan RepeatEvery = TimeSpan.FromSeconds(5);

    private readonly Scenario _scenario;
    private readonly Agenda _agenda;
    private readonly Dice _dice;
    private readonly Wiring _wiring;
    private readonly Auditor _auditor;
    private readonly Dictionary<QueueName, QueueSpec> _queues;
    private readonly HashSet<QueueName> _removed = [];
    private readonly Dictionary<BudgetName, IReadOnlyList<BudgetSpec>> _ledgers;
    private readonly Dictionary<string, long> _revisions = [];
    private long _revision = 1;

    public Household(Scenario scenario, Agenda agenda, Dice dice, Wiring wiring, Auditor auditor)
    {
        _scenario = scenario;
        _agenda = agenda;
        _dice = dice;
        _wiring = wiring;
        _auditor = auditor;
        _queues = scenario.Queues.ToDictionary(q => q.Name);
        _ledgers = new(scenario.Ledgers);
        foreach (var entity in wiring.All)
            _revisions[entity.Name] = _revision;
    }

    public void Begin()
    {
        Tell();
        _agenda.Every(RepeatEvery, Tell);
    }

    public void Act(OperatorAct act, int number)
    {
        var name = _scenario.Queues[number].Name;
        var scaler = _wiring.Scalers[name];
        var declared = _scenario.Queues[number];
        var spec = _queues[name];
        switch (act)
        {
            case OperatorAct.DrainOne or OperatorAct.TerminateOne:
                InstanceId[] live = [.. scaler.Released.Instances.Keys];
                if (live.Length == 0 || !scaler.Up)
                    return;
                var chosen = live[_dice.Below(live.Length)];
                if (act == OperatorAct.TerminateOne)
                    _auditor.EndedAtOnce(chosen);
                scaler.Tell(new ScalerCommand.Leave(chosen, act == OperatorAct.TerminateOne, "somebody"));
                break;
            case OperatorAct.DrainAll:
                scaler.Tell(new ScalerCommand.DrainAll("somebody"));
                break;
            case OperatorAct.Pause or OperatorAct.Unpause:
                Change(spec with { Paused = act == OperatorAct.Pause });
                break;
            case OperatorAct.ChangeTemplate:
                Change(spec with { Pools = [.. spec.Pools.Select(p => p with { Revision = $"r{_revision + 1}" })] });
                break;
            case OperatorAct.RemovePool:
                Change(spec with { Pools = [spec.Pools[^1]] });
                break;
            case OperatorAct.RestorePool:
                Change(declared);
                break;
            case OperatorAct.RemoveQueue:
                _removed.Add(name);
                _revisions[scaler.Name] = ++_revision;
                break;
            case OperatorAct.RestoreQueue:
                Change(spec);
                break;
            case OperatorAct.RaiseBudget:
                Raise(l => l + l);
                break;
        }
    }

    /// <summary>The end of all trouble: everything runs, is as declared, and there is money; somebody resets what has tripped.</summary>
    public void Calm()
    {
        foreach (var queue in _scenario.Queues)
            Change(queue with { MinInstances = 0, Paused = false });
        Raise(l => new Money(l.Micros * 10_000));
        foreach (var entity in _wiring.All)
            entity.Start();
        Tell();
        _agenda.Every(TimeSpan.FromMinutes(5), () =>
        {
            foreach (var scaler in _wiring.Scalers.Values)
            {
                foreach (var (pool, breaker) in scaler.Released.Breakers)
                {
                    if (breaker.Tripped)
                        scaler.Tell(new ScalerCommand.ResetPool(pool, "somebody"));
                }
            }
        });
    }

    private void Change(QueueSpec spec)
    {
        _removed.Remove(spec.Name);
        _queues[spec.Name] = spec;
        _revisions[_wiring.Scalers[spec.Name].Name] = ++_revision;
    }

    private void Raise(Func<Money, Money> more)
    {
        _revision++;
        foreach (var (ledger, tree) in _ledgers.ToArray())
        {
            BudgetSpec[] raised = [.. tree.Select(b => b with { Limit = b.Limit is { } limit ? more(limit) : null, MaxInstances = b.MaxInstances + 20, MaxGpus = b.MaxGpus + 80 })];
            _ledgers[ledger] = raised;
            _revisions[_wiring.Ledgers[ledger].Name] = _revision;
            _auditor.Raised(raised);
        }
    }

    private void Tell()
    {
        foreach (var (name, ledger) in _wiring.Ledgers)
        {
            var tree = _ledgers[name];
            Tell(ledger, r => ledger.Tell(new LedgerCommand.Configure(tree, r)));
        }

        foreach (var provider in _scenario.Providers)
        {
            var gateway = _wiring.Gateways[provider.Name];
            QueueName[] served = [.. _scenario.Queues.Where(q => q.Pools.Any(p => p.Provider == provider.Name)).Select(q => q.Name)];
            Tell(gateway, r => gateway.Tell(new GatewayCommand.Configure(provider, served, r)));
        }

        foreach (var (name, scaler) in _wiring.Scalers)
        {
            var revision = _revisions[scaler.Name];
            var spec = _queues[name];
            if (_removed.Contains(name))
                _wiring.Send(() => scaler.Tell(new ScalerCommand.Retire(revision)));
            else
                Tell(scaler, r => scaler.Tell(new ScalerCommand.Configure(spec, r)));
        }

        QueueName[] watched = [.. _scenario.Queues.Select(q => q.Name)];
        Tell(_wiring.Watcher, r => _wiring.Watcher.Tell(new WatcherCommand.Configure(_scenario.Source, watched, r)));
    }

    private void Tell(Entity entity, Action<long> configure)
    {
        var revision = _revisions[entity.Name];
        if (entity.Up && !_wiring.HasHeard(entity, revision))
            _wiring.Send(() => configure(revision));
    }
}
