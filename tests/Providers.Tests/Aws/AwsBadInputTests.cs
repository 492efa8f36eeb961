using System.Text.Json.Nodes;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Providers;
using ControlPlane.Providers.Bootstrap;
using ControlPlane.Providers.Secrets;

namespace ControlPlane.Providers.Tests.Aws;

/// <summary>What can never succeed is refused with AWS's words and the fix, and nothing starts.</summary>
public sealed class AwsBadInputTests : IAsyncLifetime
{
    private AwsWorld world = null!;

    public static TheoryData<string, string, string> Wrong => new()
    {
        { "image", "InvalidAMIID.NotFound", "image of this region" },
        { "image name", "InvalidAMIID.NotFound", "image of this region" },
        { "subnet", "InvalidSubnetID.NotFound", "subnet of this account" },
        { "security group", "InvalidGroup.NotFound", "security group" },
        { "key pair", "InvalidKeyPair.NotFound", "key pair" },
        { "instance profile", "InvalidParameterValue", "aws keys" },
        { "type", "InvalidParameterValue", "aws keys" },
        { "permission", "UnauthorizedOperation", "check provider" },
        { "quota", "VcpuLimitExceeded", "Service Quotas" },
        { "credentials", "AuthFailure", "credentials" },
        { "disk", "InvalidBlockDeviceMapping", "aws.disks" },
        { "launch specification", "no 'Placemnt'", "Did you mean Placement" },
        { "user data", "16,384", "mode: fetch" },
    };

    public async Task InitializeAsync() => world = await AwsWorld.StartAsync();

    public async Task DisposeAsync() => await world.DisposeAsync();

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Launch_OfWhatIsWrong_SaysWhatAndHowToMendItAndCostsNothing(string what, string words, string fix)
    {
        var template = what switch
        {
            "image" => AwsWorld.Template with { Image = new AwsImage { Id = "ami-0a1b2c3d4e5f6ffff" } },
            "image name" => AwsWorld.Template with { Image = new AwsImage { Owner = "self", Name = "nothing-*" } },
            "subnet" => AwsWorld.Template with { Zones = [], Subnet = "subnet-0e0e0e0e0e0effff0" },
            "security group" => AwsWorld.Template with { SecurityGroups = ["sg-0e0e0e0e0e0effff0"] },
            "key pair" => AwsWorld.Template with { KeyPair = "nobody" },
            "instance profile" => AwsWorld.Template with { InstanceProfile = "nobody" },
            "disk" => AwsWorld.Template with { Disks = [new AwsDisk("/dev/sda1") { Size = 1 }] },
            "launch specification" => AwsWorld.Template with { LaunchSpec = """{"Placemnt": {}}""" },
            _ => AwsWorld.Template,
        };
        var changes = what switch
        {
            "permission" => new JsonObject { ["denied"] = new JsonArray("RunInstances") },
            "quota" => new JsonObject { ["cpuQuotas"] = new JsonObject { ["g"] = 0 } },
            "credentials" => new JsonObject { ["accessKeys"] = new JsonArray("AKIAOTHER") },
            _ => [],
        };
        await world.Emulator.ChangeAsync(changes);
        var bootstrap = new GuestBootstrap("https://scale.example.org", new BootstrapTickets(new byte[ClusterKey.Length]), new NodeSecrets());
        var spec = what == "user data" ? new BootstrapSpec { Worker = WorkerKind.Command, Mode = BootstrapMode.Embedded, InitScript = new string('x', 20_000) } : null;
        var offer = what == "type" ? AwsWorld.OnDemand(type: "g5.tiny") : AwsWorld.OnDemand();

        var failed = await AwsWorld.FailAsync(world.Connect(bootstrap: bootstrap), AwsWorld.Batch(offer, template: template, bootstrap: spec));

        Assert.Equal(ProviderFault.Misconfigured, failed.Fault);
        Assert.Contains(words, failed.Message, StringComparison.Ordinal);
        Assert.Contains(fix, failed.Message, StringComparison.Ordinal);
        Assert.Empty(await world.Emulator.LogAsync());
        Assert.Equal(0, (await world.Emulator.BillAsync()).Total);
    }

    [Fact]
    public async Task Launch_WithABootstrap_GivesItsUserData()
    {
        var bootstrap = new GuestBootstrap("https://scale.example.org", new BootstrapTickets(new byte[ClusterKey.Length]), new NodeSecrets());

        Assert.IsType<LaunchOutcome.Launched>(await AwsWorld.LaunchOneAsync(world.Connect(bootstrap: bootstrap), AwsWorld.Batch(bootstrap: new BootstrapSpec())));
        var without = await AwsWorld.FailAsync(world.Connect(), AwsWorld.Batch(bootstrap: new BootstrapSpec()));

        Assert.Equal(ProviderFault.Misconfigured, without.Fault);
    }

    [Fact]
    public async Task Launch_BeyondAQuotaThatIsInUse_IsNoFaultOfThePool()
    {
        await world.Emulator.ChangeAsync(new JsonObject { ["cpuQuotas"] = new JsonObject { ["g"] = 4 } });
        await AwsWorld.LaunchOneAsync(world.Connect(), AwsWorld.Batch());

        Assert.Equal(ProviderFault.QuotaExceeded, (await AwsWorld.FailAsync(world.Connect(), AwsWorld.Batch())).Fault);
    }
}
