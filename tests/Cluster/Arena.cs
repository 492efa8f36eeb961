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
    private PostgresServer? _database;
    private Ec2Emulator? _emulator;

    /// <summary>What is random in the scenarios is drawn from it.</summary>
    public int Seed { get; } = int.TryParse(Environment.GetEnvironmentVariable("CONTROLPLANE_TEST_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Random.Shared.Next();

    /// <summary>The scenario that failed: then the others are not run, and the nodes' logs are kept.</summary>
    internal string? Failed { get; set; }

    /// <summary>Where the nodes' logs and data are.</summary>
    internal string Folder { get; } = Directory.CreateTempSubdirectory("controlplane-cluster-").FullName;

    internal PostgresServer Database => _database!;

    internal string ConnectionString { get; private set; } = "";

    internal Ec2Emulator Emulator => _emulator!;

    internal IReadOnlyList<ClusterNode> Nodes { get; private set; } = [];

    internal Players Players { get; private set; } = null!;

    internal Load Load { get; private set; } = null!;

    /// <summary>Hears of every decision from the beginning, at whichever node is there.</summary>
    internal Follower Decisions { get; private set; } = null!;

    /// <summary>The limit of the budget that bites, in micro-dollars.</summary>
    internal long TightLimit { get; private set; }

    public async Task InitializeAsync()
    {
        _database = new PostgresServer(durable: false);
        ConnectionString = _database.NewDatabase();
        _emulator = await Ec2Emulator.StartProcessAsync("--boot", "1s", "--speed", "5", "--limits", "20", "--seed", Seed.ToString(CultureInfo.InvariantCulture));
        // Lists of all that has ended in an hour would be most of the work.
        await _emulator.ChangeAsync(new JsonObject { ["terminatedShown"] = "00:04:00" });
        await File.WriteAllTextAsync(Path.Combine(Folder, ClusterNode.KeyFile), Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32)));
        Nodes = [.. Enumerable.Range(1, 3).Select(n => new ClusterNode(Folder, n, ConnectionString))];
        foreach (var node in Nodes)
            node.Proxy.Callers = () => [.. Nodes.Select(n => n.ProcessId)];
        foreach (var node in Nodes)
            node.Start();
        try
        {
            await ReadyAsync("the cluster has formed");
            await LimitAsync(Document.Limit);
            await EventuallyAsync(
                async () => (await Nodes[0].Api.GetFromJsonAsync<JsonObject>("api/v1/queues?limit=1000"))!["items"]!.AsArray().Count == Document.Queues.Count,
                TimeSpan.FromSeconds(120),
                () => Task.FromResult("every queue is shown"));
        }
        catch (Exception)
        {
            Failed = "the start";
            throw;
        }

        Uri[] urls = [.. Nodes.Select(n => n.Url)];
        Players = new Players(_emulator, urls, Seed);
        Load = new Load(urls, Seed);
        Decisions = new Follower(urls, "kinds=decision", 0);
    }

    public async Task DisposeAsync()
    {
        if (Decisions is not null)
            await Decisions.DisposeAsync();
        if (Players is not null)
            await Players.DisposeAsync();
        foreach (var node in Nodes)
            node.Dispose();
        if (_emulator is not null)
            await _emulator.DisposeAsync();
        _database?.Dispose();
        if (Failed is null)
            Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Puts the configuration with this limit of the budget that bites into force.</summary>
    internal async Task LimitAsync(long micros)
    {
        var text = Document.Text(Emulator.Url, micros);
        var said = "nothing";
        await EventuallyAsync(
            async () =>
            {
                try
                {
                    using var body = new StringContent(text, Encoding.UTF8, "application/yaml");
                    using var answer = await Nodes[0].Api.PutAsync(new Uri("api/v1/configuration", UriKind.Relative), body);
                    said = await answer.Content.ReadAsStringAsync();
                    Assert.True(answer.IsSuccessStatusCode || (int)answer.StatusCode >= 500, said);
                    return answer.IsSuccessStatusCode;
                }
                catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException)
                {
                    said = fault.Message;
                    return false;
                }
            },
            TimeSpan.FromSeconds(60),
            () => Task.FromResult($"a configuration is put into force; the last answer was: {said}"));
        TightLimit = micros;
    }

    /// <summary>Waits until every node is ready and sees the same three nodes, all of them up and reachable.</summary>
    internal async Task ReadyAsync(string what)
    {
        await EventuallyAsync(
            async () => (await Task.WhenAll(Nodes.Select(SeesAllAsync))).All(sees => sees),
            TimeSpan.FromSeconds(180),
            async () => $"{what}:\n{string.Join('\n', await Task.WhenAll(Nodes.Select(async n => $"node {n.Number}: {await n.UnreadyAsync()} {(await ClusterOfAsync(n))?["members"]?.ToJsonString() ?? "no answer"}")))}");
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
            await Task.Delay(500);
        }
    }

    private async Task<bool> SeesAllAsync(ClusterNode node)
    {
        if (await node.UnreadyAsync() is not null || await ClusterOfAsync(node) is not { } seen)
            return false;
        var members = seen["members"]!.AsArray();
        return members.Count == Nodes.Count && members.All(m => m!["status"]!.GetValue<string>() == "Up" && m["reachable"]!.GetValue<bool>());
    }
}
