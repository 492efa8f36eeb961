using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Instances;

public sealed class PriceTests
{
    private static readonly HourlyRate Cents20 = HourlyRate.FromDollars(0.2m);
    private static readonly HourlyRate Cents50 = HourlyRate.FromDollars(0.5m);

    [Fact]
    public void Settlement_APriceWasSeen_IsAtTheHighest()
    {
        var instance = Launched(Cents20);
        Seen(instance, Cents50);
        Seen(instance, Cents20);
        instance.Restart();
        Seen(instance, Cents20, MachineState.Ended);
        Assert.Equal(Cents50, Settle(instance).Rate);
    }

    [Fact]
    public void Settlement_NoPriceWasSeen_IsAtTheOffers()
    {
        var instance = Launched(null);
        instance.After(Minutes(2)).Seen(MachineState.Ended);
        Assert.Equal(HourlyRate.FromDollars(0.3m), Settle(instance).Rate);
    }

    [Fact]
    public void Settlement_APriceAboveTheLease_IsCutToIt()
    {
        var instance = Launched(Cents20);
        Seen(instance, HourlyRate.FromDollars(3), MachineState.Ended);
        Assert.Equal(Dollar, Settle(instance).Rate);
    }

    /// <summary>The last price was seen a while before it vanished: nobody knows what it cost since.</summary>
    [Fact]
    public void Settlement_ItsEndWasNotSeen_IsAtTheWorstPrice()
    {
        var instance = Launched(Cents20);
        Seen(instance, Cents20);
        instance.After(Minutes(2)).Absent(Seconds(30));
        instance.After(Minutes(1)).Absent(Seconds(30));
        Assert.Equal(Phase.Ended, instance.State.Phase);
        Assert.Equal(Dollar, Settle(instance).Rate);
    }

    [Fact]
    public void Renewal_APriceIsShown_PostsUpToTheLastList()
    {
        var instance = Launched(Cents20);
        Seen(instance, Cents50);
        var looked = instance.Now;
        instance.After(Minutes(5)).TickUntilQuiet();
        var renew = Assert.IsType<LedgerCommand.Renew>(Assert.IsType<InstanceEffect.AskLedger>(instance.Owed[^1]).Command);
        Assert.Equal((Cents50, looked), (renew.Rate, renew.PostUntil));

        // After a restart it is not known when it was seen: nothing is posted until it is seen again.
        instance.Restart();
        instance.TickUntilQuiet();
        renew = Assert.IsType<LedgerCommand.Renew>(Assert.IsType<InstanceEffect.AskLedger>(instance.Owed[^1]).Command);
        Assert.Equal(instance.State.StartedAt, renew.PostUntil);
    }

    private static InstanceSubject Launched(HourlyRate? rate)
    {
        var instance = InstanceSubject.In(Phase.Launching, Pool(offers: Offer(market: Market.Spot, worst: 1m, rate: 0.3m)));
        instance.Send(new InstanceCommand.LaunchAnswered(1, new LaunchOutcome.Launched(instance.State.Id, "m-1", instance.Now, rate)));
        return instance;
    }

    private static void Seen(InstanceSubject instance, HourlyRate rate, MachineState state = MachineState.Running) => instance.After(Seconds(10)).Send(new InstanceCommand.MachineSeen(
        new Machine(instance.State.Id, Queue, "m-1", state, instance.State.StartedAt, state == MachineState.Ended ? instance.Now : null, MachineEnd.Itself, null, rate), instance.Now));

    private static LedgerCommand.Settle Settle(InstanceSubject instance) =>
        instance.Owed.OfType<InstanceEffect.AskLedger>().Select(e => e.Command).OfType<LedgerCommand.Settle>().Single();
}
