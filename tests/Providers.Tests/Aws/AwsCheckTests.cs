using System.Text.Json.Nodes;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Secrets;
using ControlPlane.Providers.Aws;

namespace ControlPlane.Providers.Tests.Aws;

/// <summary>What a look over a provider finds, and by which credentials it is reached.</summary>
public sealed class AwsCheckTests : IAsyncLifetime
{
    private AwsWorld world = null!;

    public async Task InitializeAsync() => world = await AwsWorld.StartAsync();

    public async Task DisposeAsync() => await world.DisposeAsync();

    [Fact]
    public async Task Check_WhereAllIsWell_FindsNoFault()
    {
        var report = await CheckAsync(AwsWorld.Template with
        {
            Zones = [],
            Subnets = new Dictionary<string, string> { ["us-east-1a"] = "subnet-0e0e0e0e0e0e0e00a" },
            Market = AwsMarket.SpotThenOnDemand,
            Image = new AwsImage { Owner = "099720109477", Name = "ubuntu/images/*22.04-amd64*" },
            KeyPair = "workers",
            SecurityGroups = ["sg-0e0e0e0e0e0e0e002", "default"],
            InstanceProfile = "workers",
        });

        Assert.DoesNotContain(report.Findings, f => f.Verdict == Verdict.Failed);
        Assert.Contains(report.Findings, f => f.Subject == "credentials" && f.Message.Contains("123456789012", StringComparison.Ordinal));
        Assert.Contains(report.Findings, f => f.Subject == "pool gpu: image" && f.Message.StartsWith("ami-0a1b2c3d4e5f60002", StringComparison.Ordinal));
        Assert.Contains(report.Findings, f => f.Subject == "pool gpu: spot prices" && f.Message.Contains("g5.xlarge 0.", StringComparison.Ordinal));
        Assert.Equal(2, report.Findings.Count(f => f.Subject == "pool gpu: quota" && f.Verdict == Verdict.Ok));
        Assert.Contains(report.Findings, f => f.Message.Contains("40 vCPUs; 'Running On-Demand G and VT instances' (L-DB2E81BA) allows 1000000", StringComparison.Ordinal));
        Assert.Contains(report.Findings, f => f.Message.Contains("40 vCPUs; 'All G and VT Spot Instance Requests' (L-3819A6DF) allows 1000000", StringComparison.Ordinal));
        Assert.Contains(report.Findings, f => f.Subject == "pool gpu: launch" && f.Verdict == Verdict.Ok);
        Assert.Contains("iam:PassRole", report.Policy, StringComparison.Ordinal);
        Assert.Empty(await world.Emulator.LogAsync());
    }

    public static TheoryData<string, string, string, string> Wrong => new()
    {
        { "image", "pool gpu: image", "InvalidAMIID.NotFound", "each region" },
        { "image name", "pool gpu: image", "no image", "owner" },
        { "architecture", "pool gpu: image", "arm64", "architecture" },
        { "subnet", "pool gpu: subnet subnet-0e0e0e0e0e0effff0", "InvalidSubnetID.NotFound", "subnet" },
        { "zone", "pool gpu: subnet subnet-0e0e0e0e0e0e0e00b", "it is in us-east-1b", "under us-east-1b" },
        { "security group", "pool gpu: security groups", "InvalidGroup.NotFound", "security group" },
        { "key pair", "pool gpu: key pair", "InvalidKeyPair.NotFound", "key pair" },
        { "offering", "pool gpu: types in zones", "g5.xlarge is not offered in us-east-1a", "us-east-1b" },
        { "profile", "pool gpu: launch of g5.xlarge on demand in us-east-1a", "iamInstanceProfile", "aws keys" },
        { "launch permission", "pool gpu: launch of g5.xlarge on demand in us-east-1a", "UnauthorizedOperation", "IAM policy" },
        { "list permission", "permission ec2:DescribeInstances", "UnauthorizedOperation", "ec2:DescribeInstances" },
        { "credentials", "credentials", "AuthFailure", "accessKey" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Check_WhatIsWrong_IsFoundWithItsFix(string what, string subject, string message, string fix)
    {
        var template = what switch
        {
            "image" => AwsWorld.Template with { Image = new AwsImage { Id = "ami-0a1b2c3d4e5f6ffff" } },
            "image name" => AwsWorld.Template with { Image = new AwsImage { Owner = "self", Name = "nothing-*" } },
            "architecture" => AwsWorld.Template with { Image = new AwsImage { Id = "ami-0a1b2c3d4e5f60003" } },
            "subnet" => AwsWorld.Template with { Zones = [], Subnet = "subnet-0e0e0e0e0e0effff0" },
            "zone" => AwsWorld.Template with { Zones = [], Subnets = new Dictionary<string, string> { ["us-east-1a"] = "subnet-0e0e0e0e0e0e0e00b" } },
            "security group" => AwsWorld.Template with { SecurityGroups = ["sg-0e0e0e0e0e0effff0"] },
            "key pair" => AwsWorld.Template with { KeyPair = "nobody" },
            "profile" => AwsWorld.Template with { InstanceProfile = "nobody" },
            _ => AwsWorld.Template,
        };
        await world.Emulator.ChangeAsync(what switch
        {
            "offering" => new JsonObject { ["notOffered"] = new JsonArray("g5.xlarge@us-east-1a") },
            "launch permission" => new JsonObject { ["denied"] = new JsonArray("RunInstances") },
            "list permission" => new JsonObject { ["denied"] = new JsonArray("DescribeInstances") },
            "credentials" => new JsonObject { ["accessKeys"] = new JsonArray("AKIAOTHER") },
            _ => [],
        });

        var report = await CheckAsync(template);

        var failed = report.Findings.Where(f => f.Verdict == Verdict.Failed).ToList();
        var finding = Assert.Single(failed, f => f.Subject == subject);
        Assert.Single(failed);
        Assert.Contains(message, finding.Message, StringComparison.Ordinal);
        Assert.Contains(fix, finding.Fix, StringComparison.Ordinal);
        Assert.Empty(await world.Emulator.LogAsync());
    }

    [Theory]
    [InlineData(0, Verdict.Failed, "allows 0 in this region, not even one", "Ask AWS")]
    [InlineData(8, Verdict.Doubtful, "allows 8 in this region", "maxInstances")]
    [InlineData(40, Verdict.Ok, "allows 40 in this region", null)]
    public async Task Check_ItsQuota_IsComparedWithWhatThePoolMayNeed(int allowed, Verdict verdict, string message, string? fix)
    {
        await world.Emulator.ChangeAsync(new JsonObject { ["cpuQuotas"] = new JsonObject { ["g"] = allowed }, ["spotCpuQuotas"] = new JsonObject { ["g"] = 0 } });

        var found = Assert.Single((await CheckAsync(AwsWorld.Template)).Findings, f => f.Subject == "pool gpu: quota");

        Assert.Equal(verdict, found.Verdict);
        Assert.Contains(message, found.Message, StringComparison.Ordinal);
        Assert.True(fix is null || found.Fix!.Contains(fix, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Check_ItsQuotaMayNotBeRead_IsDoubtfulAndNoFault()
    {
        await world.Emulator.ChangeAsync(new JsonObject { ["denied"] = new JsonArray("GetServiceQuota") });

        var report = await CheckAsync(AwsWorld.Template);

        var found = Assert.Single(report.Findings, f => f.Subject == "pool gpu: quota");
        Assert.Equal(Verdict.Doubtful, found.Verdict);
        Assert.Contains("AccessDeniedException", found.Message, StringComparison.Ordinal);
        Assert.Contains("servicequotas:GetServiceQuota", found.Fix, StringComparison.Ordinal);
        Assert.Contains("servicequotas:GetServiceQuota", report.Policy, StringComparison.Ordinal);
        Assert.DoesNotContain(report.Findings, f => f.Verdict == Verdict.Failed);
    }

    [Theory]
    [InlineData("g5.xlarge", Domain.Pricing.Market.OnDemand, "L-DB2E81BA")]
    [InlineData("gr6.4xlarge", Domain.Pricing.Market.Spot, "L-3819A6DF")]
    [InlineData("p4d.24xlarge", Domain.Pricing.Market.OnDemand, "L-417A185B")]
    [InlineData("c7i.large", Domain.Pricing.Market.OnDemand, "L-1216C47A")]
    [InlineData("im4gn.large", Domain.Pricing.Market.Spot, "L-34B43A08")]
    [InlineData("trn1.2xlarge", Domain.Pricing.Market.OnDemand, null)]
    [InlineData("p4d.24xlarge", Domain.Pricing.Market.Spot, "L-7212CCBC")]
    [InlineData("p5.48xlarge", Domain.Pricing.Market.OnDemand, "L-417A185B")]
    [InlineData("p5.48xlarge", Domain.Pricing.Market.Spot, null)]
    public void Quota_OfAType_IsThatOfItsFamily(string type, Domain.Pricing.Market market, string? code) => Assert.Equal(code, AwsQuotas.CodeOf(type, market));

    [Fact]
    public async Task Connect_WithARoleAndItsExternalId_AssumesItOnce()
    {
        await world.Emulator.ChangeAsync(new JsonObject { ["externalId"] = "our-word" });
        using var provider = Connect(Account() with { RoleArn = "arn:aws:iam::123456789012:role/scaler", ExternalId = "our-word" });

        Assert.IsType<SweepOutcome.Complete>(await provider.SweepAsync(CancellationToken.None));
        Assert.IsType<SweepOutcome.Complete>(await provider.SweepAsync(CancellationToken.None));

        Assert.Equal(1, (await world.Emulator.CountsAsync())["AssumeRole:ok"]);
    }

    [Fact]
    public async Task Connect_WithAWrongExternalId_SaysSo()
    {
        await world.Emulator.ChangeAsync(new JsonObject { ["externalId"] = "our-word" });
        using var provider = Connect(Account() with { RoleArn = "arn:aws:iam::123456789012:role/scaler" });

        var broken = Assert.IsType<SweepOutcome.Incomplete>(await provider.SweepAsync(CancellationToken.None));

        Assert.Contains("sts:AssumeRole", broken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_WithAWebIdentity_NeedsNoKey()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "the-token\n");
        using var provider = Connect(Account() with { AccessKey = null, SecretKey = null, RoleArn = "arn:aws:iam::123456789012:role/scaler", WebIdentityTokenFile = file });

        Assert.IsType<SweepOutcome.Complete>(await provider.SweepAsync(CancellationToken.None));

        Assert.Equal(1, (await world.Emulator.CountsAsync())["AssumeRoleWithWebIdentity:ok"]);
        File.Delete(file);
    }

    [Fact]
    public async Task Connect_WithASecretThatIsNotThere_SaysWhereItShouldStand()
    {
        using var provider = Connect(Account() with { SecretKey = new SecretReference("env:NOT_THERE") });

        var broken = Assert.IsType<SweepOutcome.Incomplete>(await provider.SweepAsync(CancellationToken.None));

        Assert.Equal(ProviderFault.Misconfigured, broken.Fault);
        Assert.Contains("NOT_THERE", broken.Message, StringComparison.Ordinal);
    }

    private AwsSpec Account() => AwsWorld.Account(world.Emulator);

    private AwsProvider Connect(AwsSpec account) => world.Connect(account: account);

    private async Task<ProviderReport> CheckAsync(PoolTemplate.Aws template)
    {
        using var provider = world.Connect();
        var (offers, faults) = AwsOffers.Expand(template, new AwsSpec("us-east-1"), "aws");
        Assert.Empty(faults);
        return await provider.CheckAsync([new PoolSpec { Name = "gpu", Provider = "cloud", MaxInstances = 10, Offers = offers, Template = template }], CancellationToken.None);
    }
}
