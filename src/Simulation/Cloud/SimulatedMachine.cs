using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Simulation.Cloud;

/// <summary>Why a machine really ended; the platform does not tell all of it.</summary>
public enum EndCause
{
    /// <summary>It was told to.</summary>
    Terminated,

    /// <summary>The platform took it back.</summary>
    Reclaimed,

    /// <summary>It died.</summary>
    Died,

    /// <summary>Its dead man's switch: its lease ended.</summary>
    LeaseEnded,
}

/// <summary>A machine as it truly is.</summary>
public sealed class SimulatedMachine(InstanceId instance, QueueName queue, string nativeId, string provider, Offer offer, HourlyRate rate, DateTimeOffset startedAt)
{
    public InstanceId Instance => instance;

    public QueueName Queue => queue;

    public string NativeId => nativeId;

    public string Provider => provider;

    public Offer Offer => offer;

    /// <summary>The price that is billed at first.</summary>
    public HourlyRate Rate => rate;

    /// <summary>What it is billed at from a time on; in order, without the first price.</summary>
    public IReadOnlyList<(DateTimeOffset From, HourlyRate Rate)> LaterRates { get; init; } = [];

    /// <summary>Its platform shows what it is billed at.</summary>
    public bool ShowsPrice { get; init; }

    public DateTimeOffset StartedAt => startedAt;

    /// <summary>Its template; null for a machine that is not of our making.</summary>
    public PoolSpec? Pool { get; init; }

    /// <summary>From when on lists show it.</summary>
    public DateTimeOffset VisibleAt { get; init; }

    /// <summary>A spell in which lists do not show it although it exists.</summary>
    public (DateTimeOffset From, DateTimeOffset Until) Hidden { get; init; }

    public DateTimeOffset? StoppingAt { get; set; }

    /// <summary>Known from the moment it stops on.</summary>
    public DateTimeOffset? EndsAt { get; set; }

    public EndCause Cause { get; set; }

    public DateTimeOffset? InterruptionAt { get; set; }

    /// <summary>Until when its guest knows its lease to run.</summary>
    public DateTimeOffset LeaseKnown { get; set; }

    public bool IsForeign => Pool is null;

    /// <summary>Its processes run: it was not yet told to stop.</summary>
    public bool Works => StoppingAt is null;

    public bool HasEnded(DateTimeOffset at) => EndsAt <= at;

    /// <summary>The end of the billed time as known now; <paramref name="now"/> or later.</summary>
    public DateTimeOffset BilledUntil(DateTimeOffset now)
    {
        var end = EndsAt is { } at && at < now ? at : now;
        var least = startedAt + (Pool?.Billing.Minimum ?? TimeSpan.Zero);
        return end > least ? end : least;
    }

    /// <summary>The pieces of its billed time, each with its price. After its end the last price holds, for what is billed at least.</summary>
    public IEnumerable<(DateTimeOffset From, DateTimeOffset Until, HourlyRate Rate)> Billed(DateTimeOffset now)
    {
        var until = BilledUntil(now);
        var lived = EndsAt is { } end && end < now ? end : now;
        var from = startedAt;
        var price = rate;
        foreach (var (at, next) in LaterRates.Where(r => r.From < lived))
        {
            yield return (from, at, price);
            (from, price) = (at, next);
        }

        yield return (from, until, price);
    }

    /// <summary>The highest price until then.</summary>
    public HourlyRate HighestRate(DateTimeOffset at) => LaterRates.Where(r => r.From < at && !(r.From >= EndsAt)).Select(r => r.Rate).Append(rate).Max();

    /// <summary>As a list made at that time shows it.</summary>
    public Machine Show(DateTimeOffset at)
    {
        var state = HasEnded(at) ? MachineState.Ended
            : StoppingAt <= at ? MachineState.Stopping
            : at - startedAt < TimeSpan.FromSeconds(15) ? MachineState.Pending
            : MachineState.Running;
        var end = state != MachineState.Ended ? MachineEnd.Requested : Cause switch
        {
            EndCause.Terminated => MachineEnd.Requested,
            EndCause.Reclaimed => MachineEnd.Preempted,
            EndCause.Died => MachineEnd.Requested,
            EndCause.LeaseEnded => MachineEnd.Itself,
        };
        return new Machine(instance, queue, nativeId, state, startedAt, state == MachineState.Ended ? EndsAt : null, end, InterruptionAt, ShowsPrice ? HighestRate(at) : null);
    }

    public bool IsShown(DateTimeOffset at, TimeSpan endedShownFor) =>
        VisibleAt <= at && !(Hidden.From <= at && at < Hidden.Until) && !(EndsAt + endedShownFor <= at);
}
