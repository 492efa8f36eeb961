using System.Collections.Concurrent;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Actors.Tests.WholeNode;

/// <summary>A cloud and a source in memory that outlive the node: machines boot at once, and each takes a task when it is asked to.</summary>
internal sealed class FakeWorld : IComputeProvider, IAdoptingProvider, IQueueSource, IProviderConnector, ISourceConnector, IPolicyRunner
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, (QueueName Queue, DateTimeOffset At, string? Owner)> tasks = [];

    public ConcurrentDictionary<InstanceId, Machine> Machines { get; } = new();

    public ConcurrentBag<InstanceId> Launches { get; } = [];

    /// <summary>Machines run, and their workers do not register.</summary>
    public bool Silent { get; set; }

    /// <summary>How many of the next launches answer that their result is not known, although they took effect.</summary>
    public int LostAnswers { get; set; }

    string IProviderConnector.Kind => "local";

    string ISourceConnector.Kind => "embedded";

    public IComputeProvider Connect(ProviderSpec spec) => this;

    public IQueueSource Connect(SourceSpec spec) => this;

    public void Submit(string queue, int count)
    {
        lock (gate)
        {
            for (var i = 0; i < count; i++)
                tasks.Add($"{queue}-{tasks.Count}", (new QueueName(queue), DateTimeOffset.UtcNow, null));
        }
    }

    /// <summary>Idle machines take waiting tasks.</summary>
    public void Pick()
    {
        lock (gate)
        {
            foreach (var (id, task) in tasks.Where(t => t.Value.Owner is null).ToArray())
            {
                var free = Machines.Values.FirstOrDefault(m => m.State == MachineState.Running && m.Queue == task.Queue && tasks.Values.All(t => t.Owner != m.Instance.Value));
                if (free is not null)
                    tasks[id] = task with { Owner = free.Instance.Value };
            }
        }
    }

    /// <summary>All running tasks end.</summary>
    public void Finish()
    {
        lock (gate)
        {
            foreach (var (id, _) in tasks.Where(t => t.Value.Owner is not null).ToArray())
                tasks.Remove(id);
        }
    }

    /// <summary>Machines of another autoscaler: by the platform's id, the queue that they serve and the name of their worker.</summary>
    public ConcurrentDictionary<string, (QueueName Queue, string Worker)> Foreign { get; } = new();

    public Task<IReadOnlyList<LaunchOutcome>> AdoptAsync(LaunchBatch batch, CancellationToken cancel)
    {
        lock (gate)
        {
            List<LaunchOutcome> outcomes = [];
            foreach (var intent in batch.Intents)
            {
                if (intent.Adopts is not { } native || !Foreign.ContainsKey(native))
                {
                    outcomes.Add(new LaunchOutcome.Failed(intent.Instance, ProviderFault.Misconfigured, "there is no such machine"));
                    continue;
                }

                var machine = Machines.GetOrAdd(intent.Instance, id => new Machine(
                    id, intent.Queue, native, MachineState.Running, DateTimeOffset.UtcNow.AddDays(-10), null, MachineEnd.Requested, null));
                outcomes.Add(new LaunchOutcome.Launched(intent.Instance, native, machine.StartedAt!.Value));
            }

            return Task.FromResult<IReadOnlyList<LaunchOutcome>>(outcomes);
        }
    }

    public int Living => Machines.Values.Count(m => m.State == MachineState.Running);

    public Task<IReadOnlyList<LaunchOutcome>> LaunchAsync(LaunchBatch batch, CancellationToken cancel)
    {
        lock (gate)
        {
            List<LaunchOutcome> outcomes = [];
            foreach (var intent in batch.Intents)
            {
                Launches.Add(intent.Instance);
                var machine = Machines.GetOrAdd(intent.Instance, id => new Machine(
                    id, intent.Queue, $"m-{id.Value[^4..]}", MachineState.Running, DateTimeOffset.UtcNow, null, MachineEnd.Requested, null));
                outcomes.Add(LostAnswers-- > 0
                    ? new LaunchOutcome.Failed(intent.Instance, ProviderFault.Indeterminate, "the answer was lost")
                    : new LaunchOutcome.Launched(intent.Instance, machine.NativeId, machine.StartedAt!.Value));
            }

            return Task.FromResult<IReadOnlyList<LaunchOutcome>>(outcomes);
        }
    }

    public Task<IReadOnlyList<TerminateOutcome>> TerminateAsync(IReadOnlyList<InstanceRef> instances, CancellationToken cancel)
    {
        foreach (var instance in instances)
        {
            if (Machines.TryGetValue(instance.Instance, out var machine) && machine.State != MachineState.Ended)
                Machines[instance.Instance] = machine with { State = MachineState.Ended, EndedAt = DateTimeOffset.UtcNow };
        }

        return Task.FromResult<IReadOnlyList<TerminateOutcome>>([.. instances.Select(i => new TerminateOutcome(i.Instance, null, null))]);
    }

    public Task<SweepOutcome> SweepAsync(CancellationToken cancel) =>
        Task.FromResult<SweepOutcome>(new SweepOutcome.Complete(DateTimeOffset.UtcNow, [.. Machines.Values]));

    public Task<string?> ReadConsoleAsync(InstanceRef instance, int maxBytes, CancellationToken cancel) => Task.FromResult<string?>(null);

    public Task<IReadOnlyList<QueueObservation>> ObserveAsync(IReadOnlyCollection<QueueName> queues, CancellationToken cancel)
    {
        lock (gate)
        {
            var now = DateTimeOffset.UtcNow;
            return Task.FromResult<IReadOnlyList<QueueObservation>>([.. queues.Select(q =>
            {
                var waiting = tasks.Values.Where(t => t.Queue == q && t.Owner is null).ToArray();
                var workers = Machines.Values.Where(m => m.Queue == q && m.State == MachineState.Running && !Silent).OrderBy(m => m.Instance).Select(m => new WorkerObservation(
                    m.Instance.Value, m.Instance, [.. tasks.Where(t => t.Value.Owner == m.Instance.Value).Select(t => t.Key)], now, null))
                    .Concat(Foreign.Where(f => f.Value.Queue == q && Machines.Values.All(m => m.NativeId != f.Key || m.State == MachineState.Running))
                        .OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => new WorkerObservation(f.Value.Worker, null, [], now, null, f.Key))).ToArray();
                return new QueueObservation(q, now, waiting.Length, waiting.Length == 0 ? null : waiting.Min(t => t.At), workers);
            })]);
        }
    }

    public Task<bool> StopFeedingAsync(QueueName queue, InstanceWorkers workers, CancellationToken cancel) => Task.FromResult(true);

    public Task<RequeueResult> RequeueAsync(QueueName queue, InstanceWorkers workers, RequeueRules rules, string reason, CancellationToken cancel)
    {
        lock (gate)
        {
            var left = tasks.Where(t => t.Value.Owner == workers.Machine.Instance.Value).Select(t => t.Key).ToArray();
            foreach (var id in left)
                tasks[id] = tasks[id] with { Owner = null };
            return Task.FromResult(new RequeueResult(left, []));
        }
    }

    public Task<PolicyAnswer> AskAsync(string typeName, Situation situation, CancellationToken cancel) =>
        Task.FromResult(new PolicyAnswer(null, $"no policy {typeName}"));
}
