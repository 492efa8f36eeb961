using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Serialization;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using ControlPlane.Actors.Serialization;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Storage;
using ControlPlane.Actors.Storage.Journal;
using ControlPlane.Domain.Deciding;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ControlPlane.Actors.Tests.Shell;

/// <summary>An actor system on virtual time whose journal the test holds in its hand.</summary>
public abstract class ShellTest : TestKit
{
    private static readonly Config Settings = ConfigurationFactory.ParseString($$"""
        akka.loglevel = WARNING
        akka.scheduler.implementation = "Akka.TestKit.TestScheduler, Akka.TestKit"
        akka.persistence {
          journal.plugin = "{{JournalPlugins.Entities}}"
          snapshot-store.plugin = "{{JournalPlugins.Snapshots}}"
        }
        {{JournalPlugins.Entities}} { class = "{{typeof(GroupedJournal).AssemblyQualifiedName}}", replay-filter.mode = off }
        {{JournalPlugins.Snapshots}} { class = "{{typeof(GroupedSnapshotStore).AssemblyQualifiedName}}" }
        """);

    private protected ShellTest()
        : this(new HeldStore(), new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)))
    {
    }

    private ShellTest(HeldStore store, FakeTimeProvider time)
        : base(Setup(store, time), "shell")
    {
        Store = store;
        Time = time;
        Health = new JournalHealth(time);
        Calls = CreateTestProbe("calls");
    }

    private protected HeldStore Store { get; }

    protected FakeTimeProvider Time { get; }

    protected JournalHealth Health { get; }

    protected TestProbe Calls { get; }

    protected static ShellOptions Exact { get; } = new() { Jitter = 0, SnapshotInterval = TimeSpan.Zero, SnapshotOnStop = 1 };

    protected Props Counter(ShellOptions? options = null, string id = "counter-1")
    {
        var shell = new ShellContext(Time, options ?? Exact, Health, NullLoggerFactory.Instance);
        return Props.Create(() => new CounterActor(id, shell, Calls.Ref));
    }

    /// <summary>A counter that has recovered.</summary>
    protected IActorRef Started(ShellOptions? options = null, string id = "counter-1")
    {
        var counter = Sys.ActorOf(Counter(options, id));
        Total(counter);
        return counter;
    }

    protected int Total(IActorRef counter)
    {
        var asker = CreateTestProbe();
        counter.Tell(new CounterCommand.Ask(), asker);
        return asker.ExpectMsg<CounterReply>().Total;
    }

    protected void Kill(IActorRef actor)
    {
        var watcher = CreateTestProbe();
        watcher.Watch(actor);
        Sys.Stop(actor);
        watcher.ExpectTerminated(actor);
    }

    /// <summary>Waits until the supervisor has seen that its entity is gone. What is told before that is lost with the entity.</summary>
    protected void AwaitRestarting(IActorRef supervisor) => AwaitAssert(() =>
    {
        var asker = CreateTestProbe();
        supervisor.Tell(new CounterCommand.Ask(), asker);
        Assert.Equal(RefusalReason.Restarting, asker.ExpectMsg<ShellRefusal>(TimeSpan.FromMilliseconds(100)).Reason);
    });

    /// <summary>Lets time pass, in steps, for the clock and the timers alike, and lets the actors act between the steps.</summary>
    protected void Pass(TimeSpan time, IActorRef actor)
    {
        var step = TimeSpan.FromMilliseconds(100);
        for (var left = time; left > TimeSpan.Zero; left -= step)
        {
            Time.Advance(step);
            ((TestScheduler)Sys.Scheduler).Advance(step);
            actor.Tell(new CounterActor.WhatWasSeen(), TestActor);
            ExpectMsg<int>();
        }
    }

    private static ActorSystemSetup Setup(HeldStore store, FakeTimeProvider time) => ActorSystemSetup.Create(
        BootstrapSetup.Create().WithConfig(Settings.WithFallback(DefaultConfig)),
        new StorageSetup(store, time),
        SerializationSetup.Create(system =>
        [
            SerializerDetails.Create("json", new ManifestSerializer(system, CounterManifests.All, new OldestMember(system).Version), [.. CounterManifests.All.All.Select(m => m.Type), typeof(IEvent)]),
        ]));
}
