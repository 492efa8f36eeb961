using Amazon.EC2;
using Amazon.EC2.Model;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Providers.Tests.Aws;

/// <summary>Machines of another autoscaler, on the emulator by the unmodified SDK.</summary>
public sealed class AwsAdoptionTests : IAsyncLifetime
{
    private AwsWorld world = null!;

    public async Task InitializeAsync() => world = await AwsWorld.StartAsync();

    public async Task DisposeAsync() => await world.DisposeAsync();

    [Fact]
    public async Task Adopt_MachineOfAnother_IsShownBySweepsAsTheIntents()
    {
        var native = await ForeignAsync();
        var provider = world.Connect();
        Assert.Empty(await AwsWorld.SweepAsync(provider));
        var batch = Adopting(native);
        var launched = Assert.IsType<LaunchOutcome.Launched>(Assert.Single(await provider.AdoptAsync(batch, CancellationToken.None)));
        Assert.Equal(native, launched.NativeId);
        var shown = await AwsWorld.SeeOneAsync(world.Connect());
        Assert.Equal((batch.Intents[0].Instance, new QueueName("training"), native), (shown.Instance, shown.Queue, shown.NativeId));

        // The other's own tags stay.
        using var client = world.Client();
        var tags = (await client.DescribeInstancesAsync(new DescribeInstancesRequest { InstanceIds = [native] })).Reservations[0].Instances[0].Tags;
        Assert.Contains(tags, t => t is { Key: "Name", Value: "theirs" });
        Assert.Equal(2, (await world.Emulator.CountsAsync()).Where(c => c.Key.StartsWith("RunInstances", StringComparison.Ordinal) || c.Key.StartsWith("CreateTags", StringComparison.Ordinal)).Sum(c => c.Value));
    }

    [Fact]
    public async Task Adopt_Again_ChangesNothing_AndAnotherIntentIsRefused()
    {
        var native = await ForeignAsync();
        var batch = Adopting(native);
        await world.Connect().AdoptAsync(batch, CancellationToken.None);
        Assert.IsType<LaunchOutcome.Launched>(Assert.Single(await world.Connect().AdoptAsync(batch, CancellationToken.None)));
        var refused = Assert.IsType<LaunchOutcome.Failed>(Assert.Single(await world.Connect().AdoptAsync(Adopting(native), CancellationToken.None)));
        Assert.Equal(ProviderFault.Misconfigured, refused.Fault);
        Assert.Equal(batch.Intents[0].Instance, (await AwsWorld.SeeOneAsync(world.Connect())).Instance);
    }

    [Fact]
    public async Task Adopt_MachineOfAnotherCluster_IsLeftToIt()
    {
        var native = await ForeignAsync();
        await world.Connect(cluster: "other").AdoptAsync(Adopting(native), CancellationToken.None);
        var refused = Assert.IsType<LaunchOutcome.Failed>(Assert.Single(await world.Connect().AdoptAsync(Adopting(native), CancellationToken.None)));
        Assert.Contains("cluster other", refused.Message, StringComparison.Ordinal);
        Assert.Empty(await AwsWorld.SweepAsync(world.Connect()));
    }

    [Fact]
    public async Task Adopt_MachineThatIsGoneOrWasNeverThere_IsRefused()
    {
        var native = await ForeignAsync();
        using var client = world.Client();
        await client.TerminateInstancesAsync(new TerminateInstancesRequest { InstanceIds = [native] });
        foreach (var id in (string[])[native, "i-0123456789abcdef0"])
        {
            var refused = Assert.IsType<LaunchOutcome.Failed>(Assert.Single(await world.Connect().AdoptAsync(Adopting(id), CancellationToken.None)));
            Assert.Equal(ProviderFault.Misconfigured, refused.Fault);
        }
    }

    [Fact]
    public async Task Adopt_TheSecondOfALaunchOfSeveral_IsTheRightIntents()
    {
        using var client = world.Client();
        var run = await client.RunInstancesAsync(new RunInstancesRequest { ImageId = AwsWorld.Image, InstanceType = InstanceType.G5Xlarge, MinCount = 3, MaxCount = 3 });
        var second = run.Reservation.Instances.Single(i => i.AmiLaunchIndex == 1).InstanceId;
        world.Time.Advance(TimeSpan.FromMinutes(1));
        var batch = Adopting(second);
        Assert.IsType<LaunchOutcome.Launched>(Assert.Single(await world.Connect().AdoptAsync(batch, CancellationToken.None)));
        var shown = await AwsWorld.SeeOneAsync(world.Connect());
        Assert.Equal((batch.Intents[0].Instance, second), (shown.Instance, shown.NativeId));
    }

    private static LaunchBatch Adopting(string native)
    {
        var batch = AwsWorld.Batch();
        return batch with { Intents = [batch.Intents[0] with { Adopts = native }] };
    }

    /// <summary>A machine as ClearML's autoscaler starts it.</summary>
    private async Task<string> ForeignAsync()
    {
        using var client = world.Client();
        var run = await client.RunInstancesAsync(new RunInstancesRequest
        {
            ImageId = AwsWorld.Image,
            InstanceType = InstanceType.G5Xlarge,
            MinCount = 1,
            MaxCount = 1,
            TagSpecifications = [new TagSpecification { ResourceType = ResourceType.Instance, Tags = [new Tag("Name", "theirs")] }],
        });
        world.Time.Advance(TimeSpan.FromMinutes(1));
        return run.Reservation.Instances[0].InstanceId;
    }
}
