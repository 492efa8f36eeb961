using System.Text;
using Amazon.EC2.Model;
using ControlPlane.Simulation.Ec2;

namespace ControlPlane.Emulators.Ec2.Tests;

public sealed class LaunchTests
{
    [Fact]
    public async Task Run_WithAllThatAProviderAsks_IsShownAsAsked()
    {
        await using var world = await Ec2World.StartAsync();
        var request = Ec2World.Launch("token-1", zone: "", most: 2, least: 2);
        request.SubnetId = "subnet-0e0e0e0e0e0e0e00b";
        request.SecurityGroupIds = ["sg-0e0e0e0e0e0e0e002"];
        request.KeyName = "workers";
        request.IamInstanceProfile = new IamInstanceProfileSpecification { Name = "workers" };
        request.UserData = Convert.ToBase64String(Encoding.UTF8.GetBytes("#!/bin/sh\necho hello\n"));
        request.InstanceInitiatedShutdownBehavior = "terminate";
        request.EbsOptimized = true;
        request.MetadataOptions = new InstanceMetadataOptionsRequest { HttpTokens = "required", HttpPutResponseHopLimit = 2, HttpEndpoint = "enabled", InstanceMetadataTags = "enabled" };
        request.BlockDeviceMappings =
        [
            new BlockDeviceMapping { DeviceName = "/dev/sda1", Ebs = new EbsBlockDevice { VolumeSize = 100, VolumeType = "gp3", Iops = 4000, Throughput = 250, Encrypted = true, DeleteOnTermination = true } },
            new BlockDeviceMapping { DeviceName = "/dev/sdf", Ebs = new EbsBlockDevice { SnapshotId = "snap-01", VolumeSize = 20 } },
        ];
        request.TagSpecifications =
        [
            new TagSpecification { ResourceType = "instance", Tags = [new Tag("Name", "worker"), new Tag("controlplane:instance", "01JAB")] },
            new TagSpecification { ResourceType = "volume", Tags = [new Tag("Name", "disk")] },
        ];

        var launched = await world.RunAsync(request);

        Assert.Equal(2, launched.Count);
        Assert.Equal([0, 1], launched.Select(i => i.AmiLaunchIndex!.Value));
        var shown = (await world.DescribeAsync()).OrderBy(i => i.AmiLaunchIndex).ToList();
        Assert.Equal(launched.Select(i => i.InstanceId), shown.Select(i => i.InstanceId));
        var instance = shown[0];
        Assert.Equal("g5.xlarge", instance.InstanceType);
        Assert.Equal("us-east-1b", instance.Placement.AvailabilityZone);
        Assert.Equal("subnet-0e0e0e0e0e0e0e00b", instance.SubnetId);
        Assert.Equal("pending", instance.State.Name);
        Assert.Equal(0, instance.State.Code);
        Assert.Equal("token-1", instance.ClientToken);
        Assert.Equal(world.Time.GetUtcNow().UtcDateTime, instance.LaunchTime!.Value.ToUniversalTime());
        Assert.Equal(["sg-0e0e0e0e0e0e0e002"], instance.SecurityGroups.Select(g => g.GroupId));
        Assert.Equal("worker", instance.Tags.Single(t => t.Key == "Name").Value);
        Assert.Equal("01JAB", instance.Tags.Single(t => t.Key == "controlplane:instance").Value);
        Assert.Equal("required", instance.MetadataOptions.HttpTokens);
        Assert.Equal(["/dev/sda1", "/dev/sdf"], instance.BlockDeviceMappings.Select(m => m.DeviceName));
        Assert.Null(instance.InstanceLifecycle);
        Assert.EndsWith("instance-profile/workers", instance.IamInstanceProfile.Arn, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_AsTimeGoesBy_GoesThroughItsStates()
    {
        await using var world = await Ec2World.StartAsync();
        var id = (await world.RunOneAsync()).InstanceId;

        async Task<string> StateAsync() => (await world.DescribeAsync()).Single(i => i.InstanceId == id).State.Name.Value;

        Assert.Equal("pending", await StateAsync());
        world.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("running", await StateAsync());
        await world.TerminateAsync(id);
        Assert.Equal("shutting-down", await StateAsync());
        world.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("terminated", await StateAsync());
        world.Time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal("terminated", await StateAsync());
        world.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Empty(await world.DescribeAsync());
    }

    [Fact]
    public async Task Token_UsedAgain_StartsNothingNewAndAnswersTheSame()
    {
        await using var world = await Ec2World.StartAsync();

        var first = await world.RunAsync(Ec2World.Launch("t", most: 3, least: 3));
        world.Time.Advance(TimeSpan.FromMinutes(1));
        var again = await world.RunAsync(Ec2World.Launch("t", most: 3, least: 3));

        Assert.Equal(first.Select(i => i.InstanceId), again.Select(i => i.InstanceId));
        Assert.All(again, i => Assert.Equal("running", i.State.Name));
        Assert.Equal(3, (await world.Emulator.LogAsync()).Count);
    }

    [Fact]
    public async Task Token_InAnotherZone_LaunchesAgain()
    {
        await using var world = await Ec2World.StartAsync();

        var first = await world.RunOneAsync(Ec2World.Launch("t"));
        var other = await world.RunOneAsync(Ec2World.Launch("t", "us-east-1b"));

        Assert.NotEqual(first.InstanceId, other.InstanceId);
    }

    [Fact]
    public async Task Token_WithOtherParameters_IsRefused()
    {
        await using var world = await Ec2World.StartAsync();
        await world.RunOneAsync(Ec2World.Launch("t"));

        await Ec2World.ErrorAsync(() => world.RunOneAsync(Ec2World.Launch("t", type: "g5.2xlarge")), "IdempotentParameterMismatch");
        await Ec2World.ErrorAsync(() => world.RunOneAsync(Ec2World.Spot("t")), "IdempotentParameterMismatch");

        Assert.Single(await world.Emulator.LogAsync());
    }

    [Fact]
    public async Task Token_OfWhatHasTerminated_IsRefusedForADayAndFreeAfterIt()
    {
        await using var world = await Ec2World.StartAsync();
        var first = await world.RunOneAsync(Ec2World.Launch("t"));
        await world.TerminateAsync(first.InstanceId);

        Assert.Equal(first.InstanceId, (await world.RunOneAsync(Ec2World.Launch("t"))).InstanceId);
        world.Time.Advance(TimeSpan.FromHours(2));
        await Ec2World.ErrorAsync(() => world.RunOneAsync(Ec2World.Launch("t")), "IdempotentInstanceTerminated");
        world.Time.Advance(TimeSpan.FromHours(23));
        Assert.NotEqual(first.InstanceId, (await world.RunOneAsync(Ec2World.Launch("t"))).InstanceId);
    }

    [Fact]
    public async Task Token_OfALaunchThatFailed_IsFree()
    {
        await using var world = await Ec2World.StartAsync(new Ec2Settings { Capacity = [new Ec2Capacity("g5.xlarge", "us-east-1a", "*", 0)] });
        await Ec2World.ErrorAsync(() => world.RunOneAsync(Ec2World.Launch("t")), "InsufficientInstanceCapacity");
        await world.Emulator.SetCapacityAsync();

        await world.RunOneAsync(Ec2World.Launch("t"));

        Assert.Single(await world.Emulator.LogAsync());
    }

    [Theory]
    [InlineData("InvalidAMIID.NotFound", "image")]
    [InlineData("InvalidAMIID.Malformed", "malformed image")]
    [InlineData("InvalidSubnetID.NotFound", "subnet")]
    [InlineData("InvalidGroup.NotFound", "group")]
    [InlineData("InvalidKeyPair.NotFound", "key")]
    [InlineData("InvalidParameterValue", "profile")]
    [InlineData("InvalidParameterValue", "type")]
    [InlineData("InvalidParameterValue", "zone")]
    [InlineData("InvalidParameterValue", "architecture")]
    [InlineData("InvalidParameterValue", "user data")]
    [InlineData("InvalidParameterValue", "tag")]
    [InlineData("InvalidBlockDeviceMapping", "root disk")]
    [InlineData("InvalidParameterCombination", "counts")]
    public async Task Run_ThatIsWrong_NamesTheFaultAndStartsNothing(string code, string wrong)
    {
        await using var world = await Ec2World.StartAsync();
        var request = Ec2World.Launch();
        switch (wrong)
        {
            case "image": request.ImageId = "ami-00000000000000000"; break;
            case "malformed image": request.ImageId = "image"; break;
            case "subnet": (request.SubnetId, request.Placement) = ("subnet-1", null); break;
            case "group": request.SecurityGroupIds = ["sg-1"]; break;
            case "key": request.KeyName = "nobody"; break;
            case "profile": request.IamInstanceProfile = new IamInstanceProfileSpecification { Name = "nobody" }; break;
            case "type": request.InstanceType = "g99.xlarge"; break;
            case "zone": request.Placement.AvailabilityZone = "us-east-1z"; break;
            case "architecture": request.InstanceType = "g5g.xlarge"; break;
            case "user data": request.UserData = Convert.ToBase64String(new byte[16_385]); break;
            case "tag": request.TagSpecifications = [new TagSpecification { ResourceType = "instance", Tags = [new Tag("aws:x", "1")] }]; break;
            case "root disk": request.BlockDeviceMappings = [new BlockDeviceMapping { DeviceName = "/dev/sda1", Ebs = new EbsBlockDevice { VolumeSize = 2 } }]; break;
            case "counts": (request.MinCount, request.MaxCount) = (2, 1); break;
        }

        await Ec2World.ErrorAsync(() => world.RunOneAsync(request), code);

        Assert.Empty(await world.Emulator.LogAsync());
    }

    [Fact]
    public async Task Run_WithAParameterThatTheEmulatorDoesNotKnow_NamesItAndStartsNothing()
    {
        await using var world = await Ec2World.StartAsync();
        var request = Ec2World.Launch();
        request.HibernationOptions = new HibernationOptionsRequest { Configured = true };

        var error = await Ec2World.ErrorAsync(() => world.RunOneAsync(request), "UnknownParameter");

        Assert.Contains("HibernationOptions.Configured", error.Message, StringComparison.Ordinal);
        Assert.Empty(await world.Emulator.LogAsync());
    }

    [Fact]
    public async Task Run_WithAnAlias_TakesTheImageThatItNames()
    {
        await using var world = await Ec2World.StartAsync();
        var request = Ec2World.Launch();
        request.ImageId = "resolve:ssm:/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id";

        Assert.Equal(Ec2World.Image, (await world.RunOneAsync(request)).ImageId);
    }
}
