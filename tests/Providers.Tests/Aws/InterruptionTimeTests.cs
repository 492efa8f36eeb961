using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using Xunit.Abstractions;

namespace ControlPlane.Providers.Tests.Aws;

/// <summary>How soon a spot machine's notice is acted on with the settings that a provider of AWS has by default, on a clock of its own.</summary>
public sealed class InterruptionTimeTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(10);

    /// <summary>As a document leaves them: its defaults are tested where it is read.</summary>
    private static readonly ProviderSpec Defaults = new("cloud", "aws", TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), 2, 5) { Limits = CallLimits.Ec2 };

    [Theory]
    [InlineData(0)]
    [InlineData(1.3)]
    [InlineData(2.6)]
    [InlineData(4.9)]
    public async Task Notice_WhereverItFallsBetweenTwoLists_TheMachineDrainsAndAnotherIsAskedForWithinTenSeconds(double after)
    {
        await using var world = await AwsWorld.StartAsync();
        var node = new VirtualNode(world, Queue(), Defaults, tasks: 1, TimeSpan.FromHours(2));
        await node.PlayAsync(TimeSpan.FromMinutes(3));
        var first = Assert.Single(node.Instances);
        Assert.Equal((Phase.Busy, 1), (first.Phase, node.Running));
        await node.PlayAsync(TimeSpan.FromSeconds(after));

        var notice = world.Time.GetUtcNow();
        await world.Emulator.InterruptAsync(first.NativeId!);
        TimeSpan? drains = null;
        TimeSpan? replaced = null;
        for (var i = 0; i < 40 && (drains is null || replaced is null); i++)
        {
            await node.PlayAsync(TimeSpan.FromSeconds(0.5));
            var now = world.Time.GetUtcNow() - notice;
            if (node.Instances.Single(n => n.Id == first.Id) is { Phase: Phase.Draining, Leaving: Outcome.Preempted })
                drains ??= now;
            if ((await world.Emulator.CallsAsync()).Count(c => c is { Action: "RunInstances", Code: null }) == 2)
                replaced ??= now;
        }

        output.WriteLine($"{drains} after the notice it drains, {replaced} after it another one is asked for");
        Assert.True(drains <= Within, $"it drained {drains} after the notice");
        Assert.True(replaced <= Within, $"another machine was asked for {replaced} after the notice");

        // Its notice is two minutes long: until then it works on.
        Assert.Equal(1, node.Running);
    }

    private static QueueSpec Queue() => new()
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
                MaxInstances = 5,
                Offers = [AwsWorld.Spot(), AwsWorld.Spot("us-east-1b")],
                Billing = new Billing(TimeSpan.FromMinutes(1)),
                Template = AwsWorld.Template with { Zones = ["us-east-1a", "us-east-1b"] },
                Revision = "r1",
            },
        ],
    };
}
