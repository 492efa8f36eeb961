using System.Diagnostics;
using System.Security.Cryptography;
using ControlPlane.Simulation.Faults;
using Xunit.Abstractions;

namespace ControlPlane.Simulation.Tests.Faults;

/// <summary>The four promises under faults, with seeds that nobody has seen before.</summary>
public sealed class FaultRunTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Share = TimeSpan.FromSeconds(40);

    [Fact]
    public void FreshSeeds_KeepEveryPromise()
    {
        var first = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) >> 16;
        output.WriteLine($"first seed {first}");
        var time = Stopwatch.StartNew();
        CampaignProgress last = new(0, TimeSpan.Zero, 0, 0, null);
        foreach (var progress in FaultCampaign.Run(first, 2_000))
        {
            last = progress;
            if (time.Elapsed > Share)
                break;
        }

        output.WriteLine($"{last.Seeds} seeds, {last.Simulated.TotalHours:0} simulated hours, {last.Machines} machines, {last.Steps} steps");
        Assert.True(last.Failure is null, last.Failure is { } failure ? Minimiser.Report(failure) : "");
        Assert.True(last.Machines > last.Seeds, "the runs started next to no machines: they show nothing");
    }

    /// <summary>Seeds that once found a defect.</summary>
    [Theory]
    [InlineData(39UL)] // A list older than the machine ended it.
    [InlineData(103UL)] // A machine that ended before it was ever shown was billed for a moment.
    [InlineData(216UL)] // A boot was found stuck although no look had shown so.
    [InlineData(36UL)] // A queue whose requests were refused was never looked at again.
    [InlineData(243UL)] // A lost message left a terminating instance for ever.
    public void KnownSeed_KeepsEveryPromise(ulong seed)
    {
        var result = FaultRun.Run(ScenarioMaker.Make(seed));
        Assert.True(result.Violation is null, result.Violation is null ? "" : Minimiser.Report(result));
    }

    [Theory]
    [InlineData(5UL)]
    [InlineData(31UL)]
    public void SameSeed_GivesTheSameHistoryByteForByte(ulong seed)
    {
        var one = FaultRun.Run(ScenarioMaker.Make(seed), new FaultRunOptions(JournalAsText: true));
        var other = FaultRun.Run(ScenarioMaker.Make(seed), new FaultRunOptions(JournalAsText: true));

        Assert.Equal(one.Digest, other.Digest);
        Assert.Equal(one.Steps, other.Steps);
        Assert.Equal(one.Journals.Keys, other.Journals.Keys);
        foreach (var (entity, journal) in one.Journals)
            Assert.Equal(journal, other.Journals[entity]);
        Assert.Contains(one.Journals.Values, j => j.Count > 20);
    }

    [Fact]
    public void OtherSeed_GivesAnotherHistory() => Assert.NotEqual(
        FaultRun.Run(ScenarioMaker.Make(5), new FaultRunOptions(JournalAsText: true)).Digest,
        FaultRun.Run(ScenarioMaker.Make(6), new FaultRunOptions(JournalAsText: true)).Digest);

    /// <summary>In the slow mode each entity's journal, as text, must fold to the state that it has.</summary>
    [Theory]
    [InlineData(2UL)]
    [InlineData(3UL)]
    [InlineData(4UL)]
    public void Journal_FoldsToTheState(ulong seed) => Assert.Null(FaultRun.Run(ScenarioMaker.Make(seed), new FaultRunOptions(JournalAsText: true)).Violation);
}
