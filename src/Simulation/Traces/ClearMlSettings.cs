using ControlPlane.Domain.Pricing;

namespace ControlPlane.Simulation.Traces;

/// <summary>
/// What the autoscaler class of ClearML's SDK does although nobody meant it to, as far as a trace without failures of the cloud can show it.
/// Each was seen by running the real class.
/// </summary>
[Flags]
public enum ClearMlFaults
{
    /// <summary>The policy as it was meant.</summary>
    None = 0,

    /// <summary>The need is not reduced from resource to resource: two resources on a queue launch for the same tasks.</summary>
    NeedOfEachResource = 1,

    /// <summary>A poll that fails drops all memory: machines that boot are launched again, and idle times begin anew.</summary>
    FailedPollForgets = 2,

    /// <summary>A task that an idle machine takes between the look and the terminate is killed with it, and nobody puts it back.</summary>
    TerminateKills = 4,

    /// <summary>A task that begins and ends between two polls is not seen: the idle time goes on as if it had not been.</summary>
    ShortTasksUnseen = 8,

    /// <summary>As the class behaves.</summary>
    All = NeedOfEachResource | FailedPollForgets | TerminateKills | ShortTasksUnseen,
}

/// <summary>A kind of machine on a queue, ClearML's word for a pool.</summary>
/// <param name="Name">Its name; stands on one queue only.</param>
/// <param name="Most">The most machines of it.</param>
public sealed record ClearMlResource(string Name, int Most)
{
    /// <summary>What one of it costs; null: <see cref="ClearMlSettings.Rate"/>.</summary>
    public HourlyRate? Rate { get; init; }

    /// <summary>How it is billed; null: <see cref="ClearMlSettings.Billing"/>.</summary>
    public Billing? Billing { get; init; }
}

/// <summary>How ClearML's autoscaler is set up; the defaults are its own.</summary>
public sealed record ClearMlSettings
{
    /// <summary>The resources of each queue, in their order.</summary>
    public required Func<string, IReadOnlyList<ClearMlResource>> Resources { get; init; }

    /// <summary>What a machine costs.</summary>
    public required HourlyRate Rate { get; init; }

    /// <summary>How machines are billed, from their launch on.</summary>
    public Billing Billing { get; init; } = Billing.PerSecond;

    /// <summary>From a launch to the worker's registration, by the number of the machine, counted from 0.</summary>
    public required Func<int, TimeSpan> BootTime { get; init; }

    /// <summary>Time between two polls, more than 0.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a machine may be idle.</summary>
    public TimeSpan MaxIdle { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>A machine that has not registered after so long no longer counts as booting. It is not ended.</summary>
    public TimeSpan MaxSpinUp { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>What a request to ClearML's server takes; a poll makes two and one for each queue.</summary>
    public TimeSpan RequestTime { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>What a launch takes; they are done one after the other, and before the terminations of the same poll.</summary>
    public TimeSpan LaunchTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>One of so many polls fails (the n-th, the 2n-th ...); 0: none does.</summary>
    public int PollsToAFailure { get; init; }

    /// <summary>What of its known faults is there.</summary>
    public ClearMlFaults Faults { get; init; } = ClearMlFaults.All;

    /// <summary>For the choice of the idle worker that takes a task: each of them is as likely.</summary>
    public ulong Seed { get; init; } = 1;
}

/// <summary>What ClearML's autoscaler made of a trace.</summary>
/// <param name="Outcome">Cost, and the wait of each job until it first ran.</param>
/// <param name="Launches">Machines that were launched.</param>
/// <param name="Killed">Jobs that were killed by a terminate, and so never done.</param>
/// <param name="MostAtOnce">The most machines at a time.</param>
public sealed record ClearMlOutcome(TraceOutcome Outcome, int Launches, int Killed, int MostAtOnce);
