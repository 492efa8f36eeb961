using System.Net;
using ControlPlane.Catalog;
using ControlPlane.Cli;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Host.Tests.Cli;
using ControlPlane.Host.Tests.Hosting;
using ControlPlane.Import;

namespace ControlPlane.Host.Tests.Import;

/// <summary>What is imported can be validated and applied as it is.</summary>
public sealed class ImportRoundTripTests : IDisposable
{
    private static readonly ImportOptions Options = new("aws_autoscaler.yaml", "https://api.clear.ml", false);

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("controlplane-import-");

    public void Dispose() => folder.Delete(true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Yaml_BecomesPoolsAndQueuesOfAws(bool embedded)
    {
        var made = AutoscalerImport.Make(ImportFiles.Yaml, Options with { Embedded = embedded });
        Assert.Empty(made.ToMend);
        var configuration = ConfigurationDocument.Parse(made.Document).Configuration!;
        var provider = Assert.Single(configuration.Providers);
        Assert.Equal(("us-east-1", "env:AWS_ACCESS_KEY_ID", (double?)null), (provider.Aws!.Region, provider.Aws.AccessKey?.Value, provider.Aws.PriceFactor));
        Assert.Equal(10, Assert.Single(configuration.Budgets).MaxInstances);

        Assert.Equal(["aws4gpu", "aws4gpu_spot", "small-machines"], configuration.Pools.Select(p => p.Name));
        var (gpu, spot, small) = (configuration.Pools[0], configuration.Pools[1], configuration.Pools[2]);
        var template = Assert.IsType<PoolTemplate.Aws>(gpu.Template);
        Assert.Equal((3, TimeSpan.FromMinutes(30), AwsMarket.OnDemand), (gpu.MaxInstances, gpu.MaxBootTime, template.Market));
        Assert.Equal(["g4dn.xlarge"], template.Types);
        Assert.Equal(["us-east-1c"], template.Zones);
        Assert.Equal(("ami-04129d3de24f88348", "gpu"), (template.Image.Id, template.KeyPair));
        Assert.Equal(["sg-0123456789abcdef0", "sg-0fedcba9876543210"], template.SecurityGroups);
        Assert.Equal(new AwsDisk("/dev/sda1") { Size = 100, Type = "gp3" }, Assert.Single(template.Disks));
        Assert.Equal("arn:aws:iam::123456789012:instance-profile/worker", template.InstanceProfile);
        Assert.Equal([KeyValuePair.Create("cost-center", "7"), KeyValuePair.Create("team", "vision")], template.Tags.OrderBy(t => t.Key, StringComparer.Ordinal));
        Assert.All(spot.Offers, o => Assert.Equal(Market.Spot, o.Market));
        var spotTemplate = Assert.IsType<PoolTemplate.Aws>(spot.Template);
        Assert.Contains("\"Tenancy\":\"dedicated\"", spotTemplate.LaunchSpec, StringComparison.Ordinal);
        Assert.Contains("\"Monitoring\"", spotTemplate.LaunchSpec, StringComparison.Ordinal);
        Assert.Equal([KeyValuePair.Create("us-east-1a", "subnet-0123456789abcdef0")], spotTemplate.Subnets);
        Assert.True(small.Bootstrap!.CpuOnly);

        var bootstrap = gpu.Bootstrap!;
        Assert.Equal((embedded ? BootstrapMode.Embedded : BootstrapMode.Fetch, "dynamic_worker", "nvidia/cuda:12.4.1-runtime-ubuntu22.04"), (bootstrap.Mode, bootstrap.WorkersPrefix, bootstrap.DockerImage));
        Assert.Equal(("robot", "env:GIT_TOKEN"), (bootstrap.GitUser, bootstrap.GitToken?.Value));
        Assert.Equal("apt-get install -y jq\nexport MODE=\"fast\"\n", bootstrap.InitScript);
        Assert.StartsWith("file:", bootstrap.ClearMlConfFrom?.Value, StringComparison.Ordinal);
        Assert.Equal(embedded, bootstrap.ClearMl is not null);

        Assert.Equal(["gpu_queue", "default"], configuration.Queues.Select(q => q.Name.Value));
        Assert.Equal(["aws4gpu", "aws4gpu_spot"], configuration.Queues[0].Pools);
        Assert.All(configuration.Queues, q => Assert.Equal((true, TimeSpan.FromMinutes(15)), (q.Paused, q.MaxIdleTime)));
        Assert.Equal(configuration, ConfigurationDocument.Parse(ConfigurationDocument.Write(configuration)).Configuration);
    }

    [Fact]
    public void AwsApp_BecomesASpotPoolWithItsFallback()
    {
        var made = AutoscalerImport.Make(ImportFiles.AwsApp, Options);
        Assert.Empty(made.ToMend);
        var configuration = ConfigurationDocument.Parse(made.Document).Configuration!;
        var aws = Assert.Single(configuration.Providers).Aws!;
        Assert.Equal(("eu-west-1", null, 1.5), (aws.Region, aws.AccessKey, aws.PriceFactor));
        var pool = Assert.Single(configuration.Pools);
        var template = Assert.IsType<PoolTemplate.Aws>(pool.Template);
        Assert.Equal((4, TimeSpan.FromMinutes(10), TimeSpan.FromHours(1), AwsMarket.SpotThenOnDemand), (pool.MaxInstances, pool.FallbackAfter, pool.SpotBlackout, template.Market));
        Assert.Equal(("subnet-0123456789abcdef0", "worker"), (template.Subnet, template.InstanceProfile));
        Assert.Equal(["instance", "volume"], template.TagOn);
        Assert.Equal(new AwsDisk("/dev/sda1") { Size = 200 }, Assert.Single(template.Disks));
        Assert.Equal((null, true, "echo hello", "dynamic_aws"), (pool.Bootstrap!.DockerImage, pool.Bootstrap.SkipBashrc, pool.Bootstrap.InitScript, pool.Bootstrap.WorkersPrefix));
        Assert.Equal(TimeSpan.FromMinutes(7.5), Assert.Single(configuration.Queues).MaxIdleTime);
        Assert.Contains(made.NoCounterpart, n => n.Contains("subnet-0fedcba9876543210", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Import_ValidateAndApply_ByTheCommandLine()
    {
        var (source, target) = (Path.Combine(folder.FullName, "aws_autoscaler.yaml"), Path.Combine(folder.FullName, "controlplane.yaml"));
        await File.WriteAllTextAsync(source, ImportFiles.Yaml);
        using var server = new ScriptedServer();
        var imported = await server.RunAsync("import", "clearml", source, "--out", target);
        Assert.Equal(ExitCode.Ok, imported.Exit);
        Assert.Contains("No counterpart: hyper_params.a_key_of_the_future: not understood", imported.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("To be mended", imported.Error, StringComparison.Ordinal);
        Assert.Empty(server.Seen);
        Assert.Equal(ExitCode.Ok, (await server.RunAsync("validate", "-f", target)).Exit);

        var again = await server.RunAsync("import", "clearml", source, "--out", target);
        Assert.Equal(ExitCode.Refused, again.Exit);
        Assert.Contains("is not overwritten", again.Error, StringComparison.Ordinal);
        var foreign = await server.RunAsync("import", "clearml", target);
        Assert.Equal(ExitCode.Refused, foreign.Exit);
        Assert.Contains("Nothing was written", foreign.Error, StringComparison.Ordinal);

        var node = new ApiFixture();
        await node.InitializeAsync();
        try
        {
            using var answer = await node.PutAsync(await File.ReadAllTextAsync(target));
            Assert.True(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
            Assert.Contains("aws4gpu_spot", (await node.GetAsync("/api/v1/configuration")).GetRawText(), StringComparison.Ordinal);
        }
        finally
        {
            await node.DisposeAsync();
        }
    }
}
