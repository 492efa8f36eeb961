using ControlPlane.Domain.Pricing;
using ControlPlane.Simulation.Engine;

namespace ControlPlane.Simulation.Traces;

/// <summary>
/// A yardstick: what the autoscaler class of ClearML's SDK makes of a trace. Every poll it looks at queues and workers, launches a machine for each waiting
/// task that no idle or booting machine of the queue's resources will take, and ends machines that were idle for too long and that no waiting task may need.
/// Between polls it does nothing; the workers pull tasks on their own, first come, first served.
/// </summary>
public sealed class ClearMlModel
{
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(15);

    private readonly ClearMlSettings _settings;
    private readonly Dice _dice;
    private readonly PriorityQueue<Action, (long Ticks, long Number)> _agenda = new();
    private readonly SortedDictionary<string, Queue> _queues = new(StringComparer.Ordinal);
    private readonly List<TimeSpan> _waits = [];
    private TimeSpan _now;
    private long _number;
    private int _unfinished;
    private int _machines;
    private int _living;
    private int _mostAtOnce;
    private int _killed;
    private int _polls;
    private Int128 _cost;

    private ClearMlModel(ClearMlSettings settings)
    {
        _settings = settings;
        _dice = new Dice(settings.Seed);
    }

    /// <summary>Plays the whole trace, until every job is done or killed and every machine is gone.</summary>
    /// <exception cref="ArgumentException">A queue has no resource with room for a machine, so that its jobs would wait for ever.</exception>
    public static ClearMlOutcome Run(JobTrace trace, ClearMlSettings settings)
    {
        var model = new ClearMlModel(settings);
        model.Play(trace);
        model._waits.Sort();
        var cost = new Money((long)((model._cost + TimeSpan.TicksPerHour - 1) / TimeSpan.TicksPerHour));
        var name = settings.Faults == ClearMlFaults.None ? "ClearML as meant" : "ClearML";
        return new ClearMlOutcome(new TraceOutcome(name, cost, model._waits), model._machines, model._killed, model._mostAtOnce);
    }

    private void Play(JobTrace trace)
    {
        if (trace.Jobs.Count == 0)
            return;
        foreach (var job in trace.Jobs)
        {
            if (!_queues.TryGetValue(job.Queue, out var queue))
            {
                var resources = _settings.Resources(job.Queue);
                if (resources.All(r => r.Most < 1))
                    throw new ArgumentException($"Queue {job.Queue} has no resource that may have a machine.", nameof(trace));
                _queues[job.Queue] = queue = new Queue(resources);
            }

            At(job.SubmittedAt, () => Submit(queue, job));
        }

        // The trace begins at some moment between two polls.
        _unfinished = trace.Jobs.Count;
        At(trace.Jobs[0].SubmittedAt + (_settings.Poll * _dice.Unit()), Poll);
        while (_agenda.TryDequeue(out var happens, out var at))
        {
            _now = TimeSpan.FromTicks(at.Ticks);
            happens();
        }
    }

    private void At(TimeSpan time, Action happens) => _agenda.Enqueue(happens, (time.Ticks, _number++));

    private void Submit(Queue queue, TraceJob job)
    {
        queue.Waiting.Enqueue(job);
        var free = queue.Machines.Count(m => m.IsFree);
        if (free > 0)
            Take(queue.Machines.Where(m => m.IsFree).ElementAt(_dice.Below(free)));
    }

    private void Take(Machine machine)
    {
        if (!machine.IsFree || !machine.Queue.Waiting.TryDequeue(out var job))
            return;
        machine.Job = job;
        _waits.Add(_now - job.SubmittedAt);
        At(_now + job.Duration, () =>
        {
            // A killed machine's task does not end.
            if (machine.Job != job || machine.EndedAt is not null)
                return;
            machine.Job = null;
            machine.IdleSince = _now;
            _unfinished--;
            Take(machine);
        });
    }

    private void Poll()
    {
        if (_unfinished == 0 && _living == 0)
            return;
        _polls++;
        if (_settings.PollsToAFailure > 0 && _polls % _settings.PollsToAFailure == 0)
        {
            if (_settings.Faults.HasFlag(ClearMlFaults.FailedPollForgets))
            {
                foreach (var machine in _queues.Values.SelectMany(q => q.Machines))
                    machine.SeenIdleAt = machine.SpunAt = null;
            }

            At(_now + AfterFailure, Poll);
            return;
        }

        foreach (var machine in _queues.Values.SelectMany(q => q.Machines))
            Look(machine);
        var end = _now + (_settings.RequestTime * (2 + _queues.Count));
        HashSet<(Queue, string)> mayBeNeeded = [];
        List<(Queue Queue, ClearMlResource Resource)> launches = [];
        foreach (var queue in _queues.Values.Where(q => q.Waiting.Count > 0))
            Allocate(queue, launches, mayBeNeeded);
        Machine[] idle = [.. _queues.Values.SelectMany(q => q.Machines)
            .Where(m => m.SeenIdleAt is { } since && _now - since >= _settings.MaxIdle && !mayBeNeeded.Contains((m.Queue, m.Resource.Name)))];
        foreach (var (queue, resource) in launches)
        {
            At(end, () => Launch(queue, resource));
            end += _settings.LaunchTime;
        }

        foreach (var machine in idle)
            At(end, () => Terminate(machine));
        At(end + _settings.Poll, Poll);
    }

    /// <summary>What this poll makes of one machine: whether it boots, is idle and since when.</summary>
    private void Look(Machine machine)
    {
        if (machine.IsRegistered || _now - machine.SpunAt > _settings.MaxSpinUp)
            machine.SpunAt = null;
        if (!machine.IsFree)
            machine.SeenIdleAt = null;
        else if (_settings.Faults.HasFlag(ClearMlFaults.ShortTasksUnseen))
            machine.SeenIdleAt ??= _now;
        else
            machine.SeenIdleAt = machine.IdleSince;
    }

    private void Allocate(Queue queue, List<(Queue, ClearMlResource)> launches, HashSet<(Queue, string)> mayBeNeeded)
    {
        Machine[] coming = [.. queue.Machines.Where(m => m.SeenIdleAt is not null || m.SpunAt is not null)];
        foreach (var machine in coming)
            mayBeNeeded.Add((queue, machine.Resource.Name));
        var need = queue.Waiting.Count - coming.Length;
        var chosen = 0;
        foreach (var resource in queue.Resources)
        {
            if (chosen >= need)
                break;
            var room = resource.Most - queue.Machines.Count(m => m.Resource == resource && (m.IsRegistered || m.SpunAt is not null));
            var count = Math.Max(0, Math.Min(room, _settings.Faults.HasFlag(ClearMlFaults.NeedOfEachResource) ? need : need - chosen));
            for (var i = 0; i < count; i++)
                launches.Add((queue, resource));
            chosen += count;
        }
    }

    private void Launch(Queue queue, ClearMlResource resource)
    {
        var machine = new Machine(queue, resource, _now) { SpunAt = _now };
        queue.Machines.Add(machine);
        _mostAtOnce = Math.Max(_mostAtOnce, ++_living);
        At(_now + _settings.BootTime(_machines++), () =>
        {
            machine.IsRegistered = true;
            machine.IdleSince = _now;
            Take(machine);
        });
    }

    private void Terminate(Machine machine)
    {
        if (machine.Job is not null)
        {
            if (!_settings.Faults.HasFlag(ClearMlFaults.TerminateKills))
                return;
            _killed++;
            _unfinished--;
        }

        machine.EndedAt = _now;
        machine.Queue.Machines.Remove(machine);
        _living--;
        var start = DateTimeOffset.UnixEpoch + machine.LaunchedAt;
        var billing = machine.Resource.Billing ?? _settings.Billing;
        _cost += (Int128)(machine.Resource.Rate ?? _settings.Rate).MicrosPerHour * (billing.BilledEnd(start, DateTimeOffset.UnixEpoch + _now) - start).Ticks;
    }

    private sealed class Queue(IReadOnlyList<ClearMlResource> resources)
    {
        public IReadOnlyList<ClearMlResource> Resources => resources;

        public Queue<TraceJob> Waiting { get; } = new();

        public List<Machine> Machines { get; } = [];
    }

    private sealed class Machine(Queue queue, ClearMlResource resource, TimeSpan launchedAt)
    {
        public Queue Queue => queue;

        public ClearMlResource Resource => resource;

        public TimeSpan LaunchedAt => launchedAt;

        public TimeSpan IdleSince { get; set; }

        /// <summary>What the scaler believes: idle since then, whatever was between two polls. Null: busy, or not seen.</summary>
        public TimeSpan? SeenIdleAt { get; set; }

        /// <summary>What the scaler believes: launched then and not yet registered. Null: registered, or forgotten.</summary>
        public TimeSpan? SpunAt { get; set; }

        public bool IsRegistered { get; set; }

        public TraceJob? Job { get; set; }

        public TimeSpan? EndedAt { get; set; }

        public bool IsFree => IsRegistered && Job is null && EndedAt is null;
    }
}
