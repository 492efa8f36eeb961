using Akka.Actor;
using Akka.Hosting;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Serialization;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Benchmarks.Storage;

/// <summary>One node with sharded tallies on a database on disk.</summary>
internal sealed class BenchNode : IAsyncDisposable
{
    private readonly IHost _host;

    private BenchNode(IHost host) => _host = host;

    /// <summary>Drives commands, each numbered, through the region until the next one is null.</summary>
    public Task<LoadResult> DriveAsync(int outstanding, Func<int, (string Entity, TallyCommand Command)?> next)
    {
        var done = new TaskCompletionSource<LoadResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var tallies = _host.Services.GetRequiredService<IRequiredActor<Tally>>().ActorRef;
        _host.Services.GetRequiredService<ActorSystem>().ActorOf(Props.Create(() => new Load(tallies, outstanding, next, done)));
        return done.Task;
    }

    public static async Task<BenchNode> StartAsync(StorageOptions storage, ShellOptions shellOptions)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromMinutes(2));
        builder.Services.AddControlPlaneStorage(storage);
        builder.Services.AddAkka("bench", (akka, sp) =>
        {
            var shell = new ShellContext(TimeProvider.System, shellOptions, sp.GetRequiredService<JournalHealth>(), sp.GetRequiredService<ILoggerFactory>());
            akka.AddControlPlanePersistence(sp.GetRequiredService<NodeStorage>())
                .WithManifests(TallyManifests.All)
                .WithControlPlaneCluster()
                .WithEntities<Tally>("tally", (_, _, id) => Props.Create(() => new TallyActor(id, shell, JournalPlugins.Entities)), shellOptions)
                .AddHocon("akka.loglevel = ERROR", HoconAddMode.Prepend);
        });
        var host = builder.Build();
        await host.StartAsync();
        return new BenchNode(host);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
