using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Simulation.Traces;

/// <summary>A job on its way through a replay.</summary>
internal sealed class ReplayTask(string id, int queue, TimeSpan duration, DateTimeOffset submittedAt)
{
    public string Id => id;

    public int Queue => queue;

    public TimeSpan Duration => duration;

    public DateTimeOffset SubmittedAt => submittedAt;

    public DateTimeOffset StartedAt { get; set; }
}

/// <summary>A machine with its bill.</summary>
internal sealed class ReplayMachine(InstanceId instance, int queue, QueueName queueName, string nativeId, PoolSpec pool, Offer offer, DateTimeOffset startedAt, HourlyRate rate)
{
    private Int128 _bill;
    private DateTimeOffset _billedFrom = startedAt;
    private HourlyRate _rate = rate;

    public InstanceId Instance => instance;

    public int Queue => queue;

    public PoolSpec Pool => pool;

    public Offer Offer => offer;

    public DateTimeOffset StartedAt { get; } = startedAt;

    public DateTimeOffset? EndedAt { get; private set; }

    public DateTimeOffset? InterruptionAt { get; set; }

    /// <summary>Its workers, once they have registered.</summary>
    public List<ReplayWorker> Workers { get; } = [];

    /// <summary>Tasks that it left, to be put back.</summary>
    public List<ReplayTask> Left { get; } = [];

    public int BusySlots { get; set; }

    /// <summary>Its workers are given no more tasks.</summary>
    public bool FeedingStopped { get; set; }

    public bool Works => EndedAt is null;

    /// <summary>The platform took it back.</summary>
    public bool Reclaimed { get; private set; }

    public bool Registered { get; set; }

    public TimeSpan Billed { get; private set; }

    /// <summary>Micro-dollars an hour times ticks.</summary>
    public Int128 Bill => _bill;

    /// <summary>From now on another price holds.</summary>
    public void Reprice(HourlyRate to, DateTimeOffset now)
    {
        Charge(now);
        _rate = to;
    }

    /// <summary>It ends: the rest of its bill, by whole seconds, and for the minimum at least.</summary>
    public void End(DateTimeOffset now, bool reclaimed)
    {
        EndedAt = now;
        Reclaimed = reclaimed;
        var ran = now - StartedAt;
        var seconds = TimeSpan.FromTicks((ran.Ticks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond);
        Billed = seconds > pool.Billing.Minimum ? seconds : pool.Billing.Minimum;
        Charge(StartedAt + Billed);
    }

    /// <summary>As a list shows it.</summary>
    public Machine Show() => new(
        instance, queueName, nativeId, Works ? MachineState.Running : MachineState.Ended, StartedAt, EndedAt, Reclaimed ? MachineEnd.Preempted : MachineEnd.Requested, InterruptionAt);

    private void Charge(DateTimeOffset until)
    {
        if (until <= _billedFrom)
            return;
        _bill += (Int128)_rate.MicrosPerHour * (until - _billedFrom).Ticks;
        _billedFrom = until;
    }
}

/// <summary>A worker process: takes one task at a time.</summary>
internal sealed class ReplayWorker
{
    /// <summary>A living worker reports without pause, so that no look ever finds it silent.</summary>
    private static readonly DateTimeOffset Always = DateTimeOffset.MaxValue;

    private readonly string _name;

    public ReplayWorker(string name, ReplayMachine machine)
    {
        (_name, Machine) = (name, machine);
        Seen = new WorkerObservation(name, machine.Instance, [], Always, null);
    }

    public ReplayMachine Machine { get; }

    public ReplayTask? Task { get; private set; }

    /// <summary>As the source lists it now.</summary>
    public WorkerObservation Seen { get; private set; }

    /// <summary>Its place among the free workers of its queue; -1 if it is not among them.</summary>
    public int FreeAt { get; set; } = -1;

    public void Take(ReplayTask task)
    {
        Task = task;
        Seen = new WorkerObservation(_name, Machine.Instance, [task.Id], Always, null);
    }

    public void Finish(DateTimeOffset now)
    {
        Task = null;
        Seen = new WorkerObservation(_name, Machine.Instance, [], Always, now);
    }
}
