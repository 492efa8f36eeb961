using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using ControlPlane.Emulators.Ec2;
using ControlPlane.Tests.PostgreSql;

namespace ControlPlane.ClusterTests;

/// <summary>Three nodes, PostgreSQL and the EC2 emulator, each a process of its own; the machines' workers are played here. Started once for all scenarios.</summary>
public sealed class Arena : IAsyncLifetime
{
    public const int Queues = 200;

    /// <summary>What all machines may cost, in micro-dollars.</summary>
    public const long Limit = 500_000_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("controlplane-cluster-").FullName;
    private PostgresServer? _database;
    private Ec2Emulator? _emulator;

    /// <summary>What is random in the scenarios is drawn from it.</summary>
    public int Seed { get; } = int.TryParse(Environment.GetEnvironmentVariable("CONTROLPLANE_TEST_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Random.Shared.Next();

    internal PostgresServer Database => _database!;

    internal string ConnectionString { get; private set; } = "";

    internal Ec2Emulator Emulator => _emulator!;

    internal IReadOnlyList<ClusterNode> Nodes { get; private set; } = [];

    internal Players Players { get; private set; } = null!;

    internal Load Load { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _database = new PostgresServer(durable: false);
        ConnectionString = _database.NewDatabase();
        _emulator = await Ec2Emulator.StartProcessAsync("--boot", "1s", "--speed", "5", "--limits", "20", "--seed", Seed.ToString(CultureInfo.InvariantCulture));
        var configuration = Path.Combine(_folder, "controlplane.yaml");
        await File.WriteAllTextAsync(configuration, Document(_emulator.Url));
        Nodes = [.. Enumerable.Range(1, 3).Select(n => new ClusterNode(_folder, n, ConnectionString, configuration))];
        foreach (var node in Nodes)
            node.Proxy.Callers = () => [.. Nodes.Select(n => n.ProcessId)];
        foreach (var node in Nodes)
            node.Start();
        await ReadyAsync("the cluster has formed");
        Players = new Players(_emulator, [.. Nodes.Select(n => n.Url)], Seed);
        Load = new Load([.. Nodes.Select(n => n.Url)], Seed);
    }

    public async Task DisposeAsync()
    {
        if (Players is not null)
            await Players.DisposeAsync();
        foreach (var node in Nodes)
            node.Dispose();
        if (_emulator is not null)
            await _emulator.DisposeAsync();
        _database?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Waits until every node is ready and sees the same three nodes, all of them up and reachable.</summary>
    internal async Task ReadyAsync(string what)
    {
        await EventuallyAsync(
            async () =>
            {
                foreach (var node in Nodes)
                {
                    if (!await node.IsReadyAsync() || await ClusterOfAsync(node) is not { } seen)
                        return false;
                    var members = seen["members"]!.AsArray();
                    if (members.Count != Nodes.Count || members.Any(m => m!["status"]!.GetValue<string>() != "Up" || !m["reachable"]!.GetValue<bool>()))
                        return false;
                }

                return true;
            },
            TimeSpan.FromSeconds(150),
            async () => $"{what}:\n{string.Join('\n', await Task.WhenAll(Nodes.Select(async n => $"node {n.Number}: {(await ClusterOfAsync(n))?["members"]?.ToJsonString() ?? "no answer"}\n{n.Tail()}")))}");
    }

    internal static async Task<JsonObject?> ClusterOfAsync(ClusterNode node)
    {
        try
        {
            return await node.Api.GetFromJsonAsync<JsonObject>("api/v1/cluster");
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException)
        {
            return null;
        }
    }

    internal static async Task EventuallyAsync(Func<Task<bool>> condition, TimeSpan limit, Func<Task<string>> what)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > limit)
                Assert.Fail($"After {limit.TotalSeconds:0} s it is still not true that {await what()}");
            await Task.Delay(200);
        }
    }

    private static string Document(Uri emulator)
    {
        var text = new StringBuilder($"""
            version: 1
            sources: [{'{'} name: embedded, kind: embedded, pace: 1s {'}'}]
            providers:
              - {'{'} name: cloud, kind: aws, sweepEvery: 3s, consistencyWindow: 10s, orphanGrace: 10s, aws: {'{'} region: us-east-1, endpoint: "{emulator}" {'}'} {'}'}
            budgets: [{'{'} name: lab, limit: {Limit / 1_000_000}, window: total, whenDry: drain {'}'}]
            pools:

            """);
        for (var i = 0; i < Queues; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"  - {{ name: p{i:000}, provider: cloud, maxInstances: 2, maxBootTime: 1m, leaseLength: 2m, ");
            text.Append("aws: { types: [g5.xlarge], zones: [us-east-1a], image: { id: ami-0a1b2c3d4e5f60002 } } }\n");
        }

        text.Append("queues:\n");
        for (var i = 0; i < Queues; i++)
            text.Append(CultureInfo.InvariantCulture, $"  - {{ name: q{i:000}, source: embedded, budget: lab, maxIdleTime: 20s, pools: [p{i:000}] }}\n");
        return text.ToString();
    }
}
