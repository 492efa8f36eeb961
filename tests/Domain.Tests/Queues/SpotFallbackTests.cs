using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Queues;

public sealed class SpotFallbackTests
{
    private static readonly PoolSpec SpotFirst = Pool(max: 5, offers: [Offer(market: Market.Spot, worst: 1m, rate: 0.3m), Offer(market: Market.OnDemand)]) with
    {
        FallbackAfter = Minutes(4),
        SpotBlackout = Minutes(20),
        Revision = "spot",
    };

    [Fact]
    public void Refused_TimeIsLeft_SpotIsAskedAgainAndNotOnDemand()
    {
        var scaler = Asked(SpotFirst);
        scaler.Refuse(scaler.Instances[0].Id, ProviderFault.InsufficientCapacity);
        Assert.Equal(Phase.Leased, scaler.Instances[0].Phase);
        scaler.After(Minutes(1)).Machine.TickUntilQuiet(new ScalerCommand.Tick());
        Assert.Equal((Phase.Launching, Market.Spot), (scaler.Instances[0].Phase, scaler.Instances[0].Offer.Market));
    }

    [Fact]
    public void Refused_TimeIsUp_TakesOnDemandAndTheNextLeaveSpotOutForAWhile()
    {
        var scaler = Asked(SpotFirst);
        scaler.Refuse(scaler.Instances[0].Id, ProviderFault.InsufficientCapacity);
        for (var i = 0; i < 20 && scaler.Instances[0].Offer.Market == Market.Spot; i++)
        {
            scaler.After(Seconds(30)).Machine.TickUntilQuiet(new ScalerCommand.Tick());
            if (scaler.Instances[0] is { Phase: Phase.Launching, Offer.Market: Market.Spot })
                scaler.Refuse(scaler.Instances[0].Id, ProviderFault.InsufficientCapacity);
        }

        Assert.Equal((Phase.Launching, Market.OnDemand), (scaler.Instances[0].Phase, scaler.Instances[0].Offer.Market));
        Assert.InRange(scaler.Now - scaler.Instances[0].FirstAskedAt!.Value, Minutes(4), Minutes(6));
        scaler.Boot();
        scaler.Look(2);
        var next = scaler.Instances.Single(i => i.Phase == Phase.Requested);
        scaler.Grant(next.Id);
        Assert.Equal(Market.OnDemand, scaler.State.Instances[next.Id].Offer.Market);
        Assert.Contains("spot is not tried until", scaler.Last.Sentence(), StringComparison.Ordinal);
    }

    [Fact]
    public void Refused_NoWaitIsSet_TakesOnDemandAtOnce()
    {
        var scaler = Asked(SpotFirst with { FallbackAfter = null, SpotBlackout = null, Revision = "none" });
        scaler.Refuse(scaler.Instances[0].Id, ProviderFault.InsufficientCapacity);
        Assert.Equal((Phase.Launching, Market.OnDemand), (scaler.Instances[0].Phase, scaler.Instances[0].Offer.Market));
    }

    [Theory]
    [InlineData(600, Market.Spot)]
    [InlineData(10, Market.OnDemand)]
    public void Request_ATaskMustBeDoneWithinATime_SpotOnlyWhileARunMayBeLost(int minutes, Market market)
    {
        var scaler = ScalerSubject.With(QueueOf(SpotFirst) with { FinishWithin = Minutes(minutes) });
        scaler.Look(1);
        scaler.Grant(scaler.Instances[0].Id);
        Assert.Equal(market, scaler.Instances[0].Offer.Market);
    }

    private static ScalerSubject Asked(PoolSpec pool)
    {
        var scaler = ScalerSubject.With(QueueOf(pool));
        scaler.Look(1);
        scaler.Grant(scaler.Instances[0].Id);
        Assert.Equal((Phase.Launching, Market.Spot), (scaler.Instances[0].Phase, scaler.Instances[0].Offer.Market));
        return scaler;
    }
}
