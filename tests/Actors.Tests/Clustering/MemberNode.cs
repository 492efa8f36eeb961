using Akka.Actor;
using Akka.Cluster;
using Akka.Hosting;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Serialization;
using ControlPlane.Actors.Storage;
using ControlPlane.Actors.Tests.Shell;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ClusterSettings = ControlPlane.Actors.Clustering.ClusterSettings;

namespace ControlPlane.Actors.Tests.Clustering;

/// <summary>A node in this process without entities: it joins, beats and leaves as the product does.</summary>
internal sealed class MemberNode : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly CancellationTokenSource _stopped = new();

    private MemberNode(IHost host)
    {
        _host = host;
        host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(_stopped.Cancel);
    }

    public ClusterStatus Status => ClusterStatus.Of(_host.Services.GetRequiredService<ActorSystem>());

    /// <summary>What it takes the oldest node's version to be.</summary>
    public string OldestVersion => new OldestMember((ExtendedActorSystem)_host.Services.GetRequiredService<ActorSystem>()).Version().Version;

    public Membership Membership => _host.Services.GetRequiredService<Membership>();

    /// <summary>Why it wants to start again; null while it does not.</summary>
    public string? Restart => _host.Services.GetRequiredService<RestartWish>().Reason;

    public bool Stopping => _stopped.IsCancellationRequested;

    public static async Task<MemberNode> StartAsync(StorageOptions storage, ClusterSettings? settings = null, string name = "tests", string version = "1.2.3")
    {
        settings ??= new ClusterSettings();
        settings.Heartbeat = TimeSpan.FromMilliseconds(200);
        settings.DrainTime = TimeSpan.Zero;
        var host = Host.CreateDefaultBuilder()
            .ConfigureLogging(logging => logging.ClearProviders())
            .ConfigureServices(services =>
            {
                services.AddControlPlaneStorage(storage);
                services.AddAkka("members", (akka, _) => akka
                    .WithManifests(CounterManifests.All)
                    .WithControlPlaneCluster(settings, version)

                    // A crash in these tests is an end without goodbye; many systems in a busy process are slow to answer.
                    .AddHocon("akka.loglevel = OFF\nakka.stdout-loglevel = OFF\nakka.coordinated-shutdown.run-by-actor-system-terminate = off\nakka.cluster.failure-detector.acceptable-heartbeat-pause = 8s", HoconAddMode.Prepend));
                services.AddControlPlaneMembership(settings, new NodeIdentity(name, "http://127.0.0.1:1", version));
            })
            .Build();
        try
        {
            await host.StartAsync();
        }
        catch
        {
            await host.StopAsync();
            host.Dispose();
            throw;
        }

        return new MemberNode(host);
    }

    /// <summary>The end of a process that was killed: nobody is told, and its row stays.</summary>
    public async Task CrashAsync()
    {
        Membership.Dispose();
        var system = _host.Services.GetRequiredService<ActorSystem>();
        await system.Terminate();
    }

    /// <summary>Nodes that are in the cluster for good.</summary>
    public int Up => Status.Members.Count(m => m.Status == nameof(MemberStatus.Up));

    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        var deadline = DateTimeOffset.UtcNow + TimeSpan.FromSeconds(90);
        while (!condition())
        {
            Assert.True(DateTimeOffset.UtcNow < deadline, $"It does not come true that {what}.");
            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        if (_host is IAsyncDisposable host)
            await host.DisposeAsync();
        _stopped.Dispose();
    }
}
