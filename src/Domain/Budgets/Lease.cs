using System.Text.Json.Serialization;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Budgets;

/// <summary>What an instance asks of its ledger before it is launched. The lease's id is the instance's.</summary>
/// <param name="Lease">The instance.</param>
/// <param name="Queue">Its queue, to which the answer goes.</param>
/// <param name="Pool">Its pool, for the reader of the entries.</param>
/// <param name="Budget">The budget that pays; all its ancestors must have room too.</param>
/// <param name="WorstRate">The highest price that it may come to: on demand, even for spot.</param>
/// <param name="Length">How much time one lease prepays.</param>
/// <param name="Gpus">GPUs of the instance.</param>
/// <param name="Priority">Who is served first when money is short: higher first.</param>
public sealed record LeaseRequest(
    InstanceId Lease, QueueName Queue, string Pool, BudgetName Budget, HourlyRate WorstRate, TimeSpan Length, int Gpus, int Priority);

/// <summary>
/// The prepaid right of one instance to run until a time. The hold is <see cref="LeaseRequest.WorstRate"/> over [<see cref="HeldFrom"/>, <see cref="Until"/>);
/// what lies before is posted as spent.
/// </summary>
/// <param name="Terms">What was asked.</param>
/// <param name="HeldFrom">From when on money is held for it.</param>
/// <param name="Until">The end of the prepaid time.</param>
/// <param name="Posted">What was posted as spent so far.</param>
/// <param name="LastFrom">Start of the last stretch of time that was posted.</param>
/// <param name="LastRate">The price at which it was posted.</param>
public sealed record Lease(
    LeaseRequest Terms, DateTimeOffset HeldFrom, DateTimeOffset Until, Money Posted, DateTimeOffset LastFrom, HourlyRate LastRate)
{
    [JsonIgnore]
    public InstanceId Id => Terms.Lease;
}

/// <summary>A renewal as it was asked for.</summary>
/// <param name="KnownUntil">The end that the asker knew of: a repeated question is recognised by it.</param>
/// <param name="StartedAt">From when on the machine is billed; null while that is not known.</param>
/// <param name="Rate">The price that was seen.</param>
/// <param name="PostUntil">Up to when that price is known; null: it does not move.</param>
public sealed record RenewalWish(
    DateTimeOffset KnownUntil, DateTimeOffset? StartedAt, HourlyRate Rate,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? PostUntil = null);

/// <summary>A renewal that was denied and waits for money.</summary>
public sealed record StalledRenewal(RenewalWish Wish, Denial Denial);

/// <summary>A request that was denied and waits for money, in the order of priority, then of arrival.</summary>
/// <param name="Request">What was asked.</param>
/// <param name="Ticket">Its place in the order of arrival.</param>
/// <param name="Denial">Why it has to wait.</param>
public sealed record Waiter(LeaseRequest Request, long Ticket, Denial Denial);

/// <summary>Which limit was in the way.</summary>
public enum LimitKind
{
    Money,
    Instances,
    Gpus,

    /// <summary>None of its own: others came before, are at least as important, and wait for the same budget.</summary>
    Line,
}

/// <summary>Why a budget said no.</summary>
/// <param name="Budget">The budget whose limit was in the way.</param>
/// <param name="Kind">Which of its limits.</param>
/// <param name="Limit">That limit: micro-dollars or a count.</param>
/// <param name="InUse">What was spent and held, or counted, before the request.</param>
/// <param name="Asked">What the request would add.</param>
/// <param name="WindowEnds">When the window ends and money comes free by itself; null for counts and totals.</param>
public sealed record Denial(BudgetName Budget, LimitKind Kind, long Limit, long InUse, long Asked, DateTimeOffset? WindowEnds)
{
    /// <summary>The sentence an operator reads.</summary>
    [JsonIgnore]
    public string Sentence => Kind switch
    {
        LimitKind.Money => $"budget {Budget} has {new Money(Math.Max(0, Limit - InUse))} left of {new Money(Limit)} and the lease needs {new Money(Asked)}"
            + (WindowEnds is { } end ? $"; its window ends {end:yyyy-MM-dd HH:mm} UTC" : ""),
        LimitKind.Instances => $"budget {Budget} allows {Limit} instances and has {InUse}",
        LimitKind.Line => $"others stand in line before it for budget {Budget}",
        LimitKind.Gpus => $"budget {Budget} allows {Limit} GPUs, has {InUse} in use, and {Asked} are asked for",
    };
}

/// <summary>One line of the ledger: what one event did to one window of one budget.</summary>
/// <param name="Budget">The budget.</param>
/// <param name="Window">The window's start, UTC.</param>
/// <param name="Held">Change of what is held.</param>
/// <param name="Spent">Change of what is spent.</param>
/// <param name="HeldAfter">Balance after the line.</param>
/// <param name="SpentAfter">Balance after the line.</param>
public sealed record Posting(BudgetName Budget, DateTimeOffset Window, Money Held, Money Spent, Money HeldAfter, Money SpentAfter);
