using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Queues;

public sealed class ScalerTests
{
    [Fact]
    public void Observe_TasksWait_RequestsInstancesAndRecordsWhy()
    {
        var scaler = ScalerSubject.With(QueueOf(Pool("a", 2), Pool("b", 2)));
        var decision = scaler.Look(3);
        Assert.Equal(3, decision.Effects.Count(e => e is ScalerEffect.OfInstance { Effect: InstanceEffect.AskLedger { Command: LedgerCommand.Reserve } }));
        Assert.Equal(
            "3 tasks wait and there are 0 slots idle or booting. Launching 2 in pool a, 1 in pool b. Pool a has its maximum of 2 instances.",
            scaler.Last.Sentence());
    }

    [Fact]
    public void Observe_NothingChanges_RecordsNothing()
    {
        var scaler = ScalerSubject.With(QueueOf(Pool(max: 1)));
        scaler.Look(3);
        for (var looks = 0; looks < 3; looks++)
            Assert.DoesNotContain(scaler.Look(3).Events, e => e is not ITransientEvent);
    }

    [Fact]
    public void Observe_AnOlderLookArrivesLate_IsIgnored()
    {
        var scaler = ScalerSubject.With(QueueOf());
        scaler.Look(0);
        Assert.Empty(scaler.Machine.Send(new ScalerCommand.Observe(new(Queue, scaler.Now - Seconds(1), 9, null, []))).Events);
    }

    [Fact]
    public void Observe_SeveralSlots_OneInstanceTakesSeveralTasks()
    {
        var scaler = ScalerSubject.With(QueueOf(Pool(slots: 4)));
        scaler.Look(5);
        Assert.Equal(2, scaler.Live);
    }

    [Fact]
    public void Observe_DemandFallsBeforeAnythingWasLaunched_TakesTheYoungestBack()
    {
        var scaler = ScalerSubject.With(QueueOf());
        scaler.Look(3);
        scaler.Grant(scaler.Instances[0].Id);
        scaler.Look(1);
        Assert.Equal([Phase.Launching, Phase.Ended, Phase.Ended], scaler.Instances.Select(i => i.Phase));
        Assert.All(scaler.Instances.Skip(1), i => Assert.Equal(Outcome.Policy, i.Leaving));
    }

    [Fact]
    public void Observe_IdleTooLong_DrainsOldestFirstDownToTheMinimum()
    {
        var scaler = ScalerSubject.With(QueueOf() with { MinInstances = 1, MaxIdleTime = Minutes(5) });
        scaler.Look(3);
        scaler.Boot().Register();
        scaler.After(Minutes(4)).Look(0);
        Assert.All(scaler.Instances, i => Assert.Equal(Phase.Idle, i.Phase));
        Assert.Equal(scaler.Instances[0].IdleSince + Minutes(5), scaler.Machine.Deadline);
        scaler.After(Minutes(1)).Look(0);
        Assert.Equal(2, scaler.Instances.Count(i => i.Phase == Phase.Draining));
        Assert.Contains("Ending 2 instances because they were idle for 5 min", scaler.Last.Sentence(), StringComparison.Ordinal);
    }

    [Fact]
    public void Observe_BelowTheMinimum_LaunchesWithoutDemand()
    {
        var scaler = ScalerSubject.With(QueueOf() with { MinInstances = 2 });
        scaler.Look(0);
        Assert.Equal(2, scaler.Live);
        Assert.StartsWith("No task waits, but at least 2 instances must stay.", scaler.Last.Sentence(), StringComparison.Ordinal);
    }

    [Fact]
    public void Observe_Paused_LaunchesNothingAndTakesBackWhatWaitsForMoney()
    {
        var spec = QueueOf();
        var scaler = ScalerSubject.With(spec);
        scaler.Look(2);
        scaler.Grant(scaler.Instances[0].Id);
        scaler.Configure(spec with { Paused = true });
        scaler.Look(5);
        Assert.Equal([Phase.Launching, Phase.Ended], scaler.Instances.Select(i => i.Phase));
        Assert.Contains("The queue is paused.", scaler.Last.Sentence(), StringComparison.Ordinal);
    }

    [Fact]
    public void Observe_WaitsForMoney_SaysWhyOnce()
    {
        var scaler = ScalerSubject.With(QueueOf());
        scaler.Look(1);
        scaler.Tell(scaler.Instances[0].Id, new InstanceCommand.LeaseAnswered(new LeaseAnswer.Waiting(Denied())));
        scaler.Look(1);
        Assert.Equal(
            "1 task waits, and idle or booting instances will take it. 1 instance of pool gpu waits for money: budget team has $0.10 left of $1.00 and the lease needs $0.166667.",
            scaler.Last.Sentence());
        Assert.DoesNotContain(scaler.Look(1).Events, e => e is ScalerEvent.Decided);
    }

    [Fact]
    public void Retire_DrainsAllAndTellsWhenNothingIsLeft()
    {
        var scaler = ScalerSubject.With(QueueOf());
        scaler.Look(2);
        scaler.Boot().Register(1);
        scaler.Machine.Send(new ScalerCommand.Retire(5));
        Assert.All(scaler.Instances, i => Assert.Equal(Phase.Draining, i.Phase));
        foreach (var instance in scaler.Instances)
        {
            scaler.Workers[instance.Id] = [];
            scaler.Tell(instance.Id, new InstanceCommand.FeedingStopped(true));
        }

        scaler.Look(7);
        scaler.Bury();
        Assert.Empty(scaler.Instances);
        Assert.Contains(scaler.Machine.Send(new ScalerCommand.Retire(5)).Effects, e => e is ScalerEffect.TellGone);
        Assert.Null(scaler.Machine.Deadline);
    }

    [Fact]
    public void Configure_PoolRemoved_DrainsItsInstancesOnly()
    {
        var scaler = ScalerSubject.With(QueueOf(Pool("a", 1), Pool("b", 1)));
        scaler.Look(2);
        scaler.Boot().Register(2);
        scaler.Configure(QueueOf(Pool("b", 1)));
        Assert.Equal([Phase.Draining, Phase.Busy], scaler.Instances.OrderBy(i => i.Pool.Name).Select(i => i.Phase));
    }

    [Fact]
    public void Configure_AnOlderRevisionArrivesLate_DoesNotUndoANewerOne()
    {
        var spec = QueueOf();
        var scaler = ScalerSubject.With(spec);
        scaler.Machine.Send(new ScalerCommand.Configure(spec, 9));
        scaler.Machine.Send(new ScalerCommand.Configure(spec with { Paused = true }, 8));
        scaler.Machine.Send(new ScalerCommand.Retire(8));
        Assert.False(scaler.State.Spec!.Paused);
        Assert.False(scaler.State.Retired);
    }

    [Fact]
    public void Restart_NoLookSinceThen_OwesOne()
    {
        var scaler = ScalerSubject.With(QueueOf());
        scaler.Look(0);
        Assert.Empty(scaler.Machine.Owed);
        scaler.Machine.Restart();
        Assert.IsType<ScalerEffect.LookAgain>(Assert.Single(scaler.Machine.Owed));
        scaler.Look(0);
        Assert.Empty(scaler.Machine.Owed);
    }

    [Fact]
    public void Breaker_FailuresOneAfterTheOther_OneFreeRetryThenLongerPausesThenTripped()
    {
        var breaker = Breaker.After(null, "r", "broken", Now);
        Assert.Null(breaker.OpenUntil);
        foreach (var minutes in new[] { 1, 5, 15 })
        {
            breaker = Breaker.After(breaker, "r", "broken", Now);
            Assert.Equal(Now + Minutes(minutes), breaker.OpenUntil);
        }

        Assert.True(Breaker.After(breaker, "r", "broken", Now).Tripped);
        Assert.Equal(1, Breaker.After(breaker, "another template", "broken", Now).Failures);
    }

    [Fact]
    public void Breaker_AWholeRoundFails_CountsOnceAndThenOneAtATimeTries()
    {
        var scaler = ScalerSubject.With(QueueOf(Pool(max: 5)));
        scaler.Look(4);
        foreach (var instance in scaler.Instances)
        {
            scaler.Grant(instance.Id);
            scaler.Refuse(instance.Id, ProviderFault.Misconfigured);
        }

        Assert.Equal(1, scaler.State.Breakers["gpu"].Failures);
        scaler.Bury().Look(4);
        Assert.Single(scaler.Instances);
        Assert.Contains("one launch at a time after 1 failure: the cloud said no", scaler.Last.Sentence(), StringComparison.Ordinal);
        scaler.Boot().Register();
        Assert.Empty(scaler.State.Breakers);
        scaler.Look(4);
        Assert.Equal(4, scaler.Live);
    }

    [Fact]
    public void ResetPool_Tripped_ClosesItAndRecordsWho()
    {
        var scaler = ScalerSubject.With(QueueOf());
        scaler.Look(1);
        scaler.Grant(scaler.Instances[0].Id);
        scaler.Refuse(scaler.Instances[0].Id, ProviderFault.Misconfigured);
        var decision = scaler.After(Seconds(1)).Machine.Send(new ScalerCommand.ResetPool("gpu", "ann"));
        Assert.Equal("ann", decision.Events.OfType<ScalerEvent.PoolRecovered>().Single().By);
        Assert.Empty(scaler.State.Breakers);
        Assert.Contains(decision.Effects, e => e is ScalerEffect.LookAgain);
        Assert.Contains(new ScalerEffect.Reply("queue train has no pool tpu"), scaler.Machine.Send(new ScalerCommand.ResetPool("tpu", "ann")).Effects);
    }

    [Fact]
    public void Configure_TemplateOfABrokenPoolChanged_TriesItAgain()
    {
        var scaler = ScalerSubject.With(QueueOf());
        scaler.Look(1);
        scaler.Grant(scaler.Instances[0].Id);
        scaler.Refuse(scaler.Instances[0].Id, ProviderFault.Misconfigured);
        scaler.Configure(QueueOf(Pool(revision: "mended")));
        Assert.Empty(scaler.State.Breakers);
    }

    [Fact]
    public void Leave_ByAnOperator_DrainsOrEndsAndIsADecisionWithTheName()
    {
        var scaler = ScalerSubject.With(QueueOf());
        scaler.Look(1);
        scaler.Boot().Register(1);
        var id = scaler.Instances[0].Id;
        scaler.Machine.Send(new ScalerCommand.Leave(id, false, "ann"));
        Assert.Equal($"ann asked: drain instance {id}. Ending 1 instance because ann asked to drain it.", scaler.Last.Sentence());
        Assert.Empty(scaler.Machine.Send(new ScalerCommand.Leave(id, false, "ann")).Events);
        scaler.Machine.Send(new ScalerCommand.Leave(id, true, "bob"));
        Assert.Equal(Phase.Terminating, scaler.State.Instances[id].Phase);
        Assert.Contains(scaler.Machine.Send(new ScalerCommand.Leave(Id(55), true, "bob")).Effects, e => e is ScalerEffect.Reply { Refusal: not null });
    }

    [Fact]
    public void DrainAll_Repeated_DecidesOnce()
    {
        var scaler = ScalerSubject.With(QueueOf());
        scaler.Look(3);
        scaler.Boot().Register(2);
        Assert.NotEmpty(scaler.Machine.Send(new ScalerCommand.DrainAll("ann")).Events);
        Assert.All(scaler.Instances, i => Assert.Equal(Phase.Draining, i.Phase));
        Assert.Empty(scaler.Machine.Send(new ScalerCommand.DrainAll("ann")).Events);
    }

    [Fact]
    public void Plugin_AskedAndAnswered_IsCarriedOut()
    {
        var scaler = ScalerSubject.With(QueueOf() with { Policy = new PolicySpec.Plugin("My.Policy") });
        var asked = Assert.Single(scaler.Look(9).Effects.OfType<ScalerEffect.AskPolicy>());
        Assert.Equal(("My.Policy", 9), (asked.TypeName, asked.Situation.Pending));
        Assert.Contains(scaler.Machine.Owed, e => e is ScalerEffect.AskPolicy);
        scaler.Machine.Send(new ScalerCommand.PolicyAnswered(asked.AsOf, new ScalingAdvice(2, "two are enough"), null));
        Assert.Equal((2, "Two are enough. Launching 2 in pool gpu."), (scaler.Live, scaler.Last.Sentence()));
        Assert.Empty(scaler.Machine.Send(new ScalerCommand.PolicyAnswered(asked.AsOf, new ScalingAdvice(5, "again"), null)).Events);
        Assert.DoesNotContain(scaler.Machine.Owed, e => e is ScalerEffect.AskPolicy);
    }

    [Theory]
    [InlineData(null, "it took longer than 1 s", "its policy failed and nothing is changed: it took longer than 1 s")]
    [InlineData(-3, null, "its policy failed and nothing is changed: it wants -3 instances")]
    public void Plugin_FailsOrWantsNonsense_ChangesNothingAndSaysSo(int? wanted, string? failure, string sentence)
    {
        var scaler = ScalerSubject.With(QueueOf() with { Policy = new PolicySpec.Plugin("My.Policy") });
        scaler.Look(9);
        scaler.Machine.Send(new ScalerCommand.PolicyAnswered(scaler.Now, wanted is { } n ? new ScalingAdvice(n, "") : null, failure));
        Assert.Empty(scaler.Instances);
        Assert.Contains(sentence, scaler.Last.Sentence(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Plugin_WantsBillions_GetsThePoolsMaxima()
    {
        var scaler = ScalerSubject.With(QueueOf(Pool(max: 3, slots: 8)) with { Policy = new PolicySpec.Plugin("My.Policy") });
        scaler.Look(1);
        scaler.Machine.Send(new ScalerCommand.PolicyAnswered(scaler.Now, new ScalingAdvice(int.MaxValue, "all there is"), null));
        Assert.Equal(3, scaler.Live);
    }

    [Fact]
    public void Plugin_ReplacedBeforeItAnswered_ItsAnswerIsIgnored()
    {
        var scaler = ScalerSubject.With(QueueOf() with { Policy = new PolicySpec.Plugin("My.Policy") });
        scaler.Look(1);
        var asOf = scaler.Now;
        scaler.Configure(QueueOf());
        scaler.Machine.Send(new ScalerCommand.PolicyAnswered(asOf, new ScalingAdvice(5, "five"), null));
        Assert.Empty(scaler.Instances);
    }

    [Fact]
    public void LaunchAnswered_TheInstanceIsForgotten_IsAcknowledgedAllTheSame()
    {
        var scaler = ScalerSubject.With(QueueOf());
        var late = new InstanceCommand.LaunchAnswered(1, new LaunchOutcome.Launched(Id(3), "m", Now));
        var ack = Assert.IsType<InstanceEffect.AskGateway>(Assert.IsType<ScalerEffect.OfInstance>(Assert.Single(scaler.Tell(Id(3), late).Effects)).Effect);
        Assert.Equal(new GatewayCommand.Acknowledge(Id(3), 1), ack.Command);
    }

    [Fact]
    public void Sweep_IncompleteList_MakesNobodyAbsent()
    {
        var scaler = ScalerSubject.With(QueueOf());
        scaler.Look(1);
        scaler.Boot().Register();
        scaler.After(Seconds(1)).Sweep(false);
        scaler.After(Hours(1)).Sweep(false);
        Assert.Equal(Phase.Idle, scaler.Instances[0].Phase);
    }
}
