using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Simulation.Engine;
using Gateway = ControlPlane.Simulation.Engine.PlainHost<
    ControlPlane.Domain.Providers.GatewayDecider, ControlPlane.Domain.Providers.GatewayState, ControlPlane.Domain.Providers.GatewayCommand,
    ControlPlane.Domain.Providers.GatewayEvent, ControlPlane.Domain.Providers.GatewayEffect>;
using Ledger = ControlPlane.Simulation.Engine.PlainHost<
    ControlPlane.Domain.Budgets.LedgerDecider, ControlPlane.Domain.Budgets.LedgerState, ControlPlane.Domain.Budgets.LedgerCommand,
    ControlPlane.Domain.Budgets.LedgerEvent, ControlPlane.Domain.Budgets.LedgerEffect>;

namespace ControlPlane.Simulation.Traces;

/// <summary>Serves a trace by the rules of production: the same scalers, ledgers and gateways, on virtual time, where nothing fails but spot machines.</summary>
public sealed class TraceReplay : ITraceReplay
{
    /// <summary>After the last job is done idle instances may leave for so long beyond their idle time; what stays then stays for good.</summary>
    private static readonly TimeSpan LastLeave = TimeSpan.FromHours(1);

    public TraceOutcome Run(ReplaySetup setup, Action<double>? progress = null, CancellationToken cancel = default) => new Replay(setup).Play(progress, cancel);

    private sealed class Replay
    {
        private readonly ReplaySetup _setup;
        private readonly Agenda _agenda;
        private readonly Mailbox _mail = new();
        private readonly ReplayMeter _meter;
        private readonly ReplaySampler _sampler;
        private readonly ReplayCloud _cloud;
        private readonly Dictionary<QueueName, ReplayQueue> _queues = [];
        private readonly Dictionary<QueueName, StraightScaler> _scalers = [];
        private readonly Dictionary<BudgetName, Ledger> _ledgers = [];
        private readonly Dictionary<string, Gateway> _gateways = [];

        public Replay(ReplaySetup setup)
        {
            _setup = setup;
            _agenda = new Agenda(setup.Options.Start);
            _meter = new ReplayMeter(setup.Queues.Count);
            var dice = new Dice(setup.Options.Seed);
            ulong salt = 100;
            _cloud = new ReplayCloud(setup, _agenda, _meter, _queues)
            {
                Seen = (queue, instance, machine) => Tell(queue, instance, new InstanceCommand.MachineSeen(machine)),
            };
            foreach (var (root, tree) in setup.Ledgers)
            {
                var ledger = _ledgers[new BudgetName(root)] = new Ledger(_agenda, dice.Split(salt++), new LedgerCommand.Tick(), Carry);
                ledger.Tell(new LedgerCommand.Configure(tree, 1));
            }

            foreach (var provider in setup.Configuration.Providers)
            {
                var gateway = _gateways[provider.Name] = new Gateway(_agenda, dice.Split(salt++), new GatewayCommand.Tick(), e => Carry(provider.Name, e));
                gateway.Tell(new GatewayCommand.Configure(provider, [], 1));
            }

            var paces = setup.Configuration.Sources.ToDictionary(s => s.Name, s => s.Pace);
            foreach (var spec in setup.Replayed)
            {
                var scaler = _scalers[spec.Name] = new StraightScaler(_agenda, dice.Split(salt++), e => Carry(spec.Name, e));
                _queues[spec.Name] = new ReplayQueue(spec, _queues.Count, paces[spec.Source], _agenda, dice.Split(salt++), _meter)
                {
                    Looked = look => scaler.Tell(new ScalerCommand.Observe(look)),
                };
                scaler.Tell(new ScalerCommand.Configure(spec, 1));
            }

            _sampler = new ReplaySampler(setup, _agenda.Now, _meter, Account);
        }

        public TraceOutcome Play(Action<double>? progress, CancellationToken cancel)
        {
            var jobs = _setup.Trace.Jobs;
            _cloud.Begin();
            Submit(jobs, 0, progress, cancel);
            var until = jobs.Count == 0 ? _agenda.Now : _setup.Options.Start + jobs[^1].SubmittedAt + _setup.Options.Patience;
            var allDone = false;
            _mail.Deliver();
            while (_agenda.Next is { } next && next <= until)
            {
                _sampler.TakeBefore(next);
                _agenda.Step(until);
                _mail.Deliver();
                if (_meter.DoneTasks < jobs.Count)
                    continue;
                if (_meter.Machines == 0)
                    break;
                if (!allDone)
                    until = _agenda.Now + _setup.Queues.Max(q => q.MaxIdleTime) + LastLeave;
                allDone = true;
            }

            foreach (var machine in _cloud.Living.ToArray())
            {
                machine.End(_agenda.Now, reclaimed: false);
                _meter.Ended(machine);
            }

            return Outcome();
        }

        /// <summary>Each submission puts the next on the agenda.</summary>
        private void Submit(IReadOnlyList<TraceJob> jobs, int index, Action<double>? progress, CancellationToken cancel)
        {
            if (index >= jobs.Count)
                return;
            var job = jobs[index];
            var queue = _queues[new QueueName(job.Queue)];
            _agenda.At(_setup.Options.Start + job.SubmittedAt, () =>
            {
                if (index % 256 == 0)
                {
                    cancel.ThrowIfCancellationRequested();
                    progress?.Invoke((double)index / jobs.Count);
                }

                queue.Submit(new ReplayTask($"t{index + 1}", queue.Number, job.Duration, _agenda.Now));
                Submit(jobs, index + 1, progress, cancel);
            });
        }

        private BudgetAccount? Account(BudgetName budget)
        {
            foreach (var ledger in _ledgers.Values)
            {
                if (ledger.State.Budgets.TryGetValue(budget, out var account))
                    return account;
            }

            return null;
        }

        private void Tell(QueueName queue, InstanceId instance, InstanceCommand command)
        {
            var scaler = _scalers[queue];
            _mail.Post(() => scaler.Tell(new ScalerCommand.ForInstance(instance, command)));
        }

        private void Carry(LedgerEffect effect)
        {
            if (effect is LedgerEffect.Tell e)
                Tell(e.Queue, e.Instance, new InstanceCommand.LeaseAnswered(e.Answer));
        }

        private void Carry(string provider, GatewayEffect effect)
        {
            var gateway = _gateways[provider];
            switch (effect)
            {
                case GatewayEffect.CallLaunch e:
                    _mail.Post(() => gateway.Tell(new GatewayCommand.LaunchAnswered(e.Batch.Token, _cloud.Launch(e.Batch))));
                    break;
                case GatewayEffect.CallTerminate e:
                    _mail.Post(() =>
                    {
                        foreach (var instance in e.Instances)
                            _cloud.Terminate(instance.Instance);
                        gateway.Tell(new GatewayCommand.TerminateAnswered([.. e.Instances.Select(i => new TerminateOutcome(i.Instance, null, null))]));
                    });
                    break;
                case GatewayEffect.CallSweep:
                    // Never answered: a list of all machines each few seconds would show nothing new. The cloud tells what it would have shown of the machine that changed.
                    break;
                case GatewayEffect.CallConsole:
                    // Never answered: nothing in a replay reads it.
                    break;
                case GatewayEffect.TellInstance e:
                    Tell(e.Queue, e.Instance, e.Command);
                    break;
                case GatewayEffect.TellScaler e:
                    _mail.Post(() => _scalers[e.Queue].Tell(e.Command));
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
                    _queues[queue].LookSoon();
                    break;
                case ScalerEffect.AskPolicy e:
                    _mail.Post(() => _scalers[queue].Tell(Ask(e)));
                    break;
            }
        }

        private void Carry(QueueName queue, InstanceId instance, InstanceEffect effect)
        {
            switch (effect)
            {
                case InstanceEffect.AskLedger e:
                    var ledger = _ledgers[e.Ledger];
                    _mail.Post(() => ledger.Tell(e.Command));
                    break;
                case InstanceEffect.AskGateway e:
                    var gateway = _gateways[e.Provider];
                    _mail.Post(() => gateway.Tell(e.Command));
                    break;
                case InstanceEffect.StopFeeding:
                    if (_cloud.Find(instance) is { } fed)
                        _queues[queue].StopFeeding(fed);
                    Tell(queue, instance, new InstanceCommand.FeedingStopped(true));
                    break;
                case InstanceEffect.ReturnTasks:
                    if (_cloud.Find(instance) is { } left)
                        Tell(queue, instance, new InstanceCommand.TasksReturned(_queues[queue].Requeue(left)));
                    break;
                case InstanceEffect.LookAgain:
                    _queues[queue].LookSoon();
                    break;
            }
        }

        private ScalerCommand.PolicyAnswered Ask(ScalerEffect.AskPolicy asked)
        {
            if (!_setup.Options.Plugins.TryGetValue(asked.TypeName, out var policy))
                return new(asked.AsOf, null, $"there is no plug-in policy {asked.TypeName} here");
            try
            {
                return new(asked.AsOf, policy.Advise(asked.Situation), null);
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                // A plug-in that fails gives no advice, as in production.
                return new(asked.AsOf, null, $"it failed: {fault.Message}");
            }
        }

        private TraceOutcome Outcome()
        {
            var tallies = _meter.Tallies;
            List<TimeSpan> waits = [.. tallies.SelectMany(t => t.Waits)];
            waits.Sort();
            var used = _queues.Values.Where(q => tallies[q.Number].Launches > 0 || tallies[q.Number].Waits.Count > 0 || q.Pending > 0);
            return new TraceOutcome(_setup.Name, ReplayMeter.Price(tallies.Aggregate(Int128.Zero, (sum, t) => sum + t.Bill)), waits)
            {
                Launches = tallies.Sum(t => t.Launches),
                Interruptions = tallies.Sum(t => t.Interruptions),
                PeakMachines = _meter.Peak,
                Billed = Sum(tallies, t => t.Billed),
                SlotTime = Sum(tallies, t => t.SlotTime),
                Worked = Sum(tallies, t => t.Worked),
                Lost = Sum(tallies, t => t.Lost),
                Unserved = [.. NotServed()],
                Queues = [.. used.OrderBy(q => q.Spec.Name.Value, StringComparer.Ordinal).Select(q => OfQueue(q.Spec.Name.Value, tallies[q.Number]))],
                Series = _sampler.Series(),
                Steps = _agenda.Steps,
            };
        }

        private IEnumerable<Unserved> NotServed()
        {
            var submitted = _setup.Trace.Jobs.CountBy(j => j.Queue).ToDictionary();
            foreach (var queue in _queues.Values)
            {
                var name = queue.Spec.Name.Value;
                var left = submitted.GetValueOrDefault(name) - _meter.Tallies[queue.Number].Waits.Count;
                if (left == 0)
                    continue;
                var waits = queue.Pending > 0 ? $"{Words.Count(queue.Pending, "task")} of the {left} still {(queue.Pending == 1 ? "waits" : "wait")}" : "they still run";
                yield return new Unserved(name, left, $"{waits}; {_scalers[queue.Spec.Name].State.LastDecision?.Sentence() ?? "the queue has decided nothing"}");
            }
        }

        private static QueueOutcome OfQueue(string name, ReplayMeter.Tally tally)
        {
            tally.Waits.Sort();
            return new QueueOutcome(name, ReplayMeter.Price(tally.Bill), tally.Waits)
            {
                Launches = tally.Launches,
                Interruptions = tally.Interruptions,
                PeakMachines = tally.Peak,
                SlotTime = tally.SlotTime,
                Worked = tally.Worked,
            };
        }

        private static TimeSpan Sum(IEnumerable<ReplayMeter.Tally> tallies, Func<ReplayMeter.Tally, TimeSpan> of) =>
            tallies.Aggregate(TimeSpan.Zero, (sum, t) => sum + of(t));
    }
}
