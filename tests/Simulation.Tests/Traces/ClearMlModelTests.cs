using ControlPlane.Domain.Pricing;
using ControlPlane.Simulation.Traces;

namespace ControlPlane.Simulation.Tests.Traces;

/// <summary>The rules of the yardstick, and the faults that were seen of the real class, each with and without.</summary>
public sealed class ClearMlModelTests
{
    private static readonly HourlyRate Dollar = HourlyRate.FromDollars(1);

    [Fact]
    public void Jobs_WaitForThePollAndTheBoot()
    {
        var outcome = Run(Jobs((0, 600)), ClearMlFaults.All, boot: 120).Outcome;
        Assert.InRange(outcome.Waits[0].TotalSeconds, 120, 120 + 300 + 1);
    }

    [Fact]
    public void IdleMachine_IsKeptForItsTimeAndUntilTheNextPoll()
    {
        // Boot and job cost 200 s; the machine is seen idle within one poll, kept for 15 min, and ended at a poll.
        var seconds = (double)Run(Jobs((0, 100)), ClearMlFaults.All, boot: 100).Outcome.Cost.Micros / 1e6 * 3600;
        Assert.InRange(seconds, 200 + 900, 200 + 900 + 600 + 5);
    }

    [Fact]
    public void IdleMachine_TakesTheNextJobAtOnce()
    {
        var outcome = Run(Jobs((0, 100), (900, 100)), ClearMlFaults.All).Outcome;
        Assert.Equal(TimeSpan.Zero, outcome.Waits[0]);
    }

    [Theory]
    [InlineData(3, 2, 3, 5)]
    [InlineData(5, 3, 5, 8)]
    [InlineData(3, 1, 5, 4)]
    public void TwoResources_NeedOfEachResource_LaunchesForTheSameTasks(int jobs, int first, int second, int machines)
    {
        var trace = Jobs([.. Enumerable.Repeat((0.0, 600.0), jobs)]);
        Assert.Equal(jobs, Run(trace, ClearMlFaults.None, resources: [new("a", first), new("b", second)]).Launches);
        Assert.Equal(machines, Run(trace, ClearMlFaults.NeedOfEachResource, resources: [new("a", first), new("b", second)]).Launches);
    }

    [Fact]
    public void FailedPoll_Forgets_LaunchesAgainWhatBoots()
    {
        var trace = Jobs([.. Enumerable.Repeat((0.0, 600.0), 5)]);
        Assert.Equal(5, Run(trace, ClearMlFaults.None, boot: 1200, most: 20, failing: 2).MostAtOnce);
        Assert.True(Run(trace, ClearMlFaults.FailedPollForgets, boot: 1200, most: 20, failing: 2).MostAtOnce > 5);
    }

    [Fact]
    public void TaskTakenBetweenLookAndTerminate_IsKilledOnlyByTheFault()
    {
        // A task of 7 s every two seconds for three hours, on eight machines, and a server that is slow to answer: half a minute lies between look and terminate.
        var trace = Jobs([.. Enumerable.Repeat((0.0, 10.0), 8), .. Enumerable.Range(0, 5400).Select(i => (i * 2.0, 7.0))]);
        Assert.Equal(0, Run(trace, ClearMlFaults.ShortTasksUnseen, request: 10).Killed);
        Assert.True(Run(trace, ClearMlFaults.TerminateKills | ClearMlFaults.ShortTasksUnseen, request: 10).Killed > 0);
    }

    [Fact]
    public void ShortTasksBetweenPolls_AreSeenOnlyWithoutTheFault()
    {
        // A task of a second each minute: the machine is never idle for more than a minute.
        var trace = Jobs([.. Enumerable.Range(0, 120).Select(i => (i * 60.0, 1.0))]);
        Assert.Equal(1, Run(trace, ClearMlFaults.None, most: 1).Launches);
        Assert.True(Run(trace, ClearMlFaults.ShortTasksUnseen, most: 1).Launches > 1);
    }

    [Fact]
    public void Maximum_IsNeverExceeded() =>
        Assert.Equal(2, Run(Jobs([.. Enumerable.Range(0, 50).Select(i => (i * 10.0, 300.0))]), ClearMlFaults.All, most: 2).MostAtOnce);

    [Fact]
    public void SameSeed_SameOutcome()
    {
        var trace = Jobs([.. Enumerable.Range(0, 300).Select(i => (i * 97.0, 5.0 + (i * 7919 % 700)))]);
        var first = Run(trace, ClearMlFaults.All).Outcome;
        var second = Run(trace, ClearMlFaults.All).Outcome;
        Assert.Equal(first.Cost, second.Cost);
        Assert.Equal(first.Waits, second.Waits);
    }

    [Fact]
    public void QueueWithoutRoom_IsRefused() => Assert.Throws<ArgumentException>(() => Run(Jobs((0, 1)), ClearMlFaults.All, most: 0));

    private static ClearMlOutcome Run(
        JobTrace trace, ClearMlFaults faults, double boot = 60, int most = 100, int failing = 0, double request = 0.1, params ClearMlResource[] resources) => ClearMlModel.Run(trace, new ClearMlSettings
        {
            Resources = _ => resources.Length > 0 ? resources : [new ClearMlResource("a", most)],
            Rate = Dollar,
            BootTime = _ => TimeSpan.FromSeconds(boot),
            Faults = faults,
            RequestTime = TimeSpan.FromSeconds(request),
            PollsToAFailure = failing,
        });

    private static JobTrace Jobs(params (double At, double Duration)[] jobs) =>
        new([.. jobs.Select(j => new TraceJob(TimeSpan.FromSeconds(j.At), TimeSpan.FromSeconds(j.Duration), "q", null)).OrderBy(j => j.SubmittedAt)], [], false);
}
