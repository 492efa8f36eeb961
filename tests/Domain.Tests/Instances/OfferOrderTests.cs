using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Instances;

public sealed class OfferOrderTests
{
    private static readonly Offer[] Offers =
        [Offer(zone: "a"), Offer(zone: "b"), Offer("g5.2xlarge", "a"), Offer(zone: "c"), Offer("g5.2xlarge", "c"), Offer(zone: "d", market: Market.Spot, rate: 0.3m)];

    [Fact]
    public void Refused_ZonesAreNamed_AreAskedNextAndThenTheOthersInTheirOrder()
    {
        var instance = InstanceSubject.In(Phase.Launching, Pool(offers: Offers));
        List<string> asked = [Asked(instance)];
        Refuse(instance, "d", "c");
        asked.Add(Asked(instance));
        while (instance.State.Phase == Phase.Launching)
        {
            instance.Refused(ProviderFault.InsufficientCapacity);
            if (instance.State.Phase == Phase.Launching)
                asked.Add(Asked(instance));
        }

        // A zone named for one type and market says nothing of another. None is asked twice.
        Assert.Equal(["g5.xlarge a", "g5.xlarge c", "g5.xlarge b", "g5.2xlarge a", "g5.2xlarge c", "g5.xlarge d"], asked);
        Assert.Equal(Outcome.LaunchFailed, instance.State.Leaving);
    }

    [Fact]
    public void Refused_ZonesOfAskedOffersAreNamed_TheOrderStays()
    {
        var instance = InstanceSubject.In(Phase.Launching, Pool(offers: Offers));
        instance.Refused(ProviderFault.InsufficientCapacity);
        Refuse(instance, "a", "z");
        Assert.Equal("g5.2xlarge a", Asked(instance));
        Assert.Null(instance.State.Ahead);
    }

    [Fact]
    public void Restart_ZonesWereNamed_TheOrderIsKept()
    {
        var instance = InstanceSubject.In(Phase.Launching, Pool(offers: Offers));
        Refuse(instance, "c");
        instance.Restart();
        instance.Refused(ProviderFault.InsufficientCapacity);
        Assert.Equal("g5.xlarge b", Asked(instance));
    }

    private static string Asked(InstanceSubject instance) => $"{instance.State.Offer.Type} {instance.State.Offer.Zone}";

    private static void Refuse(InstanceSubject instance, params string[] zones) => instance.Send(
        new InstanceCommand.LaunchAnswered(instance.State.Attempt, new LaunchOutcome.Failed(instance.State.Id, ProviderFault.InsufficientCapacity, "none here", zones)));
}
