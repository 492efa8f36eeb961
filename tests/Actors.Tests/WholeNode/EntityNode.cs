using Akka.Actor;
using Akka.Hosting;
using ControlPlane.Actors.Budgets;
using ControlPlane.Actors.Catalog;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Providers;
using ControlPlane.Actors.Queues;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Storage;
using ControlPlane.Actors.Tests.Serialization;
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

namespace ControlPlane.Actors.Tests.WholeNode;

/// <summary>A node with all real entities on a database on disk; only the outside world is a double. Every message is serialized, also a local one.</summary>
internal sealed class EntityNode : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly IHost host;

    private EntityNode(IHost host) => this.host = host;

    private Regions Regions => new(host.Services.GetRequiredService<IReadOnlyActorRegistry>());

    public static async Task<EntityNode> StartAsync(StorageOptions storage, FakeWorld world)
    {
        var host = Host.CreateDefaultBuilder()
            .ConfigureLogging(logging => logging.ClearProviders())
            .ConfigureServices(services =>
            {
                services.AddControlPlaneStorage(storage);
                services.AddControlPlaneEntities(new ShellOptions { RepeatAfter = TimeSpan.FromMilliseconds(200) }, new CallOptions());
                services.AddSingleton<IProviderConnector>(world).AddSingleton<ISourceConnector>(world).AddSingleton<IPolicyRunner>(world);
                services.AddAkka("node", (akka, sp) => akka
                    .AddControlPlanePersistence(sp.GetRequiredService<NodeStorage>())
                    .WithControlPlaneCluster()
                    .WithControlPlaneEntities(sp)
                    .AddHocon(CheckedSerializer.Hocon + "akka.loglevel = WARNING", HoconAddMode.Prepend));
            })
            .Build();
        await host.StartAsync();
        return new EntityNode(host);
    }

    public static Configuration Configuration(decimal limit, int max, TimeSpan idle, params string[] queues) => new()
    {
        Sources = [new SourceSpec("fake", "embedded", TimeSpan.FromMilliseconds(100))],
        Providers = [new ProviderSpec("fake", "local", TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), 100, 100)],
        Budgets = [new BudgetSpec { Name = new BudgetName("lab"), Limit = Money.FromDollars(limit), Window = BudgetWindow.Day }],
        Pools = [.. queues.Select(q => new PoolSpec
        {
            Name = $"{q}-pool",
            Provider = "fake",
            MaxInstances = max,
            Offers = [new Offer("process", "", Market.OnDemand, HourlyRate.FromDollars(1m), HourlyRate.FromDollars(1m), 0)],
            LeaseLength = TimeSpan.FromMinutes(1),
            Template = new PoolTemplate.Local(TimeSpan.Zero, new Dictionary<string, string>(), TimeSpan.FromMinutes(1)),
        })],
        Queues = [.. queues.Select(q => new QueueEntry { Name = new QueueName(q), Source = "fake", Budget = new BudgetName("lab"), MaxIdleTime = idle, Pools = [$"{q}-pool"] })],
    };

    /// <summary>Applies a configuration that must be accepted.</summary>
    public async Task ApplyAsync(Configuration configuration)
    {
        var reply = await Regions.AskCatalogAsync<CatalogReply>(new CatalogCommand.Apply(configuration, null, "test", Guid.NewGuid().ToString()), Patience, CancellationToken.None);
        Assert.True(reply is CatalogReply.Applied, reply is CatalogReply.Refused refused ? string.Join('\n', refused.Faults) : reply.ToString());
    }

    public Task<ScalerView> ScalerAsync(string queue) => Regions.AskAsync<ScalerRegion, ScalerView>(queue, new ScalerQuery(), Patience, CancellationToken.None);

    public Task<LedgerView> LedgerAsync() => Regions.AskAsync<LedgerRegion, LedgerView>("lab", new LedgerQuery(), Patience, CancellationToken.None);

    public Task<CatalogView> CatalogAsync() => Regions.AskCatalogAsync<CatalogView>(new CatalogQuery(), Patience, CancellationToken.None);

    /// <summary>The actors fail, as they do when a write is refused; their parents start them again.</summary>
    public void StopGatewayAndWatcher(string name)
    {
        var system = host.Services.GetRequiredService<ActorSystem>();
        system.ActorSelection($"/system/sharding/gateway/*/{name}/entity").Tell(Kill.Instance);
        system.ActorSelection($"/system/sharding/source/*/{name}/entity").Tell(Kill.Instance);
    }

    /// <summary>The end of a process that was killed: nothing is handed over, no snapshot is saved.</summary>
    public async Task CrashAsync()
    {
        var system = host.Services.GetRequiredService<ActorSystem>();
        await system.Terminate();
        await DisposeAsync();
    }

    public static async Task Eventually(Func<Task<bool>> condition, string what)
    {
        var deadline = DateTimeOffset.UtcNow + Patience;
        while (!await condition())
        {
            Assert.True(DateTimeOffset.UtcNow < deadline, $"After {Patience.TotalSeconds} s it is still not true that {what}.");
            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        if (host is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
    }
}
