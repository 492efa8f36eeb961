using System.Diagnostics;
using System.Net.Http.Json;
using ControlPlane.Benchmarks.Measuring;
using ControlPlane.Benchmarks.Queues;
using ControlPlane.Catalog;
using ControlPlane.Clustering;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Emulators.Ec2;
using ControlPlane.Tests.PostgreSql;

namespace ControlPlane.Benchmarks.Cluster;

/// <summary>
/// Three nodes on one PostgreSQL server that waits for its disk, each a process. Every queue is one of the embedded source and has a pool; every tenth may have instances,
/// which an emulated region of EC2 in another process launches.
/// </summary>
internal sealed class BenchCluster : IAsyncDisposable
{
    private const int Size = 3;

    /// <summary>One of so many queues has instances.</summary>
    private const int Tenth = 10;

    private const int TasksInRequest = 1_000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("controlplane-bench-");
    private readonly PostgresServer _server = new(durable: true);
    private readonly Sizes _sizes;
    private readonly List<ClusterNode> _nodes = [];
    private Ec2Emulator? _platform;

    private BenchCluster(Sizes sizes)
    {
        _sizes = sizes;
        ConnectionString = _server.NewDatabase();
    }

    public IReadOnlyList<ClusterNode> Nodes => _nodes;

    public string ConnectionString { get; }

    public int Instances => _platform is null ? 0 : QueuesWithInstances * _sizes.PerQueue;

    private int QueuesWithInstances => (_sizes.Queues + Tenth - 1) / Tenth;

    /// <summary>Starts all, and waits until every queue is awake, its instances are launched, and the shards are spread.</summary>
    /// <param name="sizes">Queues, and instances of each tenth.</param>
    /// <param name="instances">Whether there are any; without them all queues are paused, so that tasks launch nothing.</param>
    public static async Task<BenchCluster> StartAsync(Sizes sizes, bool instances)
    {
        var cluster = new BenchCluster(sizes);
        try
        {
            for (var i = 0; i < Size; i++)
                cluster._nodes.Add(new ClusterNode(Path.Combine(cluster._folder.FullName, $"node-{i + 1}"), cluster.ConnectionString));
            foreach (var node in cluster._nodes)
                node.Start();
            await Task.WhenAll(cluster._nodes.Select(n => n.ReadyAsync()));
            if (instances && sizes.PerQueue > 0)
                cluster._platform = await Ec2Emulator.StartProcessAsync("--limits", "0", "--boot", "1s");
            await cluster.ApplyAsync(cluster.Declare());
            await cluster.SettledAsync();
            if (cluster._platform is not null)
                await cluster.LaunchAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public bool HasInstances(int queue) => _platform is not null && queue % Tenth == 0;

    public ClusterNode NodeOf(string address, ClusterView view) =>
        _nodes.Single(n => n.Url == new Uri(view.Members.Single(m => m.Address == address).Url ?? throw new InvalidOperationException($"The cluster does not know where {address} listens.")));

    /// <summary>A task for each of these queues.</summary>
    public async Task SubmitAsync(IEnumerable<int> queues)
    {
        foreach (var some in queues.Chunk(TasksInRequest))
        {
            using var answer = await _nodes[0].Api.PostAsJsonAsync(
                "api/v1/tasks", new { tasks = some.Select(q => new { queue = BenchWorld.NameOf(q).Value, command = new[] { "train", "--epochs", "3" } }) });
            await ThrowIfRefusedAsync(answer);
        }
    }

    /// <summary>Waits until all nodes are ready, every entity is awake, and each node has its share of the queues.</summary>
    public async Task SettledAsync()
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            await Task.WhenAll(_nodes.Select(n => n.ReadyAsync()));
            var view = await _nodes[0].ClusterAsync();
            int[] scalers = [.. view.Members.Select(m => m.Shards.Where(s => s.Region == "scalers").Sum(s => s.Entities))];
            if (view.Members.Count == Size && view.Awake == view.Entities && view.Unreachable.Count == 0 && scalers.Sum() >= _sizes.Queues && scalers.Min() >= 0.9 * _sizes.Queues / Size
                && view.ReadModel.Offset == view.ReadModel.Head)
            {
                return;
            }

            if (Stopwatch.GetElapsedTime(began) > Patience)
                throw new InvalidOperationException($"The cluster does not settle: {view.Awake} of {view.Entities} entities are awake, queues by node: {string.Join(", ", scalers)}.");
            await Task.Delay(500);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        if (_platform is not null)
            await _platform.DisposeAsync();
        _server.Dispose();
        _folder.Delete(recursive: true);
    }

    private Configuration Declare()
    {
        var declared = QueueNode.Declare(_sizes.Queues, Math.Max(1, _sizes.PerQueue));
        if (_platform is null)
            return declared with { Queues = [.. declared.Queues.Select(q => q with { Paused = true })] };
        var dollar = HourlyRate.FromDollars(1.006m);
        return declared with
        {
            Providers =
            [
                .. declared.Providers,
                new ProviderSpec("ec2", "aws", TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), 1_000, 1_000)
                {
                    Aws = new AwsSpec("us-east-1") { Endpoint = _platform.Url.ToString() },
                    Limits = CallLimits.Ec2 with { InstancesPerSecond = 1_000, InstanceBurst = 10_000 },
                },
            ],
            Pools = [.. declared.Pools.Select((pool, i) => !HasInstances(i) ? pool : pool with
            {
                Provider = "ec2",
                MaxInstances = _sizes.PerQueue,
                MaxBootTime = TimeSpan.FromHours(24),
                Offers = [new Offer("g5.xlarge", "us-east-1a", Market.OnDemand, dollar, dollar, 1)],
                Billing = new Billing(TimeSpan.FromMinutes(1)),
                Template = new PoolTemplate.Aws { Types = ["g5.xlarge"], Zones = ["us-east-1a"], Image = new AwsImage { Id = "ami-0a1b2c3d4e5f60002" } },
            })],
        };
    }

    private async Task ApplyAsync(Configuration configuration)
    {
        using var document = new StringContent(ConfigurationDocument.Write(configuration));
        using var answer = await _nodes[0].Api.PutAsync(new Uri("api/v1/configuration", UriKind.Relative), document);
        await ThrowIfRefusedAsync(answer);
    }

    /// <summary>Nobody works on the machines: they go on booting, and their tasks go on waiting.</summary>
    private async Task LaunchAsync()
    {
        await SubmitAsync(Enumerable.Range(0, _sizes.Queues).Where(HasInstances).SelectMany(q => Enumerable.Repeat(q, _sizes.PerQueue)));
        var began = Stopwatch.GetTimestamp();
        while ((await _platform!.InstancesAsync()).Count < Instances)
        {
            if (Stopwatch.GetElapsedTime(began) > Patience)
                throw new InvalidOperationException($"Of {Instances} machines {(await _platform.InstancesAsync()).Count} were launched.");
            await Task.Delay(500);
        }

        await SettledAsync();
    }

    private static async Task ThrowIfRefusedAsync(HttpResponseMessage answer)
    {
        if (!answer.IsSuccessStatusCode)
            throw new InvalidOperationException($"{answer.RequestMessage!.RequestUri}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }
}
