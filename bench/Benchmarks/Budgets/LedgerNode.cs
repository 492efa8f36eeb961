using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Hosting;
using ControlPlane.Actors;
using ControlPlane.Actors.Budgets;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Serialization;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Storage;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Queues;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Benchmarks.Budgets;

/// <summary>One node with ledgers on a database on disk, and the load in the place of the scalers.</summary>
internal sealed class LedgerNode : IAsyncDisposable
{
    private readonly IHost _host;
    private int _trees;

    private LedgerNode(IHost host) => _host = host;

    public static QueueName Queue { get; } = new("queue");

    public static HourlyRate Rate { get; } = HourlyRate.FromDollars(0.5m);

    public static async Task<LedgerNode> StartAsync(StorageOptions storage)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddControlPlaneStorage(storage);
        builder.Services.AddAkka("bench", (akka, services) =>
        {
            var options = new ShellOptions();
            var shell = new ShellContext(TimeProvider.System, options, services.GetRequiredService<JournalHealth>(), services.GetRequiredService<ILoggerFactory>());
            akka.AddControlPlanePersistence(services.GetRequiredService<NodeStorage>())
                .WithManifests(EntityHosting.Manifests)
                .WithControlPlaneCluster()
                .WithEntities<LedgerRegion>("ledger", (_, registry, id) => Props.Create(() => new LedgerActor(id, shell, new Regions(registry))), options)
                .WithActors((system, registry) => registry.Register<ScalerRegion>(system.ActorOf(Props.Create(() => new LedgerLoad(registry.Get<LedgerRegion>())), "load")))
                .AddHocon("akka.loglevel = ERROR", HoconAddMode.Prepend);
        });
        var host = builder.Build();
        await host.StartAsync();
        return new LedgerNode(host);
    }

    /// <summary>A tree of three levels with room for everything.</summary>
    public static IReadOnlyList<BudgetSpec> Tree(string root)
    {
        BudgetSpec Level(string name, string? parent, decimal limit, BudgetWindow window) => new()
        {
            Name = new BudgetName(name),
            Parent = parent is null ? null : new BudgetName(parent),
            Limit = Money.FromDollars(limit),
            Window = window,
            MaxInstances = 10_000_000,
        };
        return
        [
            Level(root, null, 1_000_000_000, BudgetWindow.Month),
            Level($"{root}-team", root, 500_000_000, BudgetWindow.Month),
            Level($"{root}-leaf", $"{root}-team", 100_000_000, BudgetWindow.Day),
        ];
    }

    public static LeaseRequest Request(BudgetName leaf, DateTimeOffset now) => new(
        new InstanceId(new Moment(now, (ulong)Random.Shared.NextInt64()).NewId(0)), Queue, "pool", leaf, HourlyRate.FromDollars(1m), TimeSpan.FromMinutes(10), 1, 0);

    /// <summary>Measures on a fresh ledger.</summary>
    public async Task<LedgerFigures> RunAsync(int outstanding, bool settle, TimeSpan time)
    {
        var registry = _host.Services.GetRequiredService<IReadOnlyActorRegistry>();
        var tree = Tree($"root-{_trees++}");
        var root = tree[0].Name;

        // Its answer to the catalog goes to whoever asks; that it is configured shows when it is asked.
        registry.Get<LedgerRegion>().Tell(new ShardingEnvelope(root.Value, new LedgerCommand.Configure(tree, 1)), ActorRefs.NoSender);
        while ((await new Regions(registry).AskAsync<LedgerRegion, LedgerView>(root.Value, new LedgerQuery(), TimeSpan.FromSeconds(30), CancellationToken.None)).Revision == 0)
            await Task.Delay(10);
        var done = new TaskCompletionSource<LedgerFigures>(TaskCreationOptions.RunContinuationsAsynchronously);
        registry.Get<ScalerRegion>().Tell(new LedgerRun(root, tree[^1].Name, outstanding, settle, time, done), ActorRefs.NoSender);
        return await done.Task.WaitAsync(time + TimeSpan.FromMinutes(1));
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
