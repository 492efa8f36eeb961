using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Hosting;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Serialization;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Storage;
using ControlPlane.Actors.Tests.Serialization;
using ControlPlane.Actors.Tests.Shell;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Actors.Tests.Clustering;

/// <summary>A real node in this process: host, cluster of one, sharded counters, a database on disk. Every message is serialized, also a local one.</summary>
/// <remarks>Akka's journal sends its failures through itself in a message that does not survive that: a test of a failed write turns it off.</remarks>
internal sealed class NodeFixture : IAsyncDisposable
{
    private readonly IHost _host;

    private NodeFixture(IHost host) => _host = host;

    public ActorSystem System => _host.Services.GetRequiredService<ActorSystem>();

    public IActorRef Counters => _host.Services.GetRequiredService<IRequiredActor<Counter>>().ActorRef;

    public JournalHealth Health => _host.Services.GetRequiredService<JournalHealth>();

    public static async Task<NodeFixture> StartAsync(StorageOptions options, string journal = JournalPlugins.Entities, bool serialize = true, Manifests? manifests = null)
    {
        var host = Host.CreateDefaultBuilder()
            .ConfigureLogging(logging => logging.ClearProviders())
            .ConfigureServices(services =>
            {
                services.AddControlPlaneStorage(options);
                services.AddAkka("node", (akka, sp) =>
                {
                    var shellOptions = new ShellOptions { RestartAfter = TimeSpan.FromMilliseconds(50) };
                    var shell = new ShellContext(TimeProvider.System, shellOptions, sp.GetRequiredService<JournalHealth>(), sp.GetRequiredService<ILoggerFactory>());
                    akka.AddControlPlanePersistence(sp.GetRequiredService<NodeStorage>())
                        .WithManifests(manifests ?? CounterManifests.All)
                        .WithControlPlaneCluster()
                        .WithEntities<Counter>(
                            "counter",
                            (system, _, id) => Props.Create(() => new JournaledCounter(id, shell, system.DeadLetters, journal)),
                            shellOptions,
                            shards: 10)
                        .AddHocon((serialize ? CheckedSerializer.Hocon : "") + "akka.loglevel = WARNING", HoconAddMode.Prepend);
                });
            })
            .Build();
        await host.StartAsync();
        return new NodeFixture(host);
    }

    public Task<object> AskAsync(string entity, CounterCommand command) => Counters.Ask<object>(new ShardingEnvelope(entity, command), TimeSpan.FromSeconds(20));

    /// <summary>The total of an entity that may just be starting again: what is told in that moment is refused or lost, so it is asked again.</summary>
    public async Task<int> TotalAsync(string entity)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                if (await Counters.Ask<object>(new ShardingEnvelope(entity, new CounterCommand.Ask()), TimeSpan.FromMilliseconds(500)) is CounterReply reply)
                    return reply.Total;
            }
            catch (AskTimeoutException) when (attempt < 20)
            {
                continue;
            }

            Assert.True(attempt < 500, $"{entity} does not come back.");
            await Task.Delay(20);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        if (_host is IAsyncDisposable host)
            await host.DisposeAsync();
    }

    private sealed class JournaledCounter : DeciderActor<Counter, CounterState, CounterCommand, CounterEvent, CounterEffect>
    {
        private readonly IActorRef _calls;

        public JournaledCounter(string id, ShellContext shell, IActorRef calls, string journal)
            : base(id, shell)
        {
            _calls = calls;
            JournalPluginId = journal;
        }

        protected override CounterCommand Tick { get; } = new CounterCommand.Tick();

        protected override void Carry(CounterEffect effect, IActorRef replyTo)
        {
            if (effect is CounterEffect.Reply reply)
                replyTo.Tell(reply.Message);
            else if (effect is CounterEffect.Call call)
                _calls.Tell(new CallMade(call.Ids[0], Now));
        }
    }
}
