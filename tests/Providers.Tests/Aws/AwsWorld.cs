using Amazon.EC2;
using Amazon.Runtime;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Emulators.Ec2;
using ControlPlane.Providers.Aws;
using ControlPlane.Providers.Bootstrap;
using ControlPlane.Simulation.Ec2;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ControlPlane.Providers.Tests.Aws;

/// <summary>An emulated region on a clock of its own, and providers that reach it by the SDK as it is, over HTTP.</summary>
internal sealed class AwsWorld : IAsyncDisposable
{
    public const string Image = "ami-0a1b2c3d4e5f60002";
    private static int _ids;

    private AwsWorld(Ec2Emulator emulator, FakeTimeProvider time) => (Emulator, Time) = (emulator, time);

    public Ec2Emulator Emulator { get; }

    public FakeTimeProvider Time { get; }

    public static async Task<AwsWorld> StartAsync(Ec2Settings? settings = null)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 0, 0, 0, TimeSpan.Zero));
        return new AwsWorld(await Ec2Emulator.StartAsync(settings, time), time);
    }

    public AmazonEC2Client Client() => new(
        new BasicAWSCredentials("AKIATEST", "secret"),
        new AmazonEC2Config { ServiceURL = Emulator.Url.ToString(), AuthenticationRegion = "us-east-1", MaxErrorRetry = 0, Timeout = TimeSpan.FromSeconds(20) });

    /// <summary>A provider as a node has it after its start.</summary>
    public AwsProvider Connect(string cluster = "test", string name = "cloud", GuestBootstrap? bootstrap = null) =>
        new(Client(), new AwsProviderOptions { Name = name, Cluster = cluster, Bootstrap = bootstrap }, Time, NullLogger<AwsProvider>.Instance);

    public static PoolTemplate.Aws Template { get; } = new() { Types = ["g5.xlarge"], Zones = ["us-east-1a"], Image = new AwsImage { Id = Image } };

    public static Offer OnDemand(string zone = "us-east-1a", string type = "g5.xlarge") => new(type, zone, Market.OnDemand, HourlyRate.FromDollars(1.006m), HourlyRate.FromDollars(1.006m), 1);

    public static Offer Spot(string zone = "us-east-1a", string type = "g5.xlarge") => OnDemand(zone, type) with { Market = Market.Spot };

    public static LaunchBatch Batch(Offer? offer = null, int count = 1, PoolTemplate? template = null, BootstrapSpec? bootstrap = null)
    {
        var ids = Enumerable.Range(0, count).Select(_ => NewId()).ToArray();
        var pool = new PoolSpec { Name = "gpu", Provider = "cloud", MaxInstances = 1_000, Offers = [offer ?? OnDemand()], Template = template ?? Template, Bootstrap = bootstrap };
        return new LaunchBatch($"token-{ids[0]}", offer ?? OnDemand(), pool, [.. ids.Select(i => new LaunchIntent(i, new QueueName("training"), DateTimeOffset.UnixEpoch))]);
    }

    public static InstanceId NewId() => new($"01TEST{Environment.ProcessId:D10}{Interlocked.Increment(ref _ids):D10}");

    public static async Task<LaunchOutcome> LaunchOneAsync(AwsProvider provider, LaunchBatch batch) => Assert.Single(await provider.LaunchAsync(batch, CancellationToken.None));

    public static async Task<LaunchOutcome.Failed> FailAsync(AwsProvider provider, LaunchBatch batch) => Assert.IsType<LaunchOutcome.Failed>((await provider.LaunchAsync(batch, CancellationToken.None))[0]);

    public static async Task<IReadOnlyList<Machine>> SweepAsync(AwsProvider provider) => Assert.IsType<SweepOutcome.Complete>(await provider.SweepAsync(CancellationToken.None)).Machines;

    public static async Task<Machine> SeeOneAsync(AwsProvider provider) => Assert.Single(await SweepAsync(provider));

    public ValueTask DisposeAsync() => Emulator.DisposeAsync();
}
