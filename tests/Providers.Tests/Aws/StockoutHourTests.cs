using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Simulation.Ec2;
using Xunit.Abstractions;

namespace ControlPlane.Providers.Tests.Aws;

/// <summary>An hour in which a region has next to nothing to launch, on a clock of its own: two types in four zones, spot and on demand.</summary>
public sealed class StockoutHourTests(ITestOutputHelper output)
{
    private static readonly string[] Zones = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"];

    /// <summary>
    /// Sixteen offers: fifteen have nothing for an hour, and the sixteenth has three machines. Pauses of 3, 6, 10, 10 ... minutes are eight calls an hour for each, 128 for all; each
    /// may be asked once more where two ask before the first is refused.
    /// </summary>
    private const int MostCalls = 144;

    [Fact]
    public async Task AnHourWithoutCapacity_IsServedByWhatThereIs_CostsFewCallsAndEndsAtOnce()
    {
        await using var world = await AwsWorld.StartAsync();
        await world.Emulator.SetCapacityAsync([.. Queue().Pools[0].Offers.Select(o => Word(o.Market) is var market && (o.Type, o.Zone, market) == ("g5.xlarge", "us-east-1c", "on-demand")
            ? new Ec2Capacity(o.Type, o.Zone, market, 3)
            : new Ec2Capacity(o.Type, o.Zone, market, 0))]);
        var node = new VirtualNode(world, Queue(), Provider(), tasks: 60, TimeSpan.FromMinutes(10));

        await node.PlayAsync(TimeSpan.FromMinutes(60));
        var calls = (await world.Emulator.CallsAsync()).Where(c => c.Action == "RunInstances").ToList();
        var log = await world.Emulator.LogAsync();
        output.WriteLine($"{calls.Count} calls of RunInstances in the hour, {calls.Count(c => c.Code is null)} of them with machines; {node.Done} tasks done, {node.Running} run");
        Assert.All(log, m => Assert.Equal(("g5.xlarge", "us-east-1c", "on-demand"), (m.Type, m.Zone, m.Market)));
        Assert.Equal(3, node.Running);
        Assert.InRange(node.Done, 12, 18);
        Assert.InRange(calls.Count, 1, MostCalls);

        // The message named the zone that had some: it was asked right after the first refusal on demand.
        var first = calls.FindIndex(c => c is { Market: "on-demand", Code: "InsufficientInstanceCapacity" });
        Assert.Equal("us-east-1c", calls[first + 1].Zone);

        // Everything is there again. Whoever is asked next, ten minutes later at most, has all that is wanted.
        await world.Emulator.SetCapacityAsync();
        await node.PlayAsync(TimeSpan.FromMinutes(14));
        output.WriteLine($"{node.Pending} tasks wait, {node.Running} run, 14 minutes after capacity has returned");
        Assert.Equal(0, node.Pending);
    }

    private static string Word(Market market) => market == Market.Spot ? "spot" : "on-demand";

    private static ProviderSpec Provider() =>
        new("cloud", "aws", TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(1), 2, 5) { Limits = CallLimits.Ec2 with { LaunchBatch = 250 } };

    private static QueueSpec Queue()
    {
        Offer[] spot = [.. from type in new[] { "g5.xlarge", "g4dn.xlarge" } from zone in Zones select AwsWorld.Spot(zone, type)];
        return new QueueSpec
        {
            Name = new QueueName("training"),
            Source = "embedded",
            Budget = new BudgetName("lab"),
            Ledger = new BudgetName("lab"),
            MaxIdleTime = TimeSpan.FromMinutes(5),
            Pools =
            [
                new PoolSpec
                {
                    Name = "gpu",
                    Provider = "cloud",
                    MaxInstances = 50,
                    Offers = [.. spot, .. spot.Select(o => o with { Market = Market.OnDemand })],
                    Billing = new Billing(TimeSpan.FromMinutes(1)),
                    Template = AwsWorld.Template with { Types = ["g5.xlarge", "g4dn.xlarge"], Zones = Zones },
                    Revision = "r1",
                },
            ],
        };
    }
}
