using ControlPlane.Domain.Pricing;

namespace ControlPlane.Simulation.Traces;

/// <summary>What serving a trace costs, and how long its jobs wait.</summary>
/// <param name="Name">The policy, or the configuration.</param>
/// <param name="Cost">What the machines are billed.</param>
/// <param name="Waits">
/// The wait of each job that was served, ascending: the time from its submission to its end that it did not run for good. What an interruption lost counts as waiting.
/// </param>
public sealed record TraceOutcome(string Name, Money Cost, IReadOnlyList<TimeSpan> Waits)
{
    public TimeSpan MeanWait => Waits.Count == 0 ? TimeSpan.Zero : TimeSpan.FromTicks((long)Waits.Average(w => w.Ticks));

    /// <summary>Machines that were started.</summary>
    public int Launches { get; init; }

    /// <summary>Tasks whose machine went away under them.</summary>
    public int Interruptions { get; init; }

    /// <summary>Most machines at a time.</summary>
    public int PeakMachines { get; init; }

    /// <summary>The time that is billed, of all machines together.</summary>
    public TimeSpan Billed { get; init; }

    /// <summary>The time that their slots were there, from the start of a machine to its end.</summary>
    public TimeSpan SlotTime { get; init; }

    /// <summary>The time that jobs ran for good.</summary>
    public TimeSpan Worked { get; init; }

    /// <summary>The time that jobs ran in vain.</summary>
    public TimeSpan Lost { get; init; }

    /// <summary>The share of the slots' time in which a job ran for good, 0 to 1; null if nothing is known of machines.</summary>
    public double? Utilisation => SlotTime > TimeSpan.Zero ? Worked / SlotTime : null;

    /// <summary>Jobs that were not served, with the reason; none in a run that came to its end.</summary>
    public IReadOnlyList<Unserved> Unserved { get; init; } = [];

    /// <summary>By queue, in the order of their names; empty for yardsticks that have no queues.</summary>
    public IReadOnlyList<QueueOutcome> Queues { get; init; } = [];

    /// <summary>How it went over time; null if that was not kept.</summary>
    public TraceSeries? Series { get; init; }

    /// <summary>Things that happened in the run; 0 for yardsticks that are computed.</summary>
    public long Steps { get; init; }

    /// <summary>The shortest wait that at least this share of the jobs does not exceed.</summary>
    public TimeSpan WaitOf(double share) => Share(Waits, share);

    internal static TimeSpan Share(IReadOnlyList<TimeSpan> ascending, double share) =>
        ascending.Count == 0 ? TimeSpan.Zero : ascending[Math.Clamp((int)Math.Ceiling(share * ascending.Count) - 1, 0, ascending.Count - 1)];
}

/// <summary>One queue's part of an outcome.</summary>
/// <param name="Queue">Its name.</param>
/// <param name="Cost">What its machines are billed.</param>
/// <param name="Waits">The waits of its jobs, ascending.</param>
public sealed record QueueOutcome(string Queue, Money Cost, IReadOnlyList<TimeSpan> Waits)
{
    public int Launches { get; init; }

    public int Interruptions { get; init; }

    public int PeakMachines { get; init; }

    public TimeSpan SlotTime { get; init; }

    public TimeSpan Worked { get; init; }

    public double? Utilisation => SlotTime > TimeSpan.Zero ? Worked / SlotTime : null;

    public TimeSpan MeanWait => Waits.Count == 0 ? TimeSpan.Zero : TimeSpan.FromTicks((long)Waits.Average(w => w.Ticks));

    /// <summary>The shortest wait that at least this share of the jobs does not exceed.</summary>
    public TimeSpan WaitOf(double share) => TraceOutcome.Share(Waits, share);
}

/// <summary>Jobs of one queue that were not served to the end.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="Jobs">How many.</param>
/// <param name="Reason">What the queue says about it.</param>
public sealed record Unserved(string Queue, int Jobs, string Reason);

/// <summary>A run over time: samples at even distances.</summary>
/// <param name="Every">The distance.</param>
/// <param name="Pending">Tasks that wait.</param>
/// <param name="Running">Tasks that run.</param>
/// <param name="Booting">Machines whose worker has not registered.</param>
/// <param name="Idle">Machines without a task.</param>
/// <param name="Busy">Machines with at least one.</param>
/// <param name="Budgets">The budgets that have a limit, at most <see cref="MostBudgets"/>.</param>
public sealed record TraceSeries(
    TimeSpan Every, IReadOnlyList<int> Pending, IReadOnlyList<int> Running, IReadOnlyList<int> Booting, IReadOnlyList<int> Idle, IReadOnlyList<int> Busy,
    IReadOnlyList<BudgetSeries> Budgets)
{
    /// <summary>More are not drawn.</summary>
    public const int MostBudgets = 6;
}

/// <summary>One budget over time, as its ledger has it.</summary>
/// <param name="Budget">Its name.</param>
/// <param name="Window">The length of its window, in words.</param>
/// <param name="Limit">Its limit.</param>
/// <param name="Spent">Spent in the window of the sample.</param>
/// <param name="Held">Held in the window of the sample.</param>
public sealed record BudgetSeries(string Budget, string Window, Money Limit, IReadOnlyList<Money> Spent, IReadOnlyList<Money> Held);
