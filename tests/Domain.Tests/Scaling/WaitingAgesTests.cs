using ControlPlane.Domain.Scaling;
using CsCheck;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Scaling;

public sealed class WaitingAgesTests
{
    [Fact]
    public void Seen_TheFirstLook_AllCountAsOldAsTheOldest()
    {
        var ages = WaitingAges.None.Seen(Now, 7, Now - Minutes(4), 0, 0);
        Assert.Equal([new WaitingStep(Now - Minutes(4), 7)], ages.Steps);
    }

    [Fact]
    public void Seen_MoreCome_TheyAreYoungerThanTheLookBefore()
    {
        var ages = WaitingAges.None.Seen(Now, 3, Now - Minutes(4), 0, 0).Seen(Now + Minutes(1), 10, Now - Minutes(4), 0, 0);
        Assert.Equal([new WaitingStep(Now - Minutes(4), 3), new WaitingStep(Now, 10)], ages.Steps);
    }

    [Fact]
    public void Seen_TheFirstHaveBegun_FewerAreOld()
    {
        var ages = WaitingAges.None.Seen(Now, 3, Now - Minutes(4), 0, 0).Seen(Now + Minutes(1), 3, Now - Minutes(2), 2, 0);
        Assert.Equal([new WaitingStep(Now - Minutes(2), 1), new WaitingStep(Now, 3)], ages.Steps);
    }

    [Fact]
    public void Seen_TasksWerePutBack_AsManyAsRanCountAsOld()
    {
        var ages = WaitingAges.None.Seen(Now, 3, Now - Minutes(4), 0, 0).Seen(Now + Minutes(1), 5, Now - Hours(1), 0, 2);
        Assert.Equal([new WaitingStep(Now - Hours(1), 2), new WaitingStep(Now - Minutes(4), 5)], ages.Steps);
    }

    [Fact]
    public void Seen_NobodyWaits_NothingIsKept() => Assert.Empty(WaitingAges.None.Seen(Now, 3, Now, 0, 0).Seen(Now + Minutes(1), 0, null, 3, 0).Steps);

    /// <summary>A queue served in order, with looks now and then that see none, some or all of what has begun: nobody counts as younger than it is.</summary>
    [Fact]
    public void Seen_AnyHistoryInOrder_NobodyCountsAsYoungerThanItIs() => Gen.Select(Gen.Int[0, 6], Gen.Int[0, 6], Gen.Int[0, 3], Gen.Int[1, 90]).List[1, 120].Sample(history =>
    {
        var ages = WaitingAges.None;
        var waiting = new List<DateTimeOffset>();
        var now = Now;
        var unseen = 0;
        foreach (var (come, begin, look, seconds) in history)
        {
            now += Seconds(seconds);
            var begun = Math.Min(begin, waiting.Count);
            waiting.RemoveRange(0, begun);
            waiting.AddRange(Enumerable.Repeat(now, come));
            unseen += begun;
            if (look == 0)
                continue;
            ages = ages.Seen(now, waiting.Count, waiting.Count == 0 ? null : waiting[0], look == 1 ? 0 : unseen, 0);
            unseen = 0;
            Assert.InRange(ages.Steps.Count, waiting.Count == 0 ? 0 : 1, WaitingAges.MostSteps);
            var place = 0;
            foreach (var step in ages.Steps)
            {
                for (; place < step.UpTo; place++)
                    Assert.True(waiting[place] >= step.Since, $"the task at place {place} waits since {waiting[place]:HH:mm:ss}, and counts as younger than {step.Since:HH:mm:ss}");
            }

            Assert.Equal(waiting.Count, place);
        }
    });
}
