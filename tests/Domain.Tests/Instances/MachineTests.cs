using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Sources;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Instances;

public sealed class MachineTests
{
    [Fact]
    public void MachineSeen_Interruption_DrainsAsPreempted()
    {
        var instance = InstanceSubject.In(Phase.Busy);
        instance.Seen(MachineState.Running, interruption: instance.Now + Minutes(2));
        Assert.Equal((Phase.Draining, Outcome.Preempted), (instance.State.Phase, instance.State.Leaving));
        Assert.Empty(instance.Seen(MachineState.Running, interruption: instance.Now + Minutes(2)).Events);
    }

    [Theory]
    [InlineData(MachineEnd.Preempted, Outcome.Preempted)]
    [InlineData(MachineEnd.Itself, Outcome.Vanished)]
    [InlineData(MachineEnd.Requested, Outcome.Vanished)]
    public void MachineSeen_EndedUnasked_EndsAndOwesTasksAndSettlement(MachineEnd end, Outcome outcome)
    {
        var instance = InstanceSubject.In(Phase.Busy);
        var decision = instance.Seen(MachineState.Ended, end);
        Assert.Equal((Phase.Ended, outcome), (instance.State.Phase, instance.State.Leaving));
        Assert.Contains(decision.Effects, e => e is InstanceEffect.ReturnTasks);
        Assert.Contains(decision.Effects, e => e is InstanceEffect.AskLedger { Command: LedgerCommand.Settle });
    }

    [Fact]
    public void MachineSeen_EndedAsAsked_KeepsItsOutcome() => Assert.Equal(Outcome.Operator, InstanceSubject.In(Phase.Ended).State.Leaving);

    [Fact]
    public void Resume_Ended_OwesBothUntilEachIsAnsweredOnce()
    {
        var instance = InstanceSubject.In(Phase.Ended);
        Assert.Equal(2, instance.Owed.Count);
        var returned = new InstanceCommand.TasksReturned(new RequeueResult(["t1"], []));
        Assert.Single(instance.Send(returned).Events);
        Assert.Empty(instance.Send(returned).Events);
        instance.Restart();
        Assert.IsType<LedgerCommand.Settle>(Assert.IsType<InstanceEffect.AskLedger>(Assert.Single(instance.Owed)).Command);
        instance.Send(new InstanceCommand.LeaseAnswered(new LeaseAnswer.Settled()));
        Assert.Empty(instance.Owed);
        Assert.True(instance.State.Done);
        Assert.Null(instance.Deadline);
    }

    [Fact]
    public void Settlement_AShortRun_BillsTheMinimum()
    {
        var instance = InstanceSubject.In(Phase.Launching);
        instance.Launched();
        instance.After(Seconds(10)).Seen(MachineState.Ended);
        var settle = instance.Owed.OfType<InstanceEffect.AskLedger>().Select(e => e.Command).OfType<LedgerCommand.Settle>().Single();
        Assert.Equal((instance.State.StartedAt, instance.State.StartedAt + Seconds(60)), (settle.BilledFrom, settle.BilledUntil));
    }

    [Fact]
    public void MachineAbsent_ShorterThanTheConsistencyWindow_ProvesNothing()
    {
        var instance = InstanceSubject.In(Phase.Idle);
        instance.Absent(Seconds(60));
        instance.After(Seconds(59)).Absent(Seconds(60));
        Assert.Equal(Phase.Idle, instance.State.Phase);
        instance.After(Seconds(1)).Absent(Seconds(60));
        Assert.Equal((Phase.Ended, Outcome.Vanished), (instance.State.Phase, instance.State.Leaving));
    }

    [Fact]
    public void MachineAbsent_SeenInBetween_CountsAnew()
    {
        var instance = InstanceSubject.In(Phase.Idle);
        instance.Absent(Seconds(60));
        instance.After(Seconds(30)).Seen(MachineState.Running);
        instance.After(Seconds(40)).Absent(Seconds(60));
        Assert.Equal(Phase.Idle, instance.State.Phase);
    }

    [Fact]
    public void MachineAbsent_Restarted_CountsAnew()
    {
        var instance = InstanceSubject.In(Phase.Idle);
        instance.Absent(Seconds(60));
        instance.Restart();
        instance.After(Seconds(70)).Absent(Seconds(60));
        Assert.Equal(Phase.Idle, instance.State.Phase);
    }

    [Fact]
    public void MachineAbsent_Launching_ProvesNothing()
    {
        var instance = InstanceSubject.In(Phase.Launching);
        Assert.Empty(instance.Absent(TimeSpan.Zero).Events);
    }

    /// <summary>A sweep that began before the machine was started cannot show it.</summary>
    [Fact]
    public void MachineAbsent_TheSweepBeganBeforeTheMachineDid_ProvesNothing()
    {
        var instance = InstanceSubject.In(Phase.Launching);
        var began = instance.Now + Seconds(1);
        instance.After(Seconds(2)).Launched();
        Assert.Empty(instance.After(Seconds(1)).Send(new InstanceCommand.MachineAbsent(began, TimeSpan.Zero)).Events);
        Assert.Equal(Phase.Booting, instance.State.Phase);
    }

    [Fact]
    public void MachineAbsent_Terminating_EndsAsAsked()
    {
        var instance = InstanceSubject.In(Phase.Terminating);
        instance.Absent(TimeSpan.Zero);
        instance.After(Seconds(5)).Absent(TimeSpan.Zero);
        Assert.Equal((Phase.Ended, Outcome.Operator), (instance.State.Phase, instance.State.Leaving));
    }
}
