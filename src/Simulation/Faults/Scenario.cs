using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Simulation.Faults;

/// <summary>A task that will be enqueued.</summary>
public sealed record PlannedTask(int Queue, TimeSpan At, TimeSpan Duration);

/// <summary>How a simulated platform behaves when nothing is wrong.</summary>
/// <param name="EndedShownFor">How long its lists show a machine that has ended.</param>
/// <param name="LateBy">How late at most a new machine shows in its lists: less than the consistency window.</param>
/// <param name="CapacityOfOffer">Machines of one offer that it has.</param>
/// <param name="CallsPerSecond">Beyond that it throttles.</param>
/// <param name="MostStop">How long a machine takes to end, at most.</param>
public sealed record CloudTemper(TimeSpan EndedShownFor, TimeSpan LateBy, int CapacityOfOffer, int CallsPerSecond, TimeSpan MostStop)
{
    /// <summary>It shows what each machine is billed at; then the price of spot moves, up to the worst rate. Otherwise it stays below the offer's.</summary>
    public bool ShowsPrices { get; init; }

    /// <summary>Its refusals for want of capacity name zones that have some.</summary>
    public bool NamesZones { get; init; }

    /// <summary>Its bucket of launch calls, which need not be as declared: size and refill a second. Null: only <see cref="CallsPerSecond"/> limits them.</summary>
    public (int Size, double PerSecond)? LaunchCalls { get; init; }

    /// <summary>Its bucket of launched instances. Null: it has none.</summary>
    public (int Size, double PerSecond)? LaunchedInstances { get; init; }
}

/// <summary>How a simulated source behaves when nothing is wrong.</summary>
/// <param name="CanStopFeeding">Whether it can be told to give a worker no more tasks.</param>
/// <param name="ReportsActivity">Whether it tells when a worker last had a task.</param>
/// <param name="WorkersPollEvery">How often an idle worker asks for a task.</param>
/// <param name="Linger">How long a dead worker stays listed.</param>
public sealed record SourceTemper(bool CanStopFeeding, bool ReportsActivity, TimeSpan WorkersPollEvery, TimeSpan Linger);

/// <summary>One run, all of it as data: the same scenario gives the same history.</summary>
public sealed record Scenario
{
    public required ulong Seed { get; init; }

    public required DateTimeOffset Start { get; init; }

    /// <summary>How long faults and new tasks go on; then all is well, and everything must come to its end.</summary>
    public required TimeSpan Trouble { get; init; }

    /// <summary>Machines end themselves when their lease ends and they have not heard of another. Without it the faults of termination are bounded.</summary>
    public required bool LeaseSwitch { get; init; }

    public required SourceSpec Source { get; init; }

    public required SourceTemper SourceTemper { get; init; }

    public required IReadOnlyList<ProviderSpec> Providers { get; init; }

    public required CloudTemper CloudTemper { get; init; }

    /// <summary>Trees by their root.</summary>
    public required IReadOnlyDictionary<BudgetName, IReadOnlyList<BudgetSpec>> Ledgers { get; init; }

    public required IReadOnlyList<QueueSpec> Queues { get; init; }

    public required IReadOnlyList<PlannedTask> Tasks { get; init; }

    public required IReadOnlyList<Fault> Faults { get; init; }
}
