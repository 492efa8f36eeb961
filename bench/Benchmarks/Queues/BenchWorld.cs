using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Benchmarks.Queues;

/// <summary>
/// A platform and a source in memory that cost next to nothing. Each queue has the same number of tasks: a machine that is launched runs one at once and for
/// ever, and the others wait. Queues that were never seen with tasks have none.
/// </summary>
internal sealed class BenchWorld : IComputeProvider, IQueueSource, IProviderConnector, ISourceConnector, IPolicyRunner
{
    private readonly Lock _gate = new();
    private readonly Dictionary<QueueName, List<Machine>> _machines = [];
    private int _tasksEach;
    private int _queuesWithTasks;
    private Action? _onLook;
    private Changing? _changing;

    string IProviderConnector.Kind => "local";

    string ISourceConnector.Kind => "embedded";

    public int Machines { get; private set; }

    /// <summary>When the first machine of a queue was decided, by its instance's id, and when the platform was asked for it.</summary>
    public ConcurrentDictionary<string, (DateTimeOffset Decided, DateTimeOffset Asked)> LaunchedAt { get; } = [];

    /// <summary>Sets how many tasks each of the first queues has.</summary>
    /// <param name="queues">How many queues have tasks; the others have none.</param>
    /// <param name="each">Tasks, running ones included.</param>
    /// <param name="onLook">Called once, right before a look that shows it is handed over.</param>
    public void SetTasks(int queues, int each, Action? onLook = null)
    {
        lock (_gate)
        {
            _queuesWithTasks = queues;
            _tasksEach = each;
            _onLook = onLook;
        }
    }

    /// <summary>From now on each queue has a task more than it has machines, and then no longer, in turn; the changes of all are spread evenly.</summary>
    /// <param name="queues">How many queues change.</param>
    /// <param name="period">Between two changes of one queue.</param>
    /// <param name="onLook">Called right before a look is handed over, with the queues that it shows changed and the tasks that now wait there.</param>
    public void Change(int queues, TimeSpan period, Action<IReadOnlyList<(QueueName Queue, int Pending)>> onLook)
    {
        lock (_gate)
            _changing = new Changing(period, onLook, new int[queues], Stopwatch.GetTimestamp());
    }

    /// <summary>Keeps the machines, as a platform does when the control plane dies.</summary>
    public void Save(string file)
    {
        lock (_gate)
            File.WriteAllLines(file, _machines.Values.SelectMany(m => m).Select(m => $"{m.Queue} {m.Instance} {m.StartedAt!.Value.UtcTicks}"));
    }

    public void Load(string file)
    {
        foreach (var line in File.ReadLines(file))
        {
            if (line.Split(' ') is [var queue, var instance, var started])
                Add(new InstanceId(instance), new QueueName(queue), new DateTimeOffset(long.Parse(started, CultureInfo.InvariantCulture), TimeSpan.Zero));
        }
    }

    public IComputeProvider Connect(ProviderSpec spec) => this;

    public IQueueSource Connect(SourceSpec spec) => this;

    public Task<IReadOnlyList<LaunchOutcome>> LaunchAsync(LaunchBatch batch, CancellationToken cancel)
    {
        lock (_gate)
        {
            var now = DateTimeOffset.UtcNow;
            foreach (var intent in batch.Intents)
                LaunchedAt.TryAdd(intent.Queue.Value, (intent.Instance.CreatedAt, now));
            return Task.FromResult<IReadOnlyList<LaunchOutcome>>(
                [.. batch.Intents.Select(i => Add(i.Instance, i.Queue, now)).Select(m => new LaunchOutcome.Launched(m.Instance, m.NativeId, m.StartedAt!.Value))]);
        }
    }

    public Task<IReadOnlyList<TerminateOutcome>> TerminateAsync(IReadOnlyList<InstanceRef> instances, CancellationToken cancel) =>
        throw new InvalidOperationException("Nothing is ended in this benchmark: its tasks run for ever.");

    public Task<SweepOutcome> SweepAsync(CancellationToken cancel)
    {
        lock (_gate)
            return Task.FromResult<SweepOutcome>(new SweepOutcome.Complete(DateTimeOffset.UtcNow, [.. _machines.Values.SelectMany(m => m)]));
    }

    public Task<string?> ReadConsoleAsync(InstanceRef instance, int maxBytes, CancellationToken cancel) => Task.FromResult<string?>(null);

    public Task<IReadOnlyList<QueueObservation>> ObserveAsync(IReadOnlyCollection<QueueName> queues, CancellationToken cancel)
    {
        lock (_gate)
        {
            var now = DateTimeOffset.UtcNow;
            var looks = new List<QueueObservation>(queues.Count);
            List<(QueueName Queue, int Pending)> changed = [];
            foreach (var queue in queues)
            {
                var machines = _machines.GetValueOrDefault(queue) ?? [];
                var index = IndexOf(queue);
                var pending = index < _queuesWithTasks ? Math.Max(0, _tasksEach - machines.Count) : 0;
                if (_changing?.Of(index) is var (more, isNew))
                {
                    pending += more;
                    if (isNew)
                        changed.Add((queue, pending));
                }

                looks.Add(new QueueObservation(queue, now, pending, pending == 0 ? null : now - TimeSpan.FromSeconds(1), [.. machines.Select(m =>
                    new WorkerObservation(m.Instance.Value, m.Instance, [m.NativeId], now, null))]));
            }

            _onLook?.Invoke();
            _onLook = null;
            _changing?.OnLook(changed);
            return Task.FromResult<IReadOnlyList<QueueObservation>>(looks);
        }
    }

    public Task<bool> StopFeedingAsync(QueueName queue, InstanceWorkers workers, CancellationToken cancel) => Task.FromResult(true);

    public Task<RequeueResult> RequeueAsync(QueueName queue, InstanceWorkers workers, RequeueRules rules, string reason, CancellationToken cancel) => Task.FromResult(new RequeueResult([], []));

    public Task<PolicyAnswer> AskAsync(string typeName, Situation situation, CancellationToken cancel) => Task.FromResult(new PolicyAnswer(null, $"no policy {typeName}"));

    public static QueueName NameOf(int index) => new($"queue-{index:00000}");

    private static int IndexOf(QueueName queue) => int.Parse(queue.Value.AsSpan("queue-".Length), CultureInfo.InvariantCulture);

    private Machine Add(InstanceId instance, QueueName queue, DateTimeOffset started)
    {
        if (!_machines.TryGetValue(queue, out var machines))
            _machines.Add(queue, machines = []);
        if (machines.Find(m => m.Instance == instance) is { } known)
            return known;
        var machine = new Machine(instance, queue, instance.Value, MachineState.Running, started, null, MachineEnd.Requested, null);
        machines.Add(machine);
        Machines++;
        return machine;
    }

    private sealed record Changing(TimeSpan Period, Action<IReadOnlyList<(QueueName Queue, int Pending)>> OnLook, int[] Last, long Began)
    {
        /// <returns>Tasks beside those that run, and whether that differs from the last look; null for a queue that does not change.</returns>
        public (int More, bool IsNew)? Of(int index)
        {
            if (index >= Last.Length)
                return null;
            var more = (int)((Stopwatch.GetElapsedTime(Began) / Period) + ((double)index / Last.Length)) & 1;
            var isNew = more != Last[index];
            Last[index] = more;
            return (more, isNew);
        }
    }
}
