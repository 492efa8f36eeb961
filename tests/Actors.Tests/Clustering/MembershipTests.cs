using System.Net;
using System.Net.Sockets;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Storage;
using ControlPlane.Actors.Tests.Storage;
using Dapper;
using Npgsql;

namespace ControlPlane.Actors.Tests.Clustering;

public sealed class MembershipTests : IDisposable
{
    private readonly TemporaryStorage _storage = new(StorageProvider.PostgreSql);

    public void Dispose() => _storage.Dispose();

    [Fact]
    public async Task ThreeNodes_StartAtOnce_FormOneClusterAndFormItAgainAfterACrashOfAll()
    {
        var nodes = await Task.WhenAll(StartAsync(), StartAsync(), StartAsync());
        await MemberNode.UntilAsync(() => nodes.All(n => n.Up == 3), "all three are in one cluster");
        Assert.Equal(3, (await nodes[0].Membership.NodesAsync(CancellationToken.None)).Count);
        Assert.Single(nodes.Select(n => n.Status.Oldest).Distinct());
        await Task.WhenAll(nodes.Select(n => n.CrashAsync()));

        var again = await Task.WhenAll(StartAsync(), StartAsync(), StartAsync());
        await MemberNode.UntilAsync(() => again.All(n => n.Up == 3), "all three are in one cluster again although the old rows are there");
        await again[2].DisposeAsync();
        await MemberNode.UntilAsync(() => again[0].Up == 2 && again[1].Up == 2, "one has left");

        // The row of one that crashed before it had said that it joined stays until it counts as dead.
        await using var connection = new NpgsqlConnection(_storage.Options().Source);
        await MemberNode.UntilAsync(() => connection.ExecuteScalar<int>("SELECT COUNT(*) FROM cluster_node") == 2, "no row is left of others");
        await again[1].DisposeAsync();
        await again[0].DisposeAsync();
        foreach (var dead in nodes)
            await dead.DisposeAsync();
    }

    [Fact]
    public async Task OldestVersion_NodesThatDiffer_IsThatOfTheOldestUntilItHasGone()
    {
        await using var newer = await StartAsync(version: "1.10.0");
        await MemberNode.UntilAsync(() => newer.Up == 1, "the newer is up");
        Assert.Equal("1.10.0", newer.OldestVersion);
        var older = await StartAsync(version: "1.9.2");
        await MemberNode.UntilAsync(() => newer.Up == 2 && older.Up == 2, "both are up");
        Assert.Equal(("1.9.2", "1.9.2"), (newer.OldestVersion, older.OldestVersion));
        await older.DisposeAsync();
        await MemberNode.UntilAsync(() => newer.OldestVersion == "1.10.0", "the older has left");
    }

    /// <summary>All were killed and start again: one looks for the cluster that was while another begins the next at an address that the first knows.</summary>
    [Fact]
    public async Task Cluster_BegunWhileANodeJoins_IsTheOneThatItHasJoined()
    {
        var settings = new ClusterSettings { Port = FreePort(), JoinTimeout = TimeSpan.FromMinutes(1) };
        var dead = await StartAsync(settings);
        await MemberNode.UntilAsync(() => dead.Up == 1, "the first is up");
        await dead.CrashAsync();
        await using var connection = new NpgsqlConnection(_storage.Options().Source);
        await connection.ExecuteAsync("UPDATE cluster_node SET heartbeat = clock_timestamp() + INTERVAL '1 minute'");
        await using var joining = await StartAsync(new ClusterSettings { JoinTimeout = TimeSpan.FromMinutes(1) });
        await MemberNode.UntilAsync(() => connection.ExecuteScalar<long>("SELECT COALESCE(MAX(beats), 0) FROM cluster_node WHERE cluster IS NULL") > 0, "the second looks for the cluster of the first");

        await using var back = await StartAsync(settings);
        await MemberNode.UntilAsync(() => joining.Up == 2 && back.Up == 2, "both are in one cluster");
        await MemberNode.UntilAsync(() => joining.Stopping || connection.ExecuteScalar<int>("SELECT COUNT(*) FROM cluster_node n JOIN cluster_current c ON c.cluster = n.cluster") == 2, "both say that they are in the current cluster");
        Assert.Null(joining.Restart);
        Assert.False(joining.Stopping);
        await dead.DisposeAsync();
    }

    [Fact]
    public async Task SeedNodes_AreNamed_FormTheClusterWithoutTheTable()
    {
        var (one, two) = (FreePort(), FreePort());
        string[] seeds = [$"127.0.0.1:{one}", $"127.0.0.1:{two}"];
        var nodes = await Task.WhenAll(
            StartAsync(new ClusterSettings { Port = one, SeedNodes = seeds }), StartAsync(new ClusterSettings { Port = two, SeedNodes = seeds }));
        await MemberNode.UntilAsync(() => nodes.All(n => n.Up == 2), "both are in one cluster");
        foreach (var node in nodes)
            await node.DisposeAsync();
    }

    [Fact]
    public async Task Journal_OfAnotherPlugin_IsRefusedAtTheDoor()
    {
        await using var node = await StartAsync();
        await MemberNode.UntilAsync(() => node.Up == 1, "the first is up");
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => MemberNode.StartAsync(_storage.Options(JournalPlugin.AkkaPersistenceSql)));
        Assert.Contains("Storage:Journal", fault.Message, StringComparison.Ordinal);
        Assert.Single(await node.Membership.NodesAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Database_OfAnotherCluster_IsRefusedAtTheDoor()
    {
        await using var node = await StartAsync();
        await MemberNode.UntilAsync(() => node.Up == 1, "the first is up");
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => MemberNode.StartAsync(_storage.Options(), name: "others"));
        Assert.Contains("belongs to the cluster 'tests'", fault.Message, StringComparison.Ordinal);
    }

    /// <summary>What a node finds that stood still while the others removed it, or began another cluster.</summary>
    [Theory]
    [InlineData("DELETE FROM cluster_node", "silent for so long")]
    [InlineData("UPDATE cluster_current SET cluster = cluster + 1", "begun another")]
    public async Task Node_LeftBehind_EndsAndWishesToStartAgain(string meanwhile, string reason)
    {
        await using var node = await StartAsync();
        await MemberNode.UntilAsync(() => node.Up == 1, "it is up");
        await using (var connection = new NpgsqlConnection(_storage.Options().Source))
            await connection.ExecuteAsync(meanwhile);
        await MemberNode.UntilAsync(() => node.Stopping, "the node stops");
        Assert.Contains(reason, node.Restart, StringComparison.Ordinal);
    }

    /// <summary>The others are alive by their rows and let it not in, as when they gave it up before it was one of them: no member, it is never told to end.</summary>
    [Fact]
    public async Task Node_ThatIsNotLetIn_EndsAndWishesToStartAgain()
    {
        var gone = await StartAsync();
        await MemberNode.UntilAsync(() => gone.Up == 1, "the first is up");
        await gone.CrashAsync();
        await using var connection = new NpgsqlConnection(_storage.Options().Source);
        bool Beats() => connection.Execute("UPDATE cluster_node SET heartbeat = clock_timestamp() + INTERVAL '1 minute', beats = beats + 1 WHERE cluster IS NOT NULL") > 0;
        Assert.True(Beats());
        await using var joining = await StartAsync(new ClusterSettings { JoinTimeout = TimeSpan.FromSeconds(1) });
        await MemberNode.UntilAsync(() => Beats() && joining.Stopping, "it gives up");
        Assert.Contains("could not join its cluster in 2 attempts", joining.Restart, StringComparison.Ordinal);
        Assert.Equal(0, joining.Up);
        await gone.DisposeAsync();
    }

    [Fact]
    public async Task StoppedInOrder_WishesNothing()
    {
        var node = await StartAsync();
        await MemberNode.UntilAsync(() => node.Up == 1, "it is up");
        var wish = node.Restart;
        await node.DisposeAsync();
        Assert.Null(wish);
        await using var connection = new NpgsqlConnection(_storage.Options().Source);
        Assert.Equal(0, await connection.ExecuteScalarAsync<int>("SELECT COUNT(*) FROM cluster_node"));
    }

    [Theory]
    [InlineData("10.0.0.1", 0, null, "others can reach")]
    [InlineData("127.0.0.1", 0, "a:1", "Cluster:Port is 0")]
    [InlineData("127.0.0.1", 7, "a", "write host:port")]
    public void Settings_ThatCannotWork_AreNamed(string host, int port, string? seed, string says)
    {
        var settings = new ClusterSettings { Host = host, Port = port, SeedNodes = seed is null ? [] : [seed] };
        var faults = settings.Validate(new System.ComponentModel.DataAnnotations.ValidationContext(settings));
        Assert.Contains(faults, f => f.ErrorMessage!.Contains(says, StringComparison.Ordinal));
    }

    private Task<MemberNode> StartAsync(ClusterSettings? settings = null, string version = "1.2.3") => MemberNode.StartAsync(_storage.Options(), settings, version: version);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
