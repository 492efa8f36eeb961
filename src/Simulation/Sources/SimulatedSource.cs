using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;
using ControlPlane.Simulation.Cloud;
using ControlPlane.Simulation.Engine;
using ControlPlane.Simulation.Faults;
using ControlPlane.Simulation.Invariants;

namespace ControlPlane.Simulation.Sources;

/// <summary>
/// A source as it truly is: tasks, and workers that take them. Its looks are honest about when they began, but queue and workers are read at different moments, looks
/// fail and overtake each other, dead workers linger with their task, living ones may be forgotten for a while.
/// </summary>
public sealed class SimulatedSource(SourceTemper temper, Weather weather, Agenda agenda, Dice dice, Auditor auditor)
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(10);

    private readonly Dictionary<QueueName, LinkedList<SimulatedTask>> _pending = [];
    private readonly List<SimulatedWorker> _workers = [];
    private readonly HashSet<InstanceId> _stopped = [];
    private readonly List<SimulatedTask> _tasks = [];

    /// <summary>A faulty adapter, for a mutation: a repeated wish to requeue puts the tasks back again.</summary>
    public bool ForgetsRequeues { get; init; }

    public IReadOnlyList<SimulatedTask> Tasks => _tasks;

    public required Func<InstanceId, SimulatedMachine?> Machine { get; init; }

    public void Enqueue(QueueName queue, TimeSpan duration)
    {
        var task = new SimulatedTask($"t{_tasks.Count + 1}", queue, duration, agenda.Now);
        _tasks.Add(task);
        Pending(queue).AddLast(task);
        Offer(queue);
    }

    /// <summary>A machine's workers register.</summary>
    public void Register(SimulatedMachine machine)
    {
        if (!machine.Works)
            return;
        for (var slot = 0; slot < machine.Pool!.Slots; slot++)
        {
            var worker = new SimulatedWorker($"{machine.Instance}:{slot}", machine.Instance, machine.Queue, agenda.Now);
            _workers.Add(worker);
            agenda.After(dice.Between(TimeSpan.Zero, temper.WorkersPollEvery), () => Poll(worker));
        }
    }

    /// <summary>A machine's processes are gone.</summary>
    public void Die(SimulatedMachine machine)
    {
        foreach (var worker in _workers.Where(w => w.Instance == machine.Instance && w.DiedAt is null))
        {
            worker.DiedAt = agenda.Now;
            if (worker.Run is { } run)
            {
                run.InterruptedAt = agenda.Now;
                auditor.Interrupted(machine, run, temper.CanStopFeeding);
            }
        }

        agenda.After(temper.Linger, () => _workers.RemoveAll(w => w.DiedAt + temper.Linger <= agenda.Now));
    }

    /// <summary>The source forgets one of its living workers for a while.</summary>
    public void Unlist(TimeSpan time)
    {
        SimulatedWorker[] living = [.. _workers.Where(w => w.DiedAt is null)];
        if (living.Length > 0)
            living[dice.Below(living.Length)].UnlistedUntil = agenda.Now + time;
    }

    /// <summary>Looks at queues and workers. Null: the look failed.</summary>
    public void Observe(IReadOnlyCollection<QueueName> queues, Action<IReadOnlyList<QueueObservation>?> answer)
    {
        var asOf = agenda.Now;
        var time = CallTime();
        if (weather.Of<Fault.LooksFail>().Any(f => dice.Chance(f.Share)))
        {
            agenda.After(time, () => answer(null));
            return;
        }

        // Two requests: what moves from the queue to a worker between them is seen twice, or not at all.
        var workersFirst = dice.Chance(0.5);
        Dictionary<QueueName, WorkerObservation[]> workers = [];
        Dictionary<QueueName, (int Count, DateTimeOffset? Oldest)> pending = [];
        void ReadWorkers()
        {
            foreach (var queue in queues)
                workers[queue] = Workers(queue);
        }

        void ReadPending()
        {
            foreach (var queue in queues)
                pending[queue] = (Pending(queue).Count, Pending(queue).First?.Value.EnqueuedAt);
        }

        agenda.After(time / 4, workersFirst ? ReadWorkers : ReadPending);
        agenda.After(time * 3 / 4, workersFirst ? ReadPending : ReadWorkers);
        agenda.After(time, () =>
        {
            QueueObservation[] looks = [.. queues.Select(q => new QueueObservation(q, asOf, pending[q].Count, pending[q].Oldest, workers[q]))];
            foreach (var look in looks)
                auditor.Looked(look);
            answer(looks);
        });
    }

    /// <summary>No more tasks for an instance. Null: not answered, and it may or may not have taken effect.</summary>
    public void StopFeeding(InstanceId instance, Action<bool?> answer) => Request(() =>
    {
        if (temper.CanStopFeeding)
            _stopped.Add(instance);
        return temper.CanStopFeeding;
    }, answer);

    /// <summary>Puts back what an ended instance left. Null: not answered, and it may or may not have taken effect.</summary>
    public void Requeue(QueueName queue, InstanceId instance, Action<RequeueResult?> answer)
    {
        var failed = weather.Of<Fault.LooksFail>().Any(f => dice.Chance(f.Share));
        agenda.After(CallTime(), () =>
        {
            var result = failed && dice.Chance(0.5) ? null : PutBack(queue, instance);
            agenda.After(CallTime(), () => answer(failed ? null : result));
        });
    }

    private RequeueResult PutBack(QueueName queue, InstanceId instance)
    {
        if (Machine(instance) is { Works: true } machine)
        {
            // At the notice of an interruption, and only where a worker that is told that a task is no longer its own can take no other.
            if (auditor.MayReturnEarly(machine) && _stopped.Contains(instance))
                TakeAway(instance);
            else
                auditor.Violated("P3", $"the tasks of instance {instance} were put back while its machine works");
        }

        List<string> requeued = [];
        foreach (var run in _tasks.Where(t => t.DoneAt is null && t.Runs.Count > 0).Select(t => t.Runs[^1]).Where(r => r.Instance == instance && r.InterruptedAt is not null))
        {
            if (run.Requeued > 0 && !ForgetsRequeues)
                continue;
            run.Requeued++;
            if (run.Requeued > 1)
                auditor.Violated("P3", $"task {run.Task.Id} went back to its queue {run.Requeued} times for one interruption");
            Pending(queue).AddFirst(run.Task);
            requeued.Add(run.Task.Id);
        }

        Offer(queue);
        return new RequeueResult(requeued, []);
    }

    /// <summary>The workers of an instance that still runs must end what they do: it is no longer theirs.</summary>
    private void TakeAway(InstanceId instance)
    {
        foreach (var worker in _workers.Where(w => w.Instance == instance && w.DiedAt is null && w.Run is not null))
        {
            worker.Run!.InterruptedAt = agenda.Now;
            worker.Run = null;
        }
    }

    private void Request(Func<bool> effect, Action<bool?> answer)
    {
        var failed = weather.Of<Fault.LooksFail>().Any(f => dice.Chance(f.Share));
        agenda.After(CallTime(), () =>
        {
            bool? result = failed && dice.Chance(0.5) ? null : effect();
            agenda.After(CallTime(), () => answer(failed ? null : result));
        });
    }

    private TimeSpan CallTime()
    {
        var most = TimeSpan.FromMilliseconds(300);
        foreach (var slow in weather.Of<Fault.SlowSource>())
            most = slow.Most > most ? slow.Most : most;
        return dice.Between(TimeSpan.FromMilliseconds(5), most);
    }

    private LinkedList<SimulatedTask> Pending(QueueName queue)
    {
        if (!_pending.TryGetValue(queue, out var pending))
            _pending[queue] = pending = new();
        return pending;
    }

    private void Offer(QueueName queue)
    {
        foreach (var worker in _workers.Where(w => w.Queue == queue && w.DiedAt is null && w.Run is null))
            agenda.After(dice.Between(TimeSpan.Zero, temper.WorkersPollEvery), () => Poll(worker));
    }

    private void Poll(SimulatedWorker worker)
    {
        if (worker.DiedAt is not null || worker.Run is not null || _stopped.Contains(worker.Instance) || Pending(worker.Queue).First is not { } first)
            return;
        Pending(worker.Queue).RemoveFirst();
        var run = worker.Run = first.Value.Run(worker.Instance, agenda.Now, worker.RegisteredAt);
        worker.LastActivity = agenda.Now;
        agenda.After(run.Task.Duration, () =>
        {
            if (worker.DiedAt is not null || worker.Run != run)
                return;
            if (run.Task.DoneAt is not null)
                auditor.Violated("P3", $"task {run.Task.Id} was done twice");
            run.Task.DoneAt = agenda.Now;
            worker.Run = null;
            worker.LastActivity = agenda.Now;
            Poll(worker);
        });
    }

    private WorkerObservation[] Workers(QueueName queue) =>
    [
        .. _workers.Where(w => w.Queue == queue && w.UnlistedUntil <= agenda.Now && !(w.DiedAt + temper.Linger <= agenda.Now)).Select(w => new WorkerObservation(
            w.Name,
            w.Instance,
            w.Run is { } run ? [run.Task.Id] : [],
            w.DiedAt ?? new DateTimeOffset(agenda.Now.UtcTicks - (agenda.Now.UtcTicks % ReportEvery.Ticks), TimeSpan.Zero),
            temper.ReportsActivity ? (w is { Run: not null, DiedAt: null } ? agenda.Now : w.LastActivity) : null)),
    ];
}
