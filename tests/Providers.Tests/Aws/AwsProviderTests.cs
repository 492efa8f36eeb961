using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Emulators.Ec2;
using ControlPlane.Providers.Aws;
using ControlPlane.Simulation.Ec2;
using Microsoft.Extensions.Logging.Abstractions;

namespace ControlPlane.Providers.Tests.Aws;

/// <summary>What every provider promises, of the provider of AWS: over HTTP on the emulator, by the unmodified SDK.</summary>
public sealed class AwsProviderContractTests : ProviderContract, IAsyncLifetime
{
    private Ec2Emulator? _emulator;

    protected override PoolTemplate Template => AwsWorld.Template;

    protected override Offer Offer { get; } = AwsWorld.OnDemand();

    public async Task InitializeAsync() => _emulator = await Ec2Emulator.StartAsync(new Ec2Settings
    {
        Pending = TimeSpan.FromMilliseconds(100),
        Boot = TimeSpan.FromMilliseconds(200),
        Shutdown = TimeSpan.FromMilliseconds(100),
        LimitScale = 0,
    });

    public async Task DisposeAsync() => await _emulator!.DisposeAsync();

    protected override IComputeProvider Connect() =>
        new AwsConnector("test", null, new AwsWorld.Keys(), TimeProvider.System, NullLogger<AwsProvider>.Instance).Connect(AwsWorld.Provider(AwsWorld.Account(_emulator!)));
}

/// <summary>How machines are launched, seen and ended on EC2.</summary>
public sealed class AwsProviderTests : IAsyncLifetime
{
    private AwsWorld world = null!;

    public async Task InitializeAsync() => world = await AwsWorld.StartAsync();

    public async Task DisposeAsync() => await world.DisposeAsync();

    [Fact]
    public async Task Launch_ABatchOf250_IsOneCallAndEachMachineIsKnownByItsPlace()
    {
        var provider = world.Connect();
        var batch = AwsWorld.Batch(count: 250, template: AwsWorld.Template with { Tags = Enumerable.Range(0, 15).ToDictionary(i => $"tag-{i}", i => new string('x', 200)) });

        var outcomes = await provider.LaunchAsync(batch, CancellationToken.None);

        var launched = outcomes.Select(o => Assert.IsType<LaunchOutcome.Launched>(o)).ToDictionary(l => l.Instance, l => l.NativeId);
        Assert.Equal(1, (await world.Emulator.CountsAsync())["RunInstances:ok"]);
        var machines = await AwsWorld.SweepAsync(world.Connect());
        Assert.Equal(launched.OrderBy(l => l.Key), machines.ToDictionary(m => m.Instance, m => m.NativeId).OrderBy(m => m.Key));
    }

    [Fact]
    public async Task Launch_MoreThanTagsHaveRoomFor_IsRefusedBeforeAnythingStarts()
    {
        var failed = await AwsWorld.FailAsync(world.Connect(), AwsWorld.Batch(count: 450));

        Assert.Equal(ProviderFault.Misconfigured, failed.Fault);
        Assert.Contains("launchBatch", failed.Message, StringComparison.Ordinal);
        Assert.Empty(await world.Emulator.LogAsync());
    }

    [Fact]
    public async Task Launch_SetsAllThatThePoolSays()
    {
        var template = AwsWorld.Template with
        {
            Zones = [],
            Subnets = new Dictionary<string, string> { ["us-east-1b"] = "subnet-0e0e0e0e0e0e0e00b" },
            Disks = [new AwsDisk("/dev/sda1") { Size = 100, Iops = 4_000, Throughput = 250, Encrypted = true }, new AwsDisk("/dev/sdf") { Size = 20, Type = "gp2" }],
            KeyPair = "workers",
            SecurityGroups = ["sg-0e0e0e0e0e0e0e002"],
            InstanceProfile = "workers",
            Tags = new Dictionary<string, string> { ["team"] = "vision" },
            TagOn = ["instance"],
            LaunchSpec = """{"EbsOptimized": true, "Monitoring": {"Enabled": true}, "MetadataOptions": {"InstanceMetadataTags": "enabled"}}""",
            UserData = "#!/bin/sh\necho hello\n",
        };

        Assert.Equal("launched", await AwsWorld.LaunchOneAsync(world.Connect(), AwsWorld.Batch(AwsWorld.Spot("us-east-1b"), template: template)) is LaunchOutcome.Failed f ? f.Message : "launched");

        using var client = world.Client();
        var instance = (await client.DescribeInstancesAsync(new Amazon.EC2.Model.DescribeInstancesRequest())).Reservations[0].Instances[0];
        Assert.Equal("us-east-1b", instance.Placement.AvailabilityZone);
        Assert.Equal("workers", instance.KeyName);
        Assert.Equal("sg-0e0e0e0e0e0e0e002", instance.SecurityGroups[0].GroupId);
        Assert.EndsWith("/workers", instance.IamInstanceProfile.Arn, StringComparison.Ordinal);
        Assert.True(instance.EbsOptimized);
        Assert.Equal("required", instance.MetadataOptions.HttpTokens.Value);
        Assert.Equal("enabled", instance.MetadataOptions.InstanceMetadataTags.Value);
        Assert.Equal(2, instance.MetadataOptions.HttpPutResponseHopLimit);
        Assert.Contains(instance.Tags, t => t is { Key: "team", Value: "vision" });
        Assert.Contains(instance.Tags, t => t is { Key: "Name", Value: "test gpu" });
        Assert.Equal("spot", instance.InstanceLifecycle.Value);
        var entry = Assert.Single(await world.Emulator.LogAsync());
        Assert.Equal("spot", entry.Market);
    }

    [Fact]
    public async Task Launch_WithAPartialFill_IsAnAnswerForEach()
    {
        await world.Emulator.SetCapacityAsync(new Ec2Capacity("g5.xlarge", "us-east-1a", "*", 2));
        var batch = AwsWorld.Batch(count: 3);

        var outcomes = await world.Connect().LaunchAsync(batch, CancellationToken.None);

        Assert.IsType<LaunchOutcome.Launched>(outcomes[0]);
        Assert.IsType<LaunchOutcome.Launched>(outcomes[1]);
        var failed = Assert.IsType<LaunchOutcome.Failed>(outcomes[2]);
        Assert.Equal(ProviderFault.InsufficientCapacity, failed.Fault);
        Assert.Contains("2 of 3", failed.Message, StringComparison.Ordinal);
        Assert.Equal(outcomes, await world.Connect().LaunchAsync(batch, CancellationToken.None));
    }

    [Fact]
    public async Task Launch_WithoutCapacity_NamesTheZonesThatHaveIt()
    {
        await world.Emulator.SetCapacityAsync(new Ec2Capacity("g5.xlarge", "us-east-1a", "*", 0), new Ec2Capacity("g5.xlarge", "us-east-1c", "*", 0));

        var failed = await AwsWorld.FailAsync(world.Connect(), AwsWorld.Batch());

        Assert.Equal(ProviderFault.InsufficientCapacity, failed.Fault);
        Assert.Equal(["us-east-1b", "us-east-1d"], failed.Zones!.Order());
    }

    [Fact]
    public async Task Launch_WhoseAnswerIsLost_IsAnsweredWhenAskedAgain()
    {
        var provider = world.Connect();
        var batch = AwsWorld.Batch(count: 2);
        await world.Emulator.AddFaultsAsync(new Ec2Fault { Kind = Ec2FaultKind.Lost, Action = "RunInstances" });

        var lost = await AwsWorld.FailAsync(provider, batch);
        await world.Emulator.ClearFaultsAsync();
        var again = await provider.LaunchAsync(batch, CancellationToken.None);

        Assert.Equal(ProviderFault.Indeterminate, lost.Fault);
        Assert.All(again, o => Assert.IsType<LaunchOutcome.Launched>(o));
        Assert.Equal(2, (await world.Emulator.LogAsync()).Count);

        // Nothing on the way sent it again by itself.
        Assert.Equal(2, (await world.Emulator.CountsAsync())["RunInstances:ok"]);
    }

    [Fact]
    public async Task Launch_RefusedAfterALostAnswer_IsNotRefusedBeforeItsMachinesWereLookedFor()
    {
        var provider = world.Connect();
        var batch = AwsWorld.Batch();
        await world.Emulator.AddFaultsAsync(
            new Ec2Fault { Kind = Ec2FaultKind.Lost, Action = "RunInstances" },
            new Ec2Fault { Kind = Ec2FaultKind.ShownLate, Delay = TimeSpan.FromSeconds(10) });
        await AwsWorld.FailAsync(provider, batch);
        await world.Emulator.ClearFaultsAsync();
        await world.Emulator.ChangeAsync(new() { ["denied"] = new System.Text.Json.Nodes.JsonArray("RunInstances") });

        var early = await AwsWorld.FailAsync(provider, batch);
        world.Time.Advance(TimeSpan.FromSeconds(15));
        var late = await AwsWorld.LaunchOneAsync(provider, batch);

        Assert.Equal(ProviderFault.Indeterminate, early.Fault);
        Assert.IsType<LaunchOutcome.Launched>(late);
    }

    [Fact]
    public async Task Launch_RefusedAfterALostCallWithoutEffect_IsRefusedOnceNothingCanAppearAnyMore()
    {
        var provider = world.Connect();
        var batch = AwsWorld.Batch();
        await world.Emulator.AddFaultsAsync(new Ec2Fault { Kind = Ec2FaultKind.Dropped, Action = "RunInstances" });
        await AwsWorld.FailAsync(provider, batch);
        await world.Emulator.ClearFaultsAsync();
        await world.Emulator.SetCapacityAsync(new Ec2Capacity("*", "*", "*", 0));

        var early = await AwsWorld.FailAsync(provider, batch);
        world.Time.Advance(TimeSpan.FromSeconds(31));
        var late = await AwsWorld.FailAsync(provider, batch);

        Assert.Equal(ProviderFault.Indeterminate, early.Fault);
        Assert.Equal(ProviderFault.InsufficientCapacity, late.Fault);
    }

    [Fact]
    public async Task Launch_RepeatedWithOtherParameters_TellsWhatTheTokenLaunched()
    {
        var batch = AwsWorld.Batch();
        var first = await AwsWorld.LaunchOneAsync(world.Connect(), batch);

        var changed = batch with { Pool = batch.Pool with { Template = AwsWorld.Template with { KeyPair = "workers" } } };
        var again = await AwsWorld.LaunchOneAsync(world.Connect(), changed);

        Assert.Equal(first, again);
        Assert.Single(await world.Emulator.LogAsync());
    }

    [Fact]
    public async Task Sweep_OfManyPages_ThatBreaksOff_IsIncomplete()
    {
        // 1,000 a page: two pages.
        await world.Emulator.ChangeAsync(new() { ["limitScale"] = 0 });
        var provider = world.Connect();
        for (var i = 0; i < 5; i++)
            await provider.LaunchAsync(AwsWorld.Batch(count: 250), CancellationToken.None);
        var whole = await AwsWorld.SweepAsync(provider);
        await world.Emulator.AddFaultsAsync(new Ec2Fault { Kind = Ec2FaultKind.Error, Action = "DescribeInstances", FromPage = 2 });

        var broken = Assert.IsType<SweepOutcome.Incomplete>(await provider.SweepAsync(CancellationToken.None));

        Assert.Equal(1_250, whole.Count);
        Assert.Equal(1_000, broken.Machines.Count);
        Assert.Equal(ProviderFault.Indeterminate, broken.Fault);
    }

    [Fact]
    public async Task Sweep_ShowsOnlyMachinesOfThisClusterAndProvider()
    {
        await AwsWorld.LaunchOneAsync(world.Connect("other"), AwsWorld.Batch());
        await AwsWorld.LaunchOneAsync(world.Connect(name: "second"), AwsWorld.Batch());

        Assert.Empty(await AwsWorld.SweepAsync(world.Connect()));
    }

    [Fact]
    public async Task Sweep_AnInterruption_IsSeenFromItsMarkOn()
    {
        var provider = world.Connect();
        var launched = Assert.IsType<LaunchOutcome.Launched>(await AwsWorld.LaunchOneAsync(provider, AwsWorld.Batch(AwsWorld.Spot())));
        world.Time.Advance(TimeSpan.FromMinutes(5));
        var before = await AwsWorld.SeeOneAsync(provider);
        await world.Emulator.InterruptAsync(launched.NativeId);
        var marked = await AwsWorld.SeeOneAsync(provider);
        world.Time.Advance(TimeSpan.FromMinutes(3));
        var after = await AwsWorld.SeeOneAsync(provider);

        Assert.Null(before.InterruptionAt);
        Assert.Equal(world.Time.Start + TimeSpan.FromMinutes(7), marked.InterruptionAt);
        Assert.Equal(MachineState.Running, marked.State);
        Assert.Equal(MachineState.Ended, after.State);
        Assert.Equal(MachineEnd.Preempted, after.End);
        // EC2 tells the second in which it ended: that counts in full.
        Assert.Equal(world.Time.Start + TimeSpan.FromMinutes(7) + TimeSpan.FromSeconds(1), after.EndedAt);
        Assert.Contains("Spot", after.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sweep_ANoticeThatWasSeen_StaysWhileItsListFails()
    {
        var provider = world.Connect();
        var launched = Assert.IsType<LaunchOutcome.Launched>(await AwsWorld.LaunchOneAsync(provider, AwsWorld.Batch(AwsWorld.Spot())));
        world.Time.Advance(TimeSpan.FromMinutes(1));
        await world.Emulator.InterruptAsync(launched.NativeId);
        var marked = await AwsWorld.SeeOneAsync(provider);
        await world.Emulator.AddFaultsAsync(new Ec2Fault { Kind = Ec2FaultKind.Error, Action = "DescribeSpotInstanceRequests" });

        Assert.NotNull(marked.InterruptionAt);
        Assert.Equal(marked, await AwsWorld.SeeOneAsync(provider));
    }

    [Fact]
    public async Task Sweep_SpotMachines_BearTheHighestPriceSeenWithWhatIsPaidBeside()
    {
        await world.Emulator.SetSpotPriceAsync("g5.xlarge", "us-east-1a", 0.40m);
        var provider = world.Connect();
        await AwsWorld.LaunchOneAsync(provider, AwsWorld.Batch(AwsWorld.Spot() with { WorstRate = HourlyRate.FromDollars(1.056m) }, template: AwsWorld.Template with { Surcharge = HourlyRate.FromDollars(0.05m) }));

        var first = await AwsWorld.SeeOneAsync(provider);
        world.Time.Advance(TimeSpan.FromMinutes(10));
        await world.Emulator.SetSpotPriceAsync("g5.xlarge", "us-east-1a", 0.60m);
        world.Time.Advance(TimeSpan.FromMinutes(10));
        var second = await AwsWorld.SeeOneAsync(provider);
        await world.Emulator.SetSpotPriceAsync("g5.xlarge", "us-east-1a", 0.30m);
        world.Time.Advance(TimeSpan.FromMinutes(10));
        var third = await AwsWorld.SeeOneAsync(provider);

        Assert.Equal(HourlyRate.FromDollars(0.45m), first.Rate);
        Assert.Equal(HourlyRate.FromDollars(0.65m), second.Rate);
        Assert.Equal(HourlyRate.FromDollars(0.65m), third.Rate);
    }

    [Fact]
    public async Task Sweep_OnDemandMachines_BearNoPriceAndCostNoCallBeside()
    {
        await AwsWorld.LaunchOneAsync(world.Connect(), AwsWorld.Batch());

        Assert.Null((await AwsWorld.SeeOneAsync(world.Connect())).Rate);
        Assert.Equal(["DescribeInstances:ok", "RunInstances:ok"], (await world.Emulator.CountsAsync()).Keys.Order());
    }

    [Theory]
    [InlineData("exit", MachineEnd.Itself)]
    [InlineData("crash", MachineEnd.Preempted)]
    [InlineData("terminate", MachineEnd.Requested)]
    public async Task Sweep_TellsWhoEndedAMachine(string act, MachineEnd end)
    {
        var provider = world.Connect();
        var launched = Assert.IsType<LaunchOutcome.Launched>(await AwsWorld.LaunchOneAsync(provider, AwsWorld.Batch()));
        world.Time.Advance(TimeSpan.FromMinutes(1));
        await (act switch
        {
            "exit" => world.Emulator.ExitAsync(launched.NativeId),
            "crash" => world.Emulator.CrashAsync(launched.NativeId),
            _ => world.Emulator.TerminateAsync(launched.NativeId),
        });
        world.Time.Advance(TimeSpan.FromMinutes(1));

        var machine = await AwsWorld.SeeOneAsync(provider);
        Assert.Equal(MachineState.Ended, machine.State);
        Assert.Equal(end, machine.End);
    }

    [Fact]
    public async Task Terminate_OneThatEc2DoesNotKnow_SparesNoOther()
    {
        var provider = world.Connect();
        var launched = Assert.IsType<LaunchOutcome.Launched>(await AwsWorld.LaunchOneAsync(provider, AwsWorld.Batch()));

        var outcomes = await provider.TerminateAsync(
            [new InstanceRef(AwsWorld.NewId(), "i-0123456789abcdef0"), new InstanceRef(launched.Instance, launched.NativeId)], CancellationToken.None);

        Assert.All(outcomes, o => Assert.Null(o.Fault));
        Assert.Equal("shutting-down", Assert.Single(await world.Emulator.LogAsync()).State);
    }

    [Fact]
    public async Task Terminate_Throttled_TellsSoForEach()
    {
        var provider = world.Connect();
        var launched = Assert.IsType<LaunchOutcome.Launched>(await AwsWorld.LaunchOneAsync(provider, AwsWorld.Batch()));
        await world.Emulator.AddFaultsAsync(new Ec2Fault { Kind = Ec2FaultKind.Error, Action = "TerminateInstances", Code = "RequestLimitExceeded" });

        var outcome = Assert.Single(await provider.TerminateAsync([new InstanceRef(launched.Instance, launched.NativeId)], CancellationToken.None));

        Assert.Equal(ProviderFault.Throttled, outcome.Fault);
    }

    [Fact]
    public async Task ReadConsole_GivesTheLastBytes()
    {
        var provider = world.Connect();
        var batch = AwsWorld.Batch();
        await AwsWorld.LaunchOneAsync(provider, batch);
        var reference = new InstanceRef(batch.Intents[0].Instance, null);
        var early = await provider.ReadConsoleAsync(reference, 1_000, CancellationToken.None);
        world.Time.Advance(TimeSpan.FromMinutes(1));
        var whole = await provider.ReadConsoleAsync(reference, 10_000, CancellationToken.None);

        Assert.Null(early);
        Assert.StartsWith("[    0.000000] Linux version", whole, StringComparison.Ordinal);
        Assert.Equal(whole![^10..], await provider.ReadConsoleAsync(reference, 10, CancellationToken.None));
    }

    [Fact]
    public async Task Launch_OfAnImageByName_TakesTheNewest()
    {
        var template = AwsWorld.Template with { Image = new AwsImage { Owner = "099720109477", Name = "ubuntu/images/*22.04-amd64*" } };
        await AwsWorld.LaunchOneAsync(world.Connect(), AwsWorld.Batch(template: template));
        await AwsWorld.LaunchOneAsync(
            world.Connect(), AwsWorld.Batch(template: template with { Image = new AwsImage { Parameter = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64" } }));

        using var client = world.Client();
        var images = (await client.DescribeInstancesAsync(new Amazon.EC2.Model.DescribeInstancesRequest())).Reservations.Select(r => r.Instances[0].ImageId);
        Assert.Equal(["ami-0a1b2c3d4e5f60002", "ami-0a1b2c3d4e5f60004"], images);
    }
}
