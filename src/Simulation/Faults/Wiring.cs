using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;
using ControlPlane.Simulation.Cloud;
using ControlPlane.Simulation.Engine;
using ControlPlane.Simulation.Invariants;
using ControlPlane.Simulation.Mutations;
using ControlPlane.Simulation.Sources;
using GatewayHost = ControlPlane.Simulation.Engine.EntityHost<
    ControlPlane.Domain.Providers.GatewayDecider, ControlPlane.Domain.Providers.GatewayState, ControlPlane.Domain.Providers.GatewayCommand,
    ControlPlane.Domain.Providers.GatewayEvent, ControlPlane.Domain.Providers.GatewayEffect>;
using LedgerHost = ControlPlane.Simulation.Engine.EntityHost<
    ControlPlane.Domain.Budgets.LedgerDecider, ControlPlane.Domain.Budgets.LedgerState, ControlPlane.Domain.Budgets.LedgerCommand,
    ControlPlane.Domain.Budgets.LedgerEvent, ControlPlane.Domain.Budgets.LedgerEffect>;
using ScalerHost = ControlPlane.Simulation.Engine.EntityHost<
    ControlPlane.Domain.Queues.ScalerDecider, ControlPlane.Domain.Queues.ScalerState, ControlPlane.Domain.Queues.ScalerCommand,
    ControlPlane.Domain.Queues.ScalerEvent, ControlPlane.Domain.Queues.ScalerEffect>;
using WatcherHost = ControlPlane.Simulation.Engine.EntityHost<
    ControlPlane.Domain.Sources.WatcherDecider, ControlPlane.Domain.Sources.WatcherState, ControlPlane.Domain.Sources.WatcherCommand,
    ControlPlane.Domain.Sources.WatcherEvent, ControlPlane.Domain.Sources.WatcherEffect>;

namespace ControlPlane.Simulation.Faults;

/// <summary>All entities of a run, and how their effects reach each other, the platforms and the source: what Actors does with Akka.</summary>
public sealed class Wiring
{
    private readonly Weather _weather;
    private readonly Agenda _agenda;
    private readonly Dice _network;
    private readonly Mutation _mutation;
    private readonly Dictionary<string, (int Incarnation, long Revision)> _heard = [];
    private readonly Dictionary<string, int> _asked = [];

    public Wiring(Scenario scenario, Mutation mutation, Weather weather, Agenda agenda, Dice dice, History? history, bool journalAsText, Auditor auditor)
    {
        _weather = weather;
        _agenda = agenda;
        _network = dice.Split(10);
        _mutation = mutation;
        ulong salt = 20;
        HostSettings Settings()
        {
            var own = dice.Split(salt++);
            return new HostSettings(agenda, own, history, journalAsText)
            {
                WriteTime = () => own.Between(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(own.Chance(0.02) ? 400 : 12)),
                WriteFails = () => weather.Of<Fault.WritesFail>().Any(f => own.Chance(f.Share)),
                EffectsBeforeWrite = mutation.EffectsBeforeWrite,
            };
        }

        foreach (var ledger in scenario.Ledgers.Keys.Order())
            Ledgers[ledger] = new LedgerHost($"ledger-{ledger}", Settings(), new LedgerCommand.Tick(), e => Carry(ledger, e)) { Rule = mutation.Ledger };
        foreach (var provider in scenario.Providers)
            Gateways[provider.Name] = new GatewayHost($"gateway-{provider.Name}", Settings(), new GatewayCommand.Tick(), e => Carry(provider.Name, e)) { Rule = mutation.Gateway };
        foreach (var queue in scenario.Queues)
        {
            Scalers[queue.Name] = new ScalerHost($"queue-{queue.Name}", Settings(), new ScalerCommand.Tick(), e => Carry(queue.Name, e))
            {
                Rule = mutation.Scaler,
                Watch = (state, e) => auditor.Claimed(state, e, id => Clouds.Values.Select(c => c.Find(id)).FirstOrDefault(m => m is not null)),
            };
        }

        Watcher = new WatcherHost("source", Settings(), new WatcherCommand.Tick(), Carry) { Rule = mutation.Watcher };
        All = [.. Ledgers.Values, .. Gateways.Values, .. Scalers.Values, Watcher];
    }

    public Dictionary<BudgetName, LedgerHost> Ledgers { get; } = [];

    public Dictionary<string, GatewayHost> Gateways { get; } = [];

    public Dictionary<QueueName, ScalerHost> Scalers { get; } = [];

    public WatcherHost Watcher { get; }

    public IReadOnlyList<Entity> All { get; }

    public Dictionary<string, SimulatedCloud> Clouds { get; } = [];

    public required SimulatedSource Source { get; init; }

    /// <summary>A queue that was removed has nothing left.</summary>
    public Action<QueueName> Gone { get; set; } = _ => { };

    /// <summary>Whether an entity has said that it knows this revision since its last start.</summary>
    public bool HasHeard(Entity entity, long revision) => _heard.TryGetValue(entity.Name, out var heard) && heard == (entity.Incarnation, revision);

    /// <summary>Sends a message: it arrives later, or not at all, or twice.</summary>
    public void Send(Action deliver)
    {
        var weather = _weather.Of<Fault.Network>().FirstOrDefault();
        var copies = weather is null ? 1 : _network.Chance(weather.Lost) ? 0 : _network.Chance(weather.Twice) ? 2 : 1;
        for (; copies > 0; copies--)
        {
            var delay = _network.Between(TimeSpan.FromMicroseconds(200), TimeSpan.FromMilliseconds(5));
            if (weather is not null && _network.Chance(0.5))
                delay += weather.Delay * _network.Unit();
            _agenda.After(delay, deliver);
        }
    }

    private void Carry(BudgetName ledger, LedgerEffect effect)
    {
        switch (effect)
        {
            case LedgerEffect.Tell e:
                Tell(e.Queue, new ScalerCommand.ForInstance(e.Instance, new InstanceCommand.LeaseAnswered(e.Answer)));
                break;
            case LedgerEffect.Acknowledge e:
                Hear(Ledgers[ledger], e.Revision);
                break;
        }
    }

    private void Carry(string provider, GatewayEffect effect)
    {
        var gateway = Gateways[provider];
        var cloud = Clouds[provider];
        var life = gateway.Incarnation;
        void Answer(GatewayCommand command)
        {
            if (gateway.Incarnation == life)
                gateway.Tell(command);
        }

        switch (effect)
        {
            case GatewayEffect.CallLaunch e:
                _asked[e.Batch.Token] = _asked.GetValueOrDefault(e.Batch.Token) + 1;
                cloud.Launch(_mutation.Ask(e.Batch, _asked[e.Batch.Token] - 1), outcomes => Answer(new GatewayCommand.LaunchAnswered(e.Batch.Token, outcomes)));
                break;
            case GatewayEffect.CallTerminate e:
                cloud.Terminate(e.Instances, outcomes => Answer(new GatewayCommand.TerminateAnswered(outcomes)));
                break;
            case GatewayEffect.CallSweep:
                cloud.Sweep(outcome => Answer(new GatewayCommand.SweepAnswered(outcome)));
                break;
            case GatewayEffect.CallConsole e:
                cloud.ReadConsole(e.Instance, text => Answer(new GatewayCommand.ConsoleAnswered(e.Instance.Instance, text is not null, text)));
                break;
            case GatewayEffect.TellInstance e:
                Tell(e.Queue, new ScalerCommand.ForInstance(e.Instance, e.Command));
                break;
            case GatewayEffect.TellScaler e:
                Tell(e.Queue, e.Command);
                break;
            case GatewayEffect.Acknowledge e:
                Hear(gateway, e.Revision);
                break;
        }
    }

    private void Carry(QueueName queue, ScalerEffect effect)
    {
        switch (effect)
        {
            case ScalerEffect.OfInstance e:
                Carry(queue, e.Instance, e.Effect);
                break;
            case ScalerEffect.LookAgain:
                Send(() => Watcher.Tell(new WatcherCommand.LookAgain(queue)));
                break;
            case ScalerEffect.Disown e:
                Send(() => Gateways[e.Provider].Tell(new GatewayCommand.Disown(e.Machine)));
                break;
            case ScalerEffect.Acknowledge e:
                Hear(Scalers[queue], e.Revision);
                break;
            case ScalerEffect.TellGone:
                Gone(queue);
                break;
        }
    }

    private void Carry(QueueName queue, InstanceId instance, InstanceEffect effect)
    {
        switch (effect)
        {
            case InstanceEffect.AskLedger e:
                Send(() => Ledgers[e.Ledger].Tell(e.Command));
                break;
            case InstanceEffect.AskGateway e:
                Send(() => Gateways[e.Provider].Tell(e.Command));
                break;
            case InstanceEffect.StopFeeding:
                ToSource(() => Source.StopFeeding(instance, FromSource<bool?>(supported =>
                {
                    if (supported is { } yes)
                        Tell(queue, new ScalerCommand.ForInstance(instance, new InstanceCommand.FeedingStopped(yes)));
                })));
                break;
            case InstanceEffect.ReturnTasks:
                ToSource(() => Source.Requeue(queue, instance, FromSource<RequeueResult?>(result =>
                {
                    if (result is not null)
                        Tell(queue, new ScalerCommand.ForInstance(instance, new InstanceCommand.TasksReturned(result)));
                })));
                break;
            case InstanceEffect.LookAgain:
                Send(() => Watcher.Tell(new WatcherCommand.LookAgain(queue)));
                break;
        }
    }

    private void Carry(WatcherEffect effect)
    {
        switch (effect)
        {
            case WatcherEffect.Look e:
                Source.Observe(e.Queues, FromSource<IReadOnlyList<QueueObservation>?>(looks =>
                    Watcher.Tell(looks is null ? new WatcherCommand.LookFailed("the source does not answer") : new WatcherCommand.Looked(looks))));
                break;
            case WatcherEffect.Tell e:
                Tell(e.Observation.Queue, new ScalerCommand.Observe(e.Observation));
                break;
            case WatcherEffect.Acknowledge e:
                Hear(Watcher, e.Revision);
                break;
        }
    }

    private void Tell(QueueName queue, ScalerCommand command) => Send(() => Scalers[queue].Tell(command));

    /// <summary>Requests to the source go through its watcher, and are lost while that is down.</summary>
    private void ToSource(Action request) => Send(() =>
    {
        if (Watcher is { Up: true, State.Spec: not null })
            request();
    });

    private Action<T> FromSource<T>(Action<T> deliver)
    {
        var life = Watcher.Incarnation;
        return result =>
        {
            if (Watcher.Up && Watcher.Incarnation == life)
                deliver(result);
        };
    }

    private void Hear(Entity entity, long revision) => _heard[entity.Name] = (entity.Incarnation, revision);
}
