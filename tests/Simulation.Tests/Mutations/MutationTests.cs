using ControlPlane.Simulation.Faults;
using ControlPlane.Simulation.Mutations;

namespace ControlPlane.Simulation.Tests.Mutations;

/// <summary>The checker can fail: each known defect is found within a bounded number of seeds.</summary>
public sealed class MutationTests
{
    private const int MostSeeds = 150;

    public static TheoryData<string> Names => [.. KnownMutations.All.Select(m => m.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Mutation_IsCaught(string name)
    {
        var mutation = KnownMutations.All.Single(m => m.Name == name);

        var caught = FaultCampaign.Run(1, MostSeeds, new FaultRunOptions { Mutation = mutation }).Last().Failure;

        Assert.NotNull(caught?.Violation);
        Assert.NotEqual("defect", caught.Violation.Promise);
    }

    [Fact]
    public void Failure_IsMadeSmallerAndFailsStillInTheSameWay()
    {
        var mutation = KnownMutations.All.Single(m => m.Name == "a settled hold is not freed");
        var options = new FaultRunOptions { Mutation = mutation };
        var failure = FaultCampaign.Run(1, MostSeeds, options).Last().Failure!;

        var small = Minimiser.Shrink(failure, options);

        Assert.Equal(failure.Violation!.Promise, small.Result.Violation!.Promise);
        Assert.True(small.Result.Scenario.Faults.Count + small.Result.Scenario.Tasks.Count < failure.Scenario.Faults.Count + failure.Scenario.Tasks.Count);
        var again = FaultRun.Run(ReplayKey.Parse(small.Key.ToString()).Scenario(), options);
        Assert.Equal(small.Result.Violation, again.Violation);
    }

    [Theory]
    [InlineData("")]
    [InlineData("seed")]
    [InlineData("seed=x")]
    [InlineData("seed=1 faults=999")]
    [InlineData("seed=1 colour=red")]
    public void ReplayKey_ThatIsNone_IsRefused(string text) => Assert.Throws<FormatException>(() => ReplayKey.Parse(text).Scenario());
}
