using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;
using ControlPlane.Emulators.Ec2;
using ControlPlane.Providers.Aws;
using ControlPlane.Simulation.Engine;
using Microsoft.Extensions.Time.Testing;
using Gateway = ControlPlane.Simulation.Engine.PlainHost<
    ControlPlane.Domain.Providers.GatewayDecider, ControlPlane.Domain.Providers.GatewayState, ControlPlane.Domain.Providers.GatewayCommand,
    ControlPlane.Domain.Providers.GatewayEvent, ControlPlane.Domain.Providers.GatewayEffect>;
using Ledger = ControlPlane.Simulation.Engine.PlainHost<
    ControlPlane.Domain.Budgets.LedgerDecider, ControlPlane.Domain.Budgets.LedgerState, ControlPlane.Domain.Budgets.LedgerCommand,
    ControlPlane.Domain.Budgets.LedgerEvent, ControlPlane.Domain.Budgets.LedgerEffect>;
using Scaler = ControlPlane.Simulation.Engine.PlainHost<
    ControlPlane.Domain.Queues.ScalerDecider, ControlPlane.Domain.Queues.ScalerState, ControlPlane.Domain.Queues.ScalerCommand,
    ControlPlane.Domain.Queues.ScalerEvent, ControlPlane.Domain.Queues.ScalerEffect>;

namespace ControlPlane.Providers.Tests.Aws;

/// <summary>
/// The rules of production and the provider of EC2 on a clock that is moved by hand: a queue's scaler, its ledger and its gateway, whose calls go over HTTP to an emulated region on
/// the same clock. A machine that has booted has a worker, which takes a task at once.
/// </summary>
internal sealed class VirtualNode
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(5);

    private readonly Agenda _agenda;
    private readonly FakeTimeProvider _time;
    private readonly Ec2Emulator _emulator;
    private readonly AwsProvider _provider;
    private readonly QueueSpec _queue;
    private readonly TimeSpan _taskTime;
    private readonly Mailbox _mail = new();
    private readonly Queue<Func<Task>> _calls = new();
    private readonly Ledger _ledger;
    private readonly Gateway _gateway;
    private readonly Scaler _scaler;
    private readonly Dictionary<InstanceId, (string Name, DateTimeOffset? Until)> _workers = [];
    private readonly HashSet<InstanceId> _stopped = [];
    private readonly DateTimeOffset _begun;
    private int _pending;

    public VirtualNode(AwsWorld world, QueueSpec queue, ProviderSpec provider, int tasks, TimeSpan taskTime)
    {
        _time = world.Time;
        _emulator = world.Emulator;
        _provider = world.Connect(name: provider.Name);
        (_queue, _pending, _taskTime) = (queue, tasks, taskTime);
        _begun = _time.GetUtcNow();
        _agenda = new Agenda(_begun);
        var dice = new Dice(1);
        _ledger = new Ledger(_agenda, dice.Split(1), new LedgerCommand.Tick(), Carry);
        _gateway = new Gateway(_agenda, dice.Split(2), new GatewayCommand.Tick(), Carry);
        _scaler = new Scaler(_agenda, dice.Split(3), new ScalerCommand.Tick(), Carry);
        _ledger.Tell(new LedgerCommand.Configure([new BudgetSpec { Name = queue.Ledger, Limit = Money.FromDollars(1_000) }], 1));
        _gateway.Tell(new GatewayCommand.Configure(provider, [queue.Name], 1));
        _scaler.Tell(new ScalerCommand.Configure(queue, 1));
        _agenda.Every(Pace, () => _calls.Enqueue(LookAsync));
    }

    /// <summary>Tasks that wait.</summary>
    public int Pending => _pending;

    /// <summary>Tasks that were done.</summary>
    public int Done { get; private set; }

    /// <summary>The queue's instances as its scaler knows them.</summary>
    public IEnumerable<InstanceState> Instances => _scaler.State.Instances.Values;

    /// <summary>Tasks that run.</summary>
    public int Running => _workers.Values.Count(w => w.Until is not null);

    public Task PlayAsync(TimeSpan time) => PlayUntilAsync(_time.GetUtcNow() + time);

    private async Task PlayUntilAsync(DateTimeOffset until)
    {
        while (_agenda.Step(until))
        {
            _time.SetUtcNow(_agenda.Now);
            _mail.Deliver();
            while (_calls.TryDequeue(out var call))
            {
                await call();
                _mail.Deliver();
            }
        }

        // Whatever comes next is due later.
        _time.SetUtcNow(until);
    }

    private async Task LookAsync()
    {
        var machines = (await _emulator.InstancesAsync()).Where(m => m is { HasBooted: true, LeftAt: null }).ToDictionary(IntentOf);
        foreach (var gone in _workers.Keys.Where(id => !machines.ContainsKey(id)).ToArray())
            _workers.Remove(gone);
        foreach (var (id, machine) in machines)
        {
            var (name, until) = _workers.GetValueOrDefault(id, ($"w:{machine.Id}", null));
            if (until <= _agenda.Now)
            {
                Done++;
                until = null;
            }

            if (until is null && _pending > 0 && !_stopped.Contains(id))
            {
                _pending--;
                until = _agenda.Now + _taskTime;
            }

            _workers[id] = (name, until);
        }

        _scaler.Tell(new ScalerCommand.Observe(new QueueObservation(
            _queue.Name, _agenda.Now, _pending, _pending > 0 ? _begun : null,
            [.. _workers.Select(w => new WorkerObservation(w.Value.Name, w.Key, w.Value.Until is null ? [] : [$"task of {w.Value.Name}"], _agenda.Now, null))])));
    }

    private static InstanceId IntentOf(Simulation.Ec2.Ec2LogEntry machine) =>
        new(machine.Tags.Where(t => t.Key.StartsWith("controlplane:instance", StringComparison.Ordinal)).OrderBy(t => t.Key, StringComparer.Ordinal).SelectMany(t => t.Value.Split(',')).ElementAt(machine.LaunchIndex));

    private void Tell(InstanceId instance, InstanceCommand command) => _mail.Post(() => _scaler.Tell(new ScalerCommand.ForInstance(instance, command)));

    private void Carry(LedgerEffect effect)
    {
        if (effect is LedgerEffect.Tell e)
            Tell(e.Instance, new InstanceCommand.LeaseAnswered(e.Answer));
    }

    private void Carry(GatewayEffect effect)
    {
        switch (effect)
        {
            case GatewayEffect.CallLaunch e:
                _calls.Enqueue(async () => _gateway.Tell(new GatewayCommand.LaunchAnswered(e.Batch.Token, await _provider.LaunchAsync(e.Batch, CancellationToken.None))));
                break;
            case GatewayEffect.CallTerminate e:
                _calls.Enqueue(async () => _gateway.Tell(new GatewayCommand.TerminateAnswered(await _provider.TerminateAsync(e.Instances, CancellationToken.None))));
                break;
            case GatewayEffect.CallSweep:
                _calls.Enqueue(async () => _gateway.Tell(new GatewayCommand.SweepAnswered(await _provider.SweepAsync(CancellationToken.None))));
                break;
            case GatewayEffect.CallConsole e:
                _calls.Enqueue(async () => _gateway.Tell(new GatewayCommand.ConsoleAnswered(e.Instance.Instance, true, await _provider.ReadConsoleAsync(e.Instance, 8_192, CancellationToken.None))));
                break;
            case GatewayEffect.TellInstance e:
                Tell(e.Instance, e.Command);
                break;
            case GatewayEffect.TellScaler e:
                _mail.Post(() => _scaler.Tell(e.Command));
                break;
        }
    }

    private void Carry(ScalerEffect effect)
    {
        if (effect is not ScalerEffect.OfInstance { Instance: var instance, Effect: var of })
            return;
        switch (of)
        {
            case InstanceEffect.AskLedger e:
                _mail.Post(() => _ledger.Tell(e.Command));
                break;
            case InstanceEffect.AskGateway e:
                _mail.Post(() => _gateway.Tell(e.Command));
                break;
            case InstanceEffect.StopFeeding:
                _stopped.Add(instance);
                Tell(instance, new InstanceCommand.FeedingStopped(true));
                break;
            case InstanceEffect.ReturnTasks:
                Tell(instance, new InstanceCommand.TasksReturned(RequeueResult.Nothing));
                break;
        }
    }
}
