using Amazon.EC2;
using Amazon.EC2.Model;
using Amazon.Runtime;
using ControlPlane.Simulation.Ec2;
using Microsoft.Extensions.Time.Testing;

namespace ControlPlane.Emulators.Ec2.Tests;

/// <summary>An emulator on a clock that stands still, and the SDK as it is, over HTTP.</summary>
internal sealed class Ec2World : IAsyncDisposable
{
    public const string Image = "ami-0a1b2c3d4e5f60002";

    private Ec2World(Ec2Emulator emulator, FakeTimeProvider time)
    {
        (Emulator, Time) = (emulator, time);
        Client = Connect();
    }

    public Ec2Emulator Emulator { get; }

    public FakeTimeProvider Time { get; }

    public AmazonEC2Client Client { get; }

    public static async Task<Ec2World> StartAsync(Ec2Settings? settings = null)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 0, 0, 0, TimeSpan.Zero));
        return new Ec2World(await Ec2Emulator.StartAsync(settings, time), time);
    }

    /// <summary>A client that repeats nothing by itself, so that a test sees each answer.</summary>
    public AmazonEC2Client Connect(string accessKey = "AKIATEST") => new(
        new BasicAWSCredentials(accessKey, "secret"),
        new AmazonEC2Config { ServiceURL = Emulator.Url.ToString(), AuthenticationRegion = "us-east-1", MaxErrorRetry = 0, Timeout = TimeSpan.FromSeconds(20) });

    public static RunInstancesRequest Launch(string token = "", string zone = "us-east-1a", int most = 1, int least = 1, string type = "g5.xlarge") => new()
    {
        ImageId = Image,
        InstanceType = type,
        MinCount = least,
        MaxCount = most,
        ClientToken = token.Length > 0 ? token : null,
        Placement = zone.Length > 0 ? new Placement { AvailabilityZone = zone } : null,
    };

    public static RunInstancesRequest Spot(string token = "", string zone = "us-east-1a", string? price = null)
    {
        var request = Launch(token, zone);
        request.InstanceMarketOptions = new InstanceMarketOptionsRequest
        {
            MarketType = MarketType.Spot,
            SpotOptions = new SpotMarketOptions
            {
                SpotInstanceType = SpotInstanceType.OneTime,
                InstanceInterruptionBehavior = InstanceInterruptionBehavior.Terminate,
                MaxPrice = price,
            },
        };
        return request;
    }

    /// <summary>The instances of a launch that succeeds.</summary>
    public async Task<List<Instance>> RunAsync(RunInstancesRequest request) => (await Client.RunInstancesAsync(request)).Reservation.Instances;

    public async Task<Instance> RunOneAsync(RunInstancesRequest? request = null) => Assert.Single(await RunAsync(request ?? Launch()));

    public async Task<List<Instance>> DescribeAsync(params Filter[] filters)
    {
        var answer = await Client.DescribeInstancesAsync(new DescribeInstancesRequest { Filters = [.. filters] });
        return [.. (answer.Reservations ?? []).SelectMany(r => r.Instances)];
    }

    public Task TerminateAsync(params string[] ids) => Client.TerminateInstancesAsync(new TerminateInstancesRequest { InstanceIds = [.. ids] });

    /// <summary>The error that a call is answered with.</summary>
    public static async Task<AmazonEC2Exception> ErrorAsync(Func<Task> call, string code)
    {
        var error = await Assert.ThrowsAsync<AmazonEC2Exception>(call);
        Assert.Equal(code, error.ErrorCode);
        return error;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Emulator.DisposeAsync();
    }
}
