using ControlPlane.Catalog;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pricing;
using ControlPlane.Providers.Aws;

namespace ControlPlane.Host.Tests.Catalog;

/// <summary>Providers and pools of the kind aws in the document.</summary>
public sealed class AwsDocumentTests
{
    private const string Whole = """
        version: 1
        sources: [{ name: embedded, kind: embedded }]
        providers:
        - name: cloud
          kind: aws
          aws:
            region: us-east-1
            profile: lab
            roleArn: arn:aws:iam::123456789012:role/scaler
            externalId: our-secret-handshake
        budgets: [{ name: lab, limit: 100 }]
        pools:
        - name: gpu
          provider: cloud
          maxInstances: 4
          fallbackAfter: 5m
          aws:
            types: [g5.2xlarge, g5.xlarge]
            subnets: { us-east-1b: subnet-0e0e0e0e0e0e0e00b, us-east-1a: subnet-0e0e0e0e0e0e0e00a }
            market: spotThenOnDemand
            order: cheapest
            image: { owner: "099720109477", name: "ubuntu/images/*22.04-amd64*" }
            disks:
            - { device: /dev/sda1, size: 100, iops: 4000, throughput: 250 }
            keyPair: lab
            securityGroups: [sg-0e0e0e0e0e0e0e001]
            instanceProfile: trainer
            tags: { team: vision, "cost center": "12" }
            tagOn: [instance, volume]
            launchSpec: '{"Placement": {"Tenancy": "dedicated"}}'
            spotPrices: { g5.xlarge: 0.40 }
            surcharge: 0.05
            diskPrice: 0.08
        queues: [{ name: default, source: embedded, budget: lab, pools: [gpu] }]
        """;

    /// <summary>A text of <see cref="Whole"/>, what to put in its place, and the fault: path, part of the message, part of the fix.</summary>
    public static TheoryData<string, string, string, string, string> Faulty => new()
    {
        { "kind: aws\n  aws:\n    region: us-east-1\n    profile: lab\n    roleArn: arn:aws:iam::123456789012:role/scaler\n    externalId: our-secret-handshake", "kind: aws", "providers[0].aws", "must say in which region", "region" },
        { "region: us-east-1", "region: US East", "providers[0].aws.region", "'US East'", "us-east-1" },
        { "profile: lab", "accessKey: env:KEY", "providers[0].aws.secretKey", "belong together", "both" },
        { "profile: lab", "accessKey: AKIA123\n    secretKey: env:SECRET", "providers[0].aws.accessKey", "no reference", "env:NAME" },
        { "profile: lab", "endpoint: localhost", "providers[0].aws.endpoint", "'localhost'", "http://" },
        { "roleArn: arn:aws:iam::123456789012:role/scaler", "roleArn: scaler", "providers[0].aws.roleArn", "'scaler'", "arn:aws:iam" },
        { "[g5.2xlarge, g5.xlarge]", "[g5.2xlarge, g5.xlarg]\n    prices: { }", "pools[0].aws.types[1]", "'g5.xlarg'", "Did you mean 'g5.xlarge'" },
        { "region: us-east-1", "region: eu-west-1", "pools[0].aws.types[0]", "in eu-west-1 is not known", "priceFactor" },
        { "types: [g5.2xlarge, g5.xlarge]", "types: []", "pools[0].aws.types", "no machine type", "g5.xlarge" },
        { "order: cheapest", "order: cheap", "pools[0].aws.order", "'cheap'", "cheapest" },
        { "subnets: { us-east-1b: subnet-0e0e0e0e0e0e0e00b,", "subnets: { us-east-1b: net-1,", "pools[0].aws.subnets.us-east-1b", "'net-1'", "subnet-" },
        { "market: spot", "zones: [us-east-1a]\n    market: spot", "pools[0].aws.subnets", "twice", "Keep one" },
        { "{ owner: \"099720109477\", name: \"ubuntu/images/*22.04-amd64*\" }", "{ name: ubuntu }", "pools[0].aws.image.owner", "belong together", "id" },
        { "{ owner: \"099720109477\", name: \"ubuntu/images/*22.04-amd64*\" }", "{ id: ami-1 }", "pools[0].aws.image.id", "'ami-1'", "ami-0" },
        { "{ owner: \"099720109477\", name: \"ubuntu/images/*22.04-amd64*\" }", "{ }", "pools[0].aws.image", "not named", "one of" },
        { "size: 100, iops: 4000, throughput: 250", "size: 100, type: gp2, throughput: 250", "pools[0].aws.disks[0].throughput", "gp2", "gp3" },
        { "team: vision", "controlplane:queue: x", "pools[0].aws.tags.controlplane:queue", "taken", "another" },
        { "[instance, volume]", "[instance, snapshot]", "pools[0].aws.tagOn[1]", "'snapshot'", "volume" },
        { "'{\"Placement\": {\"Tenancy\": \"dedicated\"}}'", "'{\"ClientToken\": \"x\"}'", "pools[0].aws.launchSpec", "ClientToken", "Remove" },
        { "'{\"Placement\": {\"Tenancy\": \"dedicated\"}}'", "'{'", "pools[0].aws.launchSpec", "no JSON", "JSON object" },
        { "'{\"Placement\": {\"Tenancy\": \"dedicated\"}}'", "'{\"Placemnt\": {}}'", "pools[0].aws.launchSpec", "'Placemnt'", "Placement" },
        { "spotPrices: { g5.xlarge: 0.40 }", "spotPrices: { g6.xlarge: 0.40 }", "pools[0].aws.spotPrices.g6.xlarge", "not one of", "types" },
        { "surcharge: 0.05", "price: 1", "pools[0].aws.price", "no key", "prices" },
        { "fallbackAfter: 5m", "fallbackAfter: 5m\n  price: 1", "pools[0].price", "made of its types", "prices" },
        { "fallbackAfter: 5m", "fallbackAfter: 5m\n  local: {}", "pools[0].local", "both", "Keep" },
    };

    [Theory]
    [MemberData(nameof(Faulty))]
    public void Parse_OneFault_IsFoundAtItsPlace(string from, string to, string path, string message, string fix)
    {
        var text = Whole.Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(Whole, text);

        var (configuration, faults) = ConfigurationDocument.Parse(text);

        Assert.Null(configuration);
        var fault = Assert.Single(faults, f => f.Path == path);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
        Assert.Contains(fix, fault.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_ExpandsTypesZonesAndMarkets_CheapestFirstAndSpotBeforeOnDemand()
    {
        var configuration = Parsed(Whole);

        var pool = Assert.Single(configuration.Pools);
        Assert.Equal(
            [
                "g5.xlarge spot in us-east-1a", "g5.xlarge spot in us-east-1b", "g5.2xlarge spot in us-east-1a", "g5.2xlarge spot in us-east-1b",
                "g5.xlarge on demand in us-east-1a", "g5.xlarge on demand in us-east-1b", "g5.2xlarge on demand in us-east-1a", "g5.2xlarge on demand in us-east-1b",
            ],
            pool.Offers.Select(o => o.Key.ToString()));

        // 100 GiB at $0.08 a month of 730 h are $0.010959 an hour, and the surcharge is $0.05: both are in every price.
        var extra = 0.05m + 0.010959m;
        Assert.Equal(HourlyRate.FromDollars(1.006m + extra), pool.Offers[0].WorstRate);
        Assert.Equal(HourlyRate.FromDollars(0.40m + extra), pool.Offers[0].Rate);
        Assert.Equal(pool.Offers[2].WorstRate, pool.Offers[2].Rate);
        Assert.All(pool.Offers, o => Assert.Equal(1, o.Gpus));
        Assert.Equal(TimeSpan.FromMinutes(1), pool.Billing.Minimum);
        Assert.Equal(TimeSpan.FromSeconds(5), configuration.Providers[0].SweepEvery);
    }

    [Fact]
    public void Parse_InOrder_KeepsTheOrderOfTheDocument()
    {
        var pool = Parsed(Whole.Replace("order: cheapest", "order: inOrder", StringComparison.Ordinal)).Pools[0];
        Assert.Equal("g5.2xlarge spot in us-east-1a", pool.Offers[0].Key.ToString());
    }

    [Fact]
    public void Parse_AnotherRegion_TakesTheFactorAndOwnPrices()
    {
        var pool = Parsed(Whole
            .Replace("region: us-east-1", "region: eu-west-1\n    priceFactor: 1.5", StringComparison.Ordinal)
            .Replace("surcharge: 0.05\n    diskPrice: 0.08", "prices: { g5.2xlarge: 9 }", StringComparison.Ordinal)
            .Replace("order: cheapest", "order: inOrder", StringComparison.Ordinal)).Pools[0];

        Assert.Equal(HourlyRate.FromDollars(9), pool.Offers[0].WorstRate);
        Assert.Equal(HourlyRate.FromDollars(1.006m * 1.5m), pool.Offers[2].WorstRate);
    }

    [Fact]
    public void Write_ThenParse_GivesTheSame()
    {
        var configuration = Parsed(Whole);

        var again = Parsed(ConfigurationDocument.Write(configuration));

        Assert.Equal(configuration, again);
        Assert.Empty(ConfigurationDiff.Between(configuration, again));
    }

    [Fact]
    public void Between_ChangesOfAwsKeys_AreNamed()
    {
        var before = Parsed(Whole);
        var after = Parsed(Whole.Replace("keyPair: lab", "keyPair: other", StringComparison.Ordinal).Replace("profile: lab", "profile: work", StringComparison.Ordinal));

        Assert.Equal(["aws.profile", "aws.keyPair"], ConfigurationDiff.Between(before, after).Select(c => c.Field));
    }

    [Fact]
    public void Parse_APoolOfTheWrongKind_IsAFault()
    {
        var (_, faults) = ConfigurationDocument.Parse(Whole.Replace("kind: aws\n  aws:\n    region: us-east-1\n    profile: lab\n    roleArn: arn:aws:iam::123456789012:role/scaler\n    externalId: our-secret-handshake", "kind: local", StringComparison.Ordinal));
        Assert.Contains(faults, f => f.Path == "pools[0].aws" && f.Message.Contains("of kind local", StringComparison.Ordinal));
    }

    [Fact]
    public void Page_ItsExampleIsValidAndItsPolicyIsTheLeastForIt()
    {
        var page = File.ReadAllText(Path.Combine(Root(), "docs", "aws.md"));
        var configuration = Parsed(Block(page, "yaml"));
        var policy = AwsPolicy.Write("controlplane", configuration.Pools);

        if (Environment.GetEnvironmentVariable("CONTROLPLANE_WRITE_SCHEMA") == "1")
        {
            page = page.Replace(Block(page, "json"), policy + "\n", StringComparison.Ordinal);
            File.WriteAllText(Path.Combine(Root(), "docs", "aws.md"), page);
        }

        Assert.Equal(8, configuration.Pools[0].Offers.Count);
        Assert.Equal(policy, Block(page, "json").TrimEnd());
    }

    private static string Block(string page, string language)
    {
        var from = page.IndexOf($"```{language}\n", StringComparison.Ordinal) + language.Length + 4;
        return page[from..page.IndexOf("```", from, StringComparison.Ordinal)];
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "ControlPlane.sln")))
            folder = folder.Parent;
        return folder.FullName;
    }

    private static Configuration Parsed(string text)
    {
        var (configuration, faults) = ConfigurationDocument.Parse(text);
        Assert.Empty(faults);
        return configuration!;
    }
}
