using System.Diagnostics;
using System.Globalization;
using ControlPlane.Benchmarks.Measuring;
using ControlPlane.Benchmarks.Queues;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Emulators.Ec2;
using ControlPlane.Providers.Aws;
using ControlPlane.Providers.Secrets;
using Microsoft.Extensions.Logging.Abstractions;

namespace ControlPlane.Benchmarks.Ec2;

/// <summary>
/// Many machines of EC2 asked for at once, by one node from the first look to the last confirmed launch, against an emulated region in a process of its own with the limits of an
/// account as it is by default: 5 calls of RunInstances and 2 a second, 1,000 instances and 2 a second.
/// </summary>
internal static class LaunchBenchmark
{
    public const string NodeVerb = "ec2-node";
    private const int Burst = 1_000;
    private const double PerSecond = 2;

    public static async Task<int> RunAsync(TextWriter output, Sizes sizes)
    {
        foreach (var count in new[] { Burst, Burst + 40 })
        {
            var report = new Report(output, string.Create(CultureInfo.InvariantCulture, $"ec2 ({count:N0} machines at once)"));
            for (var run = 0; run < (sizes.Runs ?? 3); run++)
            {
                var folder = Directory.CreateTempSubdirectory("controlplane-bench-");
                try
                {
                    await Child.RunAsync(report, TimeSpan.FromMinutes(5), NodeVerb, folder.FullName, "--per-queue", count.ToString(CultureInfo.InvariantCulture));
                }
                finally
                {
                    folder.Delete(recursive: true);
                }
            }

            report.WriteTable();
        }

        return 0;
    }

    /// <summary>In the child.</summary>
    public static async Task<int> NodeAsync(string folder, Sizes sizes)
    {
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "AKIABENCH");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "secret");
        var count = sizes.PerQueue;
        await using (var emulator = await Ec2Emulator.StartProcessAsync())
        {
            var world = new BenchWorld();
            var node = await QueueNode.StartAsync(folder, world, platform: new AwsConnector("bench", null, new NodeSecrets(), TimeProvider.System, NullLogger<AwsProvider>.Instance));
            await node.ApplyAsync(Declare(count, emulator.Url));
            await node.AwakeAsync(1);
            var looked = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            world.SetTasks(1, count, () => looked.TrySetResult(Stopwatch.GetTimestamp()));
            var began = await looked.Task;
            while (await node.CountAsync(1, view => view.Instances.Count(i => i.Phase == Phase.Booting) == count) == 0)
                await Task.Delay(20);
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;

            var calls = (await emulator.CallsAsync()).Where(c => c.Action == "RunInstances").ToList();
            if (calls.Sum(c => c.Instances) != count || (await emulator.LogAsync()).Count != count)
                throw new InvalidOperationException($"{calls.Sum(c => c.Instances)} machines were launched, and {count} were asked for.");
            Child.Tell("calls of RunInstances", "", calls.Count);
            Child.Tell("of these throttled", "", calls.Count(c => c.Code == "RequestLimitExceeded"));
            Child.Tell("from the first call to the last", "s", (calls[^1].At - calls[0].At).TotalSeconds);
            Child.Tell("from the look until all are confirmed", "s", seconds);
            var limit = Math.Max(0, (count - Burst) / PerSecond);
            if (limit > 0)
                Child.Tell("the same, against what the account's limits allow", "x", seconds / limit);
        }

        return await Child.EndAsync();
    }

    private static Configuration Declare(int count, Uri endpoint)
    {
        var dollar = HourlyRate.FromDollars(1.006m);
        var declared = QueueNode.Declare(1, count);
        return declared with
        {
            Providers =
            [
                new ProviderSpec("platform", "aws", TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), PerSecond, 5)
                {
                    Limits = CallLimits.Ec2 with { LaunchBatch = 250 },
                    Aws = new AwsSpec("us-east-1") { Endpoint = endpoint.ToString() },
                },
            ],
            Pools =
            [
                declared.Pools[0] with
                {
                    Offers = [new Offer("g5.xlarge", "us-east-1a", Market.OnDemand, dollar, dollar, 1)],
                    Billing = new Billing(TimeSpan.FromMinutes(1)),
                    Template = new PoolTemplate.Aws { Types = ["g5.xlarge"], Zones = ["us-east-1a"], Image = new AwsImage { Id = "ami-0a1b2c3d4e5f60002" } },
                },
            ],
        };
    }
}
