using ControlPlane.Domain.Providers;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Providers;

public sealed class OfferMemoryTests
{
    /// <summary>Somebody wants a machine every ten seconds, and the gateway's node is lost every ten minutes.</summary>
    [Fact]
    public void Stockout_OfAnHour_CostsEightCalls()
    {
        var gateway = GatewaySubject.Configured();
        var calls = 0;
        var refused = 0;
        for (var n = 1; n <= 360; n++)
        {
            if (n % 60 == 0)
            {
                gateway.Machine.Restart();
                gateway.Configure();
            }

            refused += gateway.After(Seconds(10)).Ask(n).ToldTo(n) is LaunchOutcome.Failed ? 1 : 0;
            foreach (var batch in gateway.Flush())
            {
                calls++;
                gateway.Answer(batch, [.. batch.Intents.Select(_ => (ProviderFault?)ProviderFault.InsufficientCapacity)]);
                refused += batch.Intents.Count;
            }
        }

        Assert.Equal((8, 360), (calls, refused));
    }

    [Fact]
    public void CapacityReturns_IsUsedToTheFullWithinAFewCalls()
    {
        var gateway = GatewaySubject.Configured(GatewaySubject.Spec with { LaunchesPerSecond = 100, LaunchBurst = 100 });
        var n = 0;
        for (var failures = 0; failures < 6; failures++)
        {
            gateway.After(Minutes(10)).Ask(++n);
            gateway.Answer(Assert.Single(gateway.Flush()), ProviderFault.InsufficientCapacity);
        }

        gateway.After(Minutes(10));
        for (var i = 0; i < 500; i++)
            gateway.Ask(++n);
        List<int> sizes = [];
        while (gateway.Flush() is { Count: > 0 } batches)
        {
            sizes.AddRange(batches.Select(b => b.Intents.Count));
            foreach (var batch in batches)
                gateway.Answer(batch, new ProviderFault?[batch.Intents.Count]);
        }

        // One at a time, carefully, and then as ever.
        Assert.Equal([1, 26, 51, 76, 100, 100, 100, 46], sizes);
        Assert.Empty(gateway.State.Exhausted);
    }

    [Fact]
    public void LaunchAnswered_NoCapacity_TellsAllThatWaitToAskTheSame()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Ask(1);
        var batch = gateway.Flush()[0];
        gateway.Ask(2);
        gateway.Ask(3, zone: "b");
        var decision = gateway.Answer(batch, ProviderFault.InsufficientCapacity);
        Assert.IsType<LaunchOutcome.Failed>(decision.ToldTo(2));
        Assert.Null(decision.ToldTo(3));
        Assert.Equal("b", Assert.Single(gateway.Flush()).Offer.Zone);
    }

    [Fact]
    public void LaunchAnswered_InPart_TheRestIsRefusedAndLaterAsManyAreAskedAsCame()
    {
        var gateway = GatewaySubject.Configured();
        for (var n = 1; n <= 3; n++)
            gateway.Ask(n);
        var decision = gateway.Answer(gateway.Flush()[0], null, null, ProviderFault.InsufficientCapacity);
        Assert.IsType<LaunchOutcome.Launched>(decision.ToldTo(1));
        Assert.IsType<LaunchOutcome.Failed>(decision.ToldTo(3));
        Assert.Equal((2, 0), (gateway.State.Exhausted[0].Window, gateway.State.Exhausted[0].Failures));
        gateway.After(Minutes(3));
        for (var n = 11; n <= 16; n++)
            gateway.Ask(n);
        Assert.Equal(2, Assert.Single(gateway.Flush()).Intents.Count);
    }

    [Fact]
    public void Refusal_FromMemory_NamesTheZonesAndTheFaultThatWereNamed()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Ask(1);
        var batch = gateway.Flush()[0];
        gateway.Machine.Send(new GatewayCommand.LaunchAnswered(
            batch.Token, [new LaunchOutcome.Failed(Id(1), ProviderFault.InsufficientCapacity, "none", ["c", "b"])]));
        gateway.Machine.Restart();
        gateway.Configure();
        var refusal = Assert.IsType<LaunchOutcome.Failed>(gateway.Ask(2).ToldTo(2));
        Assert.Equal(["c", "b"], refusal.Zones);
    }

    [Fact]
    public void LaunchAnswered_TheQuotaIsUsedUp_IsRememberedAsSuch()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Ask(1);
        gateway.Answer(gateway.Flush()[0], ProviderFault.QuotaExceeded);
        Assert.Equal(ProviderFault.QuotaExceeded, Assert.IsType<LaunchOutcome.Failed>(gateway.Ask(2).ToldTo(2)).Fault);
    }
}
