using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Queues;

/// <summary>What ClearML's own autoscaler gets wrong, each fault as a scenario that must go right here.</summary>
public sealed class ClearMlFaultTests
{
    [Theory]
    [InlineData(3, 5, 5, 3)]
    [InlineData(5, 3, 5, 5)]
    [InlineData(3, 1, 5, 3)]
    public void Fault1_TwoPoolsOnAQueue_TheNeedIsSharedAndNotMultiplied(int tasks, int first, int second, int machines)
    {
        var scaler = ScalerSubject.With(QueueOf(Pool("a", first), Pool("b", second)));
        scaler.Look(tasks);
        scaler.Look(tasks);
        Assert.Equal(machines, scaler.Live);
        Assert.Equal(Math.Min(tasks, first), scaler.Instances.Count(i => i.Pool.Name == "a"));
    }

    [Fact]
    public void Fault2_RestartWhileThreeBoot_LaunchesNothingMore()
    {
        var scaler = ScalerSubject.With(QueueOf(Pool(max: 3)));
        scaler.Look(3);
        scaler.Boot();
        scaler.Machine.Restart();
        for (var looks = 0; looks < 4; looks++)
            scaler.Look(3);
        Assert.Equal(3, scaler.Live);
    }

    [Fact]
    public void Fault2_NoLookComesForALongTime_NothingIsLaunchedOrEnded()
    {
        var scaler = ScalerSubject.With(QueueOf(Pool(max: 5)));
        scaler.Look(2);
        scaler.Boot().Register(2);
        var phases = scaler.Instances.Select(i => i.Phase).ToArray();
        scaler.After(Minutes(25)).Machine.TickUntilQuiet(new ScalerCommand.Tick());
        Assert.Equal(phases, scaler.Instances.Select(i => i.Phase));
    }

    [Fact]
    public void Fault3_EverythingAfterTheLaunchFails_TheIntentIsKeptAndNotLaunchedAgain()
    {
        var scaler = ScalerSubject.With(QueueOf(Pool(max: 1)));
        scaler.Look(1);
        var id = scaler.Instances[0].Id;
        scaler.Grant(id);
        for (var looks = 0; looks < 10; looks++)
        {
            scaler.Machine.Restart();
            scaler.Look(1);
            Assert.Equal([id], scaler.Instances.Select(i => i.Id));
        }
    }

    [Fact]
    public void Fault4_ATerminationKeepsFailing_TheInstanceCountsUntilItIsSeenToHaveEnded()
    {
        var scaler = ScalerSubject.With(QueueOf(Pool(max: 2)));
        scaler.Look(2);
        scaler.Boot().Register();
        foreach (var instance in scaler.Instances)
            scaler.Machine.Send(new ScalerCommand.Leave(instance.Id, true, "ann"));
        for (var looks = 0; looks < 20; looks++)
        {
            scaler.Look(2);
            scaler.Sweep(true, [.. scaler.Instances.Select(i => scaler.Show(i, MachineState.Running))]);
        }

        Assert.Equal(2, scaler.Live);
        Assert.Equal(2, scaler.Machine.Owed.Count(e => e is ScalerEffect.OfInstance { Effect: InstanceEffect.AskGateway { Command: GatewayCommand.Terminate } }));
    }

    [Fact]
    public void Fault5_ABrokenImage_FiveLaunchesAndThenItStopsAndSaysSo()
    {
        var scaler = ScalerSubject.With(QueueOf(Pool(max: 3) with { MaxBootTime = Minutes(10), LeaseLength = Hours(2) }));
        List<InstanceId> launched = [];
        var started = scaler.Now;
        while (scaler.Now < started + Hours(24))
        {
            scaler.Look(1);
            scaler.Boot();
            launched.AddRange(scaler.Instances.Select(i => i.Id).Except(launched));
            scaler.After(Minutes(1)).Machine.TickUntilQuiet(new ScalerCommand.Tick());
            foreach (var stuck in scaler.Instances.Where(i => i.Phase == Phase.Draining))
                scaler.Tell(stuck.Id, new InstanceCommand.FeedingStopped(true));
            scaler.Bury();
        }

        Assert.Equal(5, launched.Count);
        Assert.True(scaler.State.Breakers["gpu"].Tripped);
        Assert.Contains("Pool gpu is stopped because its instances fail: its worker did not register within 10 min (5 times in a row", scaler.Last.Sentence(), StringComparison.Ordinal);
    }

    [Fact]
    public void Fault5_TheBootFailedAndTheQueueLooksAsBefore_AnotherLookIsAskedForUntilItComes()
    {
        var scaler = ScalerSubject.With(QueueOf(Pool(max: 3) with { MaxBootTime = Minutes(5) }));
        scaler.Look(1);
        scaler.Boot().After(Minutes(5)).Machine.TickUntilQuiet(new ScalerCommand.Tick());
        Assert.Contains(scaler.Machine.Owed, e => e is ScalerEffect.OfInstance { Effect: InstanceEffect.LookAgain });
        scaler.Look(1);
        Assert.Contains(scaler.Machine.Owed, e => e is ScalerEffect.LookAgain);
        scaler.Tell(scaler.Instances[0].Id, new InstanceCommand.FeedingStopped(true));
        scaler.After(Seconds(1)).Look(1);
        scaler.After(Minutes(3)).Look(1);
        scaler.Bury().After(Seconds(5)).Look(1);
        Assert.DoesNotContain(scaler.Machine.Owed, e => e is ScalerEffect.LookAgain);
        Assert.Single(scaler.Instances, i => i.Phase == Phase.Requested);
    }

    [Fact]
    public void Fault6_AnIdleWorkerFellSilent_ItsQueueGetsAnotherMachine()
    {
        var scaler = ScalerSubject.With(QueueOf(Pool(max: 2)));
        scaler.Look(1);
        scaler.Boot().Register();
        scaler.Workers.Clear();
        scaler.Look(1);
        Assert.Equal(2, scaler.Live);
    }

    [Fact]
    public void Fault6_ASilentMachineTakesTheLastPlaceOfThePool_LeavesAfterTheIdleTimeThoughTasksWait()
    {
        var scaler = ScalerSubject.With(QueueOf(Pool(max: 1)) with { MaxIdleTime = Minutes(2) });
        scaler.Look(1);
        scaler.Boot().Register();
        var silent = scaler.Instances[0].Id;
        scaler.Workers.Clear();
        scaler.Look(1);
        scaler.After(Minutes(2)).Look(1);
        Assert.Equal(Phase.Draining, scaler.Instances[0].Phase);
        scaler.Tell(silent, new InstanceCommand.FeedingStopped(true));
        scaler.After(Seconds(1)).Look(1);
        scaler.After(Minutes(3)).Look(1);
        scaler.Bury().Look(1);
        Assert.NotEqual(silent, Assert.Single(scaler.Instances).Id);
    }

    [Fact]
    public void Fault6_TheMachineIsGone_TheSweepSaysSoAndItIsReplacedThoughItsWorkerIsStillListed()
    {
        var scaler = ScalerSubject.With(QueueOf(Pool(max: 1)));
        scaler.Look(1);
        scaler.Boot().Register();
        scaler.After(Seconds(30)).Sweep(true);
        scaler.After(Seconds(30)).Sweep(true);
        Assert.Equal(Outcome.Vanished, scaler.Instances[0].Leaving);
        Assert.Contains(scaler.Machine.Owed, e => e is ScalerEffect.LookAgain);
        scaler.Look(1);
        Assert.Single(scaler.Instances, i => i.Phase == Phase.Requested);
    }

    [Fact]
    public void Fault7_ATaskIsTakenJustBeforeTheEnd_TheInstanceDrainsAndFinishesIt()
    {
        var scaler = ScalerSubject.With(QueueOf() with { MaxIdleTime = Minutes(1) });
        scaler.Look(1);
        scaler.Boot().Register();
        var id = scaler.Instances[0].Id;
        scaler.After(Minutes(2)).Look(0);
        Assert.Equal(Phase.Draining, scaler.State.Instances[id].Phase);
        scaler.Workers[id] = ["t9"];
        scaler.Tell(id, new InstanceCommand.FeedingStopped(true));
        for (var looks = 0; looks < 10; looks++)
            scaler.Look(0);
        Assert.Equal(Phase.Draining, scaler.State.Instances[id].Phase);
        scaler.Workers[id] = [];
        scaler.Look(0);
        Assert.Equal(Phase.Terminating, scaler.State.Instances[id].Phase);
    }

    [Fact]
    public void Fault8_ATaskBetweenTwoLooks_StillCountsAsActivity()
    {
        var scaler = ScalerSubject.With(QueueOf() with { MaxIdleTime = Seconds(60) });
        scaler.Look(1);
        scaler.Boot().Register();
        var id = scaler.Instances[0].Id;
        scaler.After(Seconds(58));
        scaler.Machine.Send(new ScalerCommand.Observe(new(Queue, scaler.Now, 0, null, [new("w", id, [], scaler.Now, scaler.Now - Seconds(8))])));
        scaler.After(Seconds(10)).Look(0);
        Assert.Equal(Phase.Idle, scaler.State.Instances[id].Phase);
    }

    [Fact]
    public void Fault9_SpotReclaim_TheTaskIsReturnedAndTheMachineReplaced()
    {
        var scaler = ScalerSubject.With(QueueOf());
        scaler.Look(1);
        scaler.Boot().Register(1);
        var decision = scaler.Sweep(true, scaler.Show(scaler.Instances[0], MachineState.Ended, MachineEnd.Preempted));
        Assert.Contains(decision.Effects, e => e is ScalerEffect.OfInstance { Effect: InstanceEffect.ReturnTasks });
        scaler.Workers.Clear();
        scaler.Look(1);
        Assert.Single(scaler.Instances, i => i.Phase == Phase.Requested);
        Assert.Empty(scaler.State.Breakers);
    }

    [Fact]
    public void Fault10_NoCapacityInTheFirstPool_FallsBackToTheSecondAndComesBackLater()
    {
        var scaler = ScalerSubject.With(QueueOf(Pool("spot"), Pool("on-demand")));
        scaler.Look(1);
        var first = scaler.Instances[0].Id;
        scaler.Grant(first);
        scaler.Refuse(first, ProviderFault.InsufficientCapacity);
        scaler.Bury().Look(1);
        Assert.Equal("on-demand", Assert.Single(scaler.Instances).Pool.Name);
        Assert.Contains("Pool spot had no capacity and is not asked until 10:03:01 UTC: the cloud said no", scaler.Last.Sentence(), StringComparison.Ordinal);
        scaler.After(Minutes(3)).Look(2);
        Assert.Equal(["on-demand", "spot"], scaler.Instances.Select(i => i.Pool.Name).Order());
    }

    [Fact]
    public void Fault10_AllPoolsWithoutCapacity_ALookIsAskedForWhenTheBlackoutEnds()
    {
        var scaler = ScalerSubject.With(QueueOf());
        scaler.Look(1);
        scaler.Grant(scaler.Instances[0].Id);
        scaler.Refuse(scaler.Instances[0].Id, ProviderFault.InsufficientCapacity);
        scaler.Bury().Look(1);
        Assert.Empty(scaler.Instances);
        Assert.Equal(scaler.State.Blackouts["gpu"].Until, scaler.Machine.Deadline);
        scaler.After(Minutes(3));
        Assert.Contains(scaler.Machine.TickUntilQuiet(new ScalerCommand.Tick()).SelectMany(d => d.Effects), e => e is ScalerEffect.LookAgain);
        scaler.Look(1);
        Assert.Single(scaler.Instances);
    }

    [Fact]
    public void Fault11_IdleWorkersOfOthers_TakeTheirShareOfTheTasks()
    {
        var scaler = ScalerSubject.With(QueueOf());
        scaler.Foreign.Add(new("someone:1", null, [], scaler.Now + Minutes(1), null));
        scaler.Look(1);
        Assert.Empty(scaler.Instances);
        scaler.Look(2);
        Assert.Single(scaler.Instances);
    }

    [Fact]
    public void Fault14_AMachineOfOursThatNobodyKnows_IsDisowned()
    {
        var scaler = ScalerSubject.With(QueueOf());
        var stranger = new Machine(Id(77), Queue, "m", MachineState.Running, Now, null, MachineEnd.Requested, null);
        Assert.Contains(new ScalerEffect.Disown("cloud", new InstanceRef(Id(77), "m")), scaler.Sweep(false, stranger).Effects);
        Assert.Empty(scaler.Sweep(true, stranger with { State = MachineState.Ended }).Effects);
    }

    [Fact]
    public void Money_CanNeverSuffice_PausesThePoolAndSaysWhy()
    {
        var scaler = ScalerSubject.With(QueueOf());
        scaler.Look(1);
        scaler.Tell(scaler.Instances[0].Id, new InstanceCommand.LeaseAnswered(new LeaseAnswer.Impossible("one lease needs $2.00 and budget team is limited to $1.00")));
        scaler.Bury();
        scaler.Look(1);
        scaler.Look(1);
        Assert.Empty(scaler.Instances);
        Assert.Contains("Pool gpu gets no money and is not asked until 10:01:01 UTC: one lease needs $2.00", scaler.Last.Sentence(), StringComparison.Ordinal);
        scaler.After(Minutes(1)).Look(1);
        Assert.Single(scaler.Instances);
    }
}
