using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;
using ControlPlane.Domain.Sources;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Queues;

/// <summary>A platform gives notice that it will take a machine back.</summary>
public sealed class InterruptionTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Notice_ATaskRuns_AReplacementIsRequestedAtTheNextLook(bool targetWait)
    {
        var spec = QueueOf();
        var scaler = Busy(targetWait ? spec with { Policy = new PolicySpec.TargetWait(Minutes(1)) } : spec);
        Notice(scaler);
        Assert.Equal((Phase.Draining, Outcome.Preempted), (scaler.Instances[0].Phase, scaler.Instances[0].Leaving));

        // One look is wanted at once, and shows no task that waits: the one on the machine counts.
        Assert.True(scaler.State.NeedsLook);
        scaler.Look(0);
        Assert.Single(scaler.Instances, i => i.Phase == Phase.Requested);
        if (!targetWait)
            Assert.Contains("1 task waits or will (1 on machines that are taken back)", scaler.Last.Sentence(), StringComparison.Ordinal);

        // The replacement boots: it is not doubled, and not given up.
        scaler.Boot().Look(0);
        scaler.Look(0);
        Assert.Equal(2, scaler.Live);
    }

    [Fact]
    public void Notice_ItIsIdle_NothingIsReplaced()
    {
        var scaler = ScalerSubject.With(QueueOf() with { MaxIdleTime = Hours(1) });
        scaler.Look(1);
        scaler.Boot().Register();
        Notice(scaler);
        scaler.Look(0);
        Assert.DoesNotContain(scaler.Instances, i => i.Phase == Phase.Requested);
    }

    [Fact]
    public void Notice_ItsTasksWillNotGoBack_NothingIsReplaced()
    {
        var scaler = Busy(QueueOf() with { Requeue = new RequeueRules(Never: true) });
        Notice(scaler);
        scaler.Look(0);
        Assert.DoesNotContain(scaler.Instances, i => i.Phase == Phase.Requested);
    }

    [Fact]
    public void Notice_ItIsTakenBack_ItsTasksGoBackOnce()
    {
        var scaler = Busy(QueueOf());
        Notice(scaler);
        Assert.DoesNotContain(scaler.Machine.Owed, Returns);
        scaler.After(Minutes(2)).Sweep(true, scaler.Show(scaler.Instances[0], MachineState.Ended, MachineEnd.Preempted));
        Assert.Single(scaler.Machine.Owed, Returns);
    }

    [Fact]
    public void NoticeAtNotice_TheSourceStopsFeeding_TasksGoBackAndTheMachineEndsAtOnce()
    {
        var scaler = Busy(QueueOf() with { Requeue = new RequeueRules(AtNotice: true) });
        var id = scaler.Instances[0].Id;
        Notice(scaler);
        Assert.DoesNotContain(scaler.Machine.Owed, Returns);
        var decision = scaler.Tell(id, new InstanceCommand.FeedingStopped(true));
        Assert.Contains(decision.Effects, Returns);
        Assert.Contains(decision.Effects, e => e is ScalerEffect.OfInstance { Effect: InstanceEffect.AskGateway { Command: GatewayCommand.Terminate } });
        Assert.Contains(scaler.Machine.Owed, Returns);

        // It was put back: it waits, and no longer counts twice.
        scaler.Tell(id, new InstanceCommand.TasksReturned(new RequeueResult(["t"], [])));
        Assert.DoesNotContain(scaler.Machine.Owed, Returns);
        scaler.Workers.Clear();
        scaler.Look(1);
        Assert.Single(scaler.Instances, i => i.Phase == Phase.Requested);
        scaler.Machine.Restart();
        Assert.Equal(Phase.Terminating, scaler.State.Instances[id].Phase);
        Assert.DoesNotContain(scaler.Machine.Owed, Returns);
    }

    [Fact]
    public void NoticeAtNotice_TheSourceCannotStopFeeding_TasksGoBackWhenTheMachineIsGone()
    {
        var scaler = Busy(QueueOf() with { Requeue = new RequeueRules(AtNotice: true) });
        var id = scaler.Instances[0].Id;
        Notice(scaler);
        scaler.Tell(id, new InstanceCommand.FeedingStopped(false));
        Assert.Equal(Phase.Terminating, scaler.State.Instances[id].Phase);
        Assert.DoesNotContain(scaler.Machine.Owed, Returns);
        scaler.Look(0);
        Assert.Single(scaler.Instances, i => i.Phase == Phase.Requested);
        scaler.After(Seconds(20)).Sweep(true, scaler.Show(scaler.State.Instances[id], MachineState.Ended));
        Assert.Single(scaler.Machine.Owed, Returns);
    }

    [Fact]
    public void NoticeAtNotice_RestartBeforeTheSourceAnswered_GoesOn()
    {
        var scaler = Busy(QueueOf() with { Requeue = new RequeueRules(AtNotice: true) });
        var id = scaler.Instances[0].Id;
        Notice(scaler);
        scaler.Machine.Restart();
        Assert.Single(scaler.Machine.Owed, e => e is ScalerEffect.OfInstance { Effect: InstanceEffect.StopFeeding });
        scaler.Tell(id, new InstanceCommand.FeedingStopped(true));
        Assert.Single(scaler.Machine.Owed, Returns);
    }

    [Fact]
    public void MachineSeen_BilledAboveTheLease_IsAWarning()
    {
        var scaler = Busy(QueueOf());
        Machine Dear(decimal price) => scaler.Show(scaler.Instances[0], MachineState.Running) with { Rate = HourlyRate.FromDollars(price) };
        var decision = scaler.Sweep(true, Dear(2));
        Assert.Contains("is billed at $2.00/h and its lease covers $1.00/h", Assert.Single(decision.Effects.OfType<ScalerEffect.Warn>()).Sentence, StringComparison.Ordinal);
        Assert.Empty(scaler.Sweep(true, Dear(3)).Effects.OfType<ScalerEffect.Warn>());
    }

    private static bool Returns(ScalerEffect effect) => effect is ScalerEffect.OfInstance { Effect: InstanceEffect.ReturnTasks };

    private static ScalerSubject Busy(QueueSpec spec)
    {
        var scaler = ScalerSubject.With(spec);
        scaler.Look(1);
        if (scaler.Instances.Count == 0)
            scaler.After(Minutes(2)).Look(1);
        scaler.Boot().Register(1);
        Assert.Equal(Phase.Busy, scaler.Instances[0].Phase);
        return scaler;
    }

    private static Decision<ScalerEvent, ScalerEffect> Notice(ScalerSubject scaler) =>
        scaler.After(Seconds(1)).Sweep(true, scaler.Show(scaler.Instances[0], MachineState.Running) with { InterruptionAt = scaler.Now + Minutes(2) });
}
