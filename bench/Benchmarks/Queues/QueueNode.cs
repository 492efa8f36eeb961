using System.Diagnostics;
using Akka.Hosting;
using ControlPlane.Actors;
using ControlPlane.Actors.Catalog;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Providers;
using ControlPlane.Actors.Queues;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Storage;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;
using ControlPlane.Domain.Sources;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Benchmarks.Queues;

/// <summary>One node as the host composes it, with database and read model on disk and default settings; only platform and source are doubles.</summary>
internal sealed class QueueNode
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private readonly IHost _host;

    private QueueNode(IHost host) => _host = host;

    private Regions Regions => new(_host.Services.GetRequiredService<IReadOnlyActorRegistry>());

    /// <param name="place">A folder for SQLite, or how to reach a PostgreSQL database.</param>
    /// <param name="world">Platform and source.</param>
    /// <param name="source">Another source; null for the world's.</param>
    /// <param name="platform">Another platform; null for the world's.</param>
    public static async Task<QueueNode> StartAsync(string place, BenchWorld world, ISourceConnector? source = null, IProviderConnector? platform = null)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.AddConsole(o => o.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddControlPlaneStorage(place.Contains('=', StringComparison.Ordinal) ? new StorageOptions { ConnectionString = place } : new StorageOptions { Path = place });
        builder.Services.AddControlPlaneEntities(new ShellOptions(), new CallOptions());
        builder.Services.AddReadModel();
        builder.Services.AddProjection(new ProjectionOptions());
        builder.Services.AddSingleton(platform ?? world).AddSingleton(source ?? world).AddSingleton<IPolicyRunner>(world);
        builder.Services.AddAkka("bench", (akka, services) => akka
            .ConfigureLoggers(log =>
            {
                log.ClearLoggers();
                log.AddLoggerFactory();
            })
            .AddHocon("akka.loglevel = WARNING\nakka.stdout-loglevel = OFF", HoconAddMode.Prepend)
            .AddControlPlanePersistence(services.GetRequiredService<NodeStorage>())
            .WithControlPlaneCluster()
            .WithControlPlaneEntities(services));
        var host = builder.Build();
        await host.StartAsync();
        return new QueueNode(host);
    }

    /// <summary>Queues with a pool each, all on one source, one platform and one tree of budgets with room for all.</summary>
    public static Configuration Declare(int queues, int perQueue) => new()
    {
        Sources = [new SourceSpec("source", "embedded", TimeSpan.FromSeconds(2))],
        Providers = [new ProviderSpec("platform", "local", TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(10), 10_000, 100_000)],
        Budgets =
        [
            new BudgetSpec { Name = new BudgetName("company"), Limit = Money.FromDollars(10_000_000), Window = BudgetWindow.Month },
            new BudgetSpec { Name = new BudgetName("team"), Parent = new BudgetName("company"), Limit = Money.FromDollars(5_000_000), Window = BudgetWindow.Month },
        ],
        Pools = [.. Enumerable.Range(0, queues).Select(i => new PoolSpec
        {
            Name = $"pool-{i:00000}",
            Provider = "platform",
            MaxInstances = Math.Max(1, perQueue),
            Offers = [new Offer("process", "", Market.OnDemand, HourlyRate.FromDollars(1m), HourlyRate.FromDollars(0.5m), 1)],
            LeaseLength = TimeSpan.FromHours(1),
            Template = new PoolTemplate.Local(TimeSpan.Zero, new Dictionary<string, string> { ["IMAGE"] = "registry/team/training:1" }, TimeSpan.FromMinutes(5)),
        })],
        Queues = [.. Enumerable.Range(0, queues).Select(i => new QueueEntry
        {
            Name = BenchWorld.NameOf(i), Source = "source", Budget = new BudgetName("team"), MaxIdleTime = TimeSpan.FromMinutes(15), Pools = [$"pool-{i:00000}"],
        })],
    };

    public async Task ApplyAsync(Configuration configuration)
    {
        var reply = await Regions.AskCatalogAsync<object>(new CatalogCommand.Apply(configuration, null, "bench", Guid.NewGuid().ToString()), Patience, CancellationToken.None);
        if (reply is not CatalogReply.Applied)
            throw new InvalidOperationException($"The configuration was not applied: {(reply is CatalogReply.Refused refused ? string.Join('\n', refused.Faults) : reply)}");
    }

    /// <summary>Waits until every entity has told the catalog that it knows its part.</summary>
    public async Task AwakeAsync(int queues)
    {
        while (true)
        {
            var view = await Regions.AskCatalogAsync<CatalogView>(new CatalogQuery(), Patience, CancellationToken.None);
            if (view.Entities > queues && view.Awake == view.Entities)
                return;
            await Task.Delay(25);
        }
    }

    /// <summary>Asks every scaler.</summary>
    /// <returns>How many of them have what is asked for.</returns>
    public async Task<int> CountAsync(int queues, Func<ScalerView, bool> has)
    {
        var count = 0;
        await Parallel.ForAsync(0, queues, new ParallelOptions { MaxDegreeOfParallelism = 256 }, async (i, cancel) =>
        {
            var view = await Regions.AskAsync<ScalerRegion, ScalerView>(BenchWorld.NameOf(i).Value, new ScalerQuery(), Patience, cancel);
            if (has(view))
                Interlocked.Increment(ref count);
        });
        return count;
    }

    /// <summary>Waits until a scaler has recorded that it has seen so many tasks wait.</summary>
    /// <returns>Milliseconds since the timestamp.</returns>
    public async Task<double> SeenAsync(QueueName queue, int pending, long since)
    {
        while ((await Regions.AskAsync<ScalerRegion, ScalerView>(queue.Value, new ScalerQuery(), Patience, CancellationToken.None)).Situation.Pending != pending)
            await Task.Delay(5);
        return Stopwatch.GetElapsedTime(since).TotalMilliseconds;
    }

    /// <returns>Events that the read model does not show yet.</returns>
    public async Task<long> BehindAsync()
    {
        var position = await _host.Services.GetRequiredService<ReadModelStatus>().PositionAsync(CancellationToken.None);
        return position.Head - position.Offset;
    }

    public async Task ProjectedAsync()
    {
        var status = _host.Services.GetRequiredService<ReadModelStatus>();
        while (await status.PositionAsync(CancellationToken.None) is var position && position.Offset < position.Head)
            await Task.Delay(100);
    }
}
