using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;
using ControlPlane.Domain.Sources;
using ControlPlane.Simulation.Engine;

namespace ControlPlane.Simulation.Traces;

/// <summary>
/// One queue of the simulated source: first come, first served; a free worker takes the next task at once, and which of several is chance. A look is told when something
/// has changed, at the next time of the source's pace; a queue whose policy looks at the clock is told every minute too while it has tasks or workers, as the watcher does.
/// </summary>
internal sealed class ReplayQueue(QueueSpec spec, int number, TimeSpan pace, Agenda agenda, Dice dice, ReplayMeter meter)
{
    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(1);

    private readonly LinkedList<ReplayTask> _pending = new();
    private readonly List<ReplayWorker> _workers = [];
    private readonly List<ReplayWorker> _free = [];
    private readonly DateTimeOffset _start = agenda.Now;
    private DateTimeOffset _lookAt = DateTimeOffset.MaxValue;

    public QueueSpec Spec => spec;

    public int Number => number;

    public int Pending => _pending.Count;

    /// <summary>Told of each look.</summary>
    public required Action<QueueObservation> Looked { get; init; }

    private bool LooksAtTheClock => spec.Policy is not PolicySpec.PerTask;

    public void Submit(ReplayTask task)
    {
        _pending.AddLast(task);
        meter.Pending++;
        Changed();
    }

    /// <summary>A machine's workers register.</summary>
    public void Register(ReplayMachine machine)
    {
        if (!machine.Works)
            return;
        meter.Registered(machine);
        for (var slot = 0; slot < machine.Pool.Slots; slot++)
        {
            var worker = new ReplayWorker($"{machine.Instance.Value}:{slot}", machine);
            machine.Workers.Add(worker);
            _workers.Add(worker);
            if (!machine.FeedingStopped)
                Free(worker);
        }

        Changed();
    }

    /// <summary>A machine's processes are gone; its tasks stay with it until they are put back.</summary>
    public void Die(ReplayMachine machine)
    {
        foreach (var worker in machine.Workers)
        {
            _workers.Remove(worker);
            Take(worker);
            if (worker.Task is not { } task)
                continue;
            machine.Left.Add(task);
            meter.Interrupted(machine, task, agenda.Now);
        }

        machine.Workers.Clear();
        Changed();
    }

    public void StopFeeding(ReplayMachine machine)
    {
        machine.FeedingStopped = true;
        foreach (var worker in machine.Workers)
            Take(worker);
    }

    /// <summary>Puts the tasks that a machine left back to the front, once.</summary>
    public RequeueResult Requeue(ReplayMachine machine)
    {
        string[] requeued = [.. machine.Left.Select(t => t.Id)];
        for (var i = machine.Left.Count - 1; i >= 0; i--)
            _pending.AddFirst(machine.Left[i]);
        meter.Pending += requeued.Length;
        machine.Left.Clear();
        if (requeued.Length > 0)
            Changed();
        return new RequeueResult(requeued, []);
    }

    /// <summary>Tells of a look at the next time of the pace, which lies after now.</summary>
    public void LookSoon() => LookAt(agenda.Now + TimeSpan.FromTicks(1));

    private void Changed()
    {
        while (_free.Count > 0 && _pending.First is { } first)
        {
            _pending.RemoveFirst();
            meter.Pending--;
            var worker = _free[_free.Count == 1 ? 0 : dice.Below(_free.Count)];
            Take(worker);
            Run(worker, first.Value);
        }

        LookSoon();
    }

    private void Run(ReplayWorker worker, ReplayTask task)
    {
        task.StartedAt = agenda.Now;
        worker.Take(task);
        meter.Started(worker.Machine);
        agenda.After(task.Duration, () =>
        {
            if (worker.Task != task || !worker.Machine.Works)
                return;
            worker.Finish(agenda.Now);
            meter.Done(worker.Machine, task, agenda.Now);
            if (!worker.Machine.FeedingStopped)
                Free(worker);
            Changed();
        });
    }

    private void Free(ReplayWorker worker)
    {
        worker.FreeAt = _free.Count;
        _free.Add(worker);
    }

    /// <summary>It is no longer free; the last takes its place.</summary>
    private void Take(ReplayWorker worker)
    {
        if (worker.FreeAt < 0)
            return;
        var last = _free[^1];
        _free[worker.FreeAt] = last;
        last.FreeAt = worker.FreeAt;
        _free.RemoveAt(_free.Count - 1);
        worker.FreeAt = -1;
    }

    private void LookAt(DateTimeOffset earliest)
    {
        var paces = ((earliest - _start).Ticks + pace.Ticks - 1) / pace.Ticks;
        var at = _start + (pace * paces);
        if (at >= _lookAt)
            return;
        _lookAt = at;
        agenda.At(at, () =>
        {
            if (_lookAt == at)
                Look();
        });
    }

    private void Look()
    {
        _lookAt = DateTimeOffset.MaxValue;
        var workers = new WorkerObservation[_workers.Count];
        for (var i = 0; i < workers.Length; i++)
            workers[i] = _workers[i].Seen;
        Looked(new QueueObservation(spec.Name, agenda.Now, _pending.Count, _pending.First?.Value.SubmittedAt, workers));
        if (LooksAtTheClock && (_pending.Count > 0 || _workers.Count > 0))
            LookAt(agenda.Now + LongestSilence);
    }
}
