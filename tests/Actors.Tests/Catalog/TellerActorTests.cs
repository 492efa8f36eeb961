using System.Globalization;
using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Hosting;
using Akka.TestKit;
using ControlPlane.Actors.Catalog;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Tests.Shell;
using ControlPlane.Domain.Catalog;
using Microsoft.Extensions.Logging.Abstractions;

namespace ControlPlane.Actors.Tests.Catalog;

public sealed class TellerActorTests : ShellTest
{
    private readonly TestProbe _catalog;
    private readonly TestProbe _scalers;
    private readonly IActorRef _teller;

    public TellerActorTests()
    {
        _catalog = CreateTestProbe("catalog");
        _scalers = CreateTestProbe("scalers");
        var registry = ActorRegistry.For(Sys);
        registry.Register<ScalerRegion>(_scalers.Ref);
        var shell = new ShellContext(Time, Exact, Health, NullLoggerFactory.Instance);
        _teller = _catalog.ChildActorOf(Props.Create(() => new TellerActor(shell, new Regions(registry))));
    }

    [Fact]
    public void Telling_OfManyQueues_IsPacedByTheirAnswersWhichTheCatalogGets()
    {
        Tell(TellerActor.Places + 2);
        var first = _scalers.ReceiveN(TellerActor.Places).Cast<ShardingEnvelope>().Select(e => e.EntityId);
        Assert.Equal(Enumerable.Range(0, TellerActor.Places).Select(Name), first);
        _scalers.ExpectNoMsg(TimeSpan.FromMilliseconds(50));

        _teller.Tell(new CatalogCommand.Heard(EntityKind.Scaler, Name(5), 1), _scalers.Ref);
        Assert.Equal(Name(TellerActor.Places), _scalers.ExpectMsg<ShardingEnvelope>().EntityId);
        Assert.Equal(Name(5), _catalog.ExpectMsg<CatalogCommand.Heard>().Name);
        Assert.Equal(_scalers.Ref, _catalog.LastSender);
        _scalers.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
    }

    [Fact]
    public void Queues_Silent_DoNotHoldUpTheOthersForLong()
    {
        Tell(TellerActor.Places + 2);
        _scalers.ReceiveN(TellerActor.Places);
        Advance(TellerActor.Patience - TimeSpan.FromMilliseconds(1));
        _scalers.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal([Name(TellerActor.Places), Name(TellerActor.Places + 1)], _scalers.ReceiveN(2).Cast<ShardingEnvelope>().Select(e => e.EntityId));
    }

    [Fact]
    public void OtherAnswer_OfAnEntity_GoesToTheCatalog()
    {
        _teller.Tell(new ShellRefusal("queue-q1", RefusalReason.Restarting), _scalers.Ref);
        Assert.Equal("queue-q1", _catalog.ExpectMsg<ShellRefusal>().Entity);
    }

    private static string Name(int queue) => string.Create(CultureInfo.InvariantCulture, $"q{queue}");

    private void Tell(int queues)
    {
        for (var queue = 0; queue < queues; queue++)
            _teller.Tell(new Telling(EntityKind.Scaler, Name(queue), "configure", Ends: false), _catalog.Ref);
    }

    private void Advance(TimeSpan time)
    {
        Time.Advance(time);
        ((TestScheduler)Sys.Scheduler).Advance(time);
    }
}
