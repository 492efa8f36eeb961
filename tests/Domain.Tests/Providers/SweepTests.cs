using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Providers;

public sealed class SweepTests
{
    [Fact]
    public void Tick_Configured_SweepsAtItsPace()
    {
        var gateway = GatewaySubject.Configured();
        Assert.Equal(gateway.Now + Seconds(10), gateway.Machine.Deadline);
        Assert.Contains(gateway.After(Seconds(10)).Tick(), e => e is GatewayEffect.CallSweep);
        Assert.Null(gateway.Machine.Deadline);
    }

    [Fact]
    public void SweepAnswered_AQueuesMachinesChanged_TellsThatQueueOnly()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Sweep(GatewaySubject.Shown(1), GatewaySubject.Shown(2, queue: "other"));

        // For a while after a change everything is told: an absence must be seen more than once.
        Assert.Equal(2, Told(gateway.After(Seconds(10)).Sweep(GatewaySubject.Shown(1), GatewaySubject.Shown(2, queue: "other"))).Count);
        gateway.After(Seconds(61)).Sweep(GatewaySubject.Shown(1), GatewaySubject.Shown(2, queue: "other"));
        Assert.Empty(Told(gateway.After(Seconds(10)).Sweep(GatewaySubject.Shown(1), GatewaySubject.Shown(2, queue: "other"))));
        Assert.Equal([Queue], Told(gateway.After(Seconds(10)).Sweep(GatewaySubject.Shown(1, MachineState.Ended), GatewaySubject.Shown(2, queue: "other"))).Select(t => t.Queue));
    }

    [Fact]
    public void SweepAnswered_AMachineIsMissing_IsToldOverTheWholeConsistencyWindow()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Sweep(GatewaySubject.Shown(1));
        gateway.After(Minutes(5)).Sweep(GatewaySubject.Shown(1));
        var gone = gateway.After(Seconds(10)).Now;
        List<DateTimeOffset> told = [];
        for (var sweeps = 0; sweeps < 5; sweeps++, gateway.After(Seconds(10)))
            told.AddRange(Told(gateway.Sweep()).Where(t => t.Command is ScalerCommand.Sweep { Complete: true, Machines.Count: 0 }).Select(_ => gateway.Now));
        Assert.Equal(gone, told[0]);
        Assert.True(told[^1] - gone >= Seconds(30));
    }

    /// <summary>What a scaler was told may have been lost with its node.</summary>
    [Fact]
    public void SweepAnswered_NothingChangesForLong_EveryQueueHearsOfOneNowAndThen()
    {
        var gateway = GatewaySubject.Configured();
        gateway.After(Minutes(10)).Sweep();
        var told = 0;
        for (var sweeps = 0; sweeps < 60; sweeps++)
            told += Told(gateway.After(Seconds(10)).Sweep()).Count;
        Assert.InRange(told, 9, 11);
    }

    [Fact]
    public void SweepAnswered_Incomplete_IsToldAsSuchAndTheNextComesLater()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Sweep(GatewaySubject.Shown(1));
        var sweep = Assert.IsType<ScalerCommand.Sweep>(Assert.Single(Told(gateway.After(Seconds(10)).BrokenSweep())).Command);
        Assert.False(sweep.Complete);
        Assert.Equal((gateway.Now + Seconds(20), "slow down"), (gateway.State.NextSweepAt, gateway.State.SweepFault));
        Assert.Equal([GatewaySubject.Shown(1)], gateway.State.Queues[Queue].Machines);
        gateway.Sweep(GatewaySubject.Shown(1));
        Assert.Null(gateway.State.SweepFault);
    }

    [Fact]
    public void LaunchAnswered_Launched_LooksSoon()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Ask(1);
        gateway.Answer(gateway.Flush()[0], [null]);
        Assert.Equal(gateway.Now + Seconds(1), gateway.State.NextSweepAt);
    }

    [Fact]
    public void Disown_AfterTheGracePeriod_TerminatesOnce()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Sweep(GatewaySubject.Shown(1));
        var stranger = new GatewayCommand.Disown(new InstanceRef(Id(1), "m1"));
        Assert.DoesNotContain(gateway.Machine.Send(stranger).Events, e => e is GatewayEvent.OrphanReaped);
        gateway.After(Seconds(19)).Machine.Send(stranger);
        Assert.Empty(gateway.Machine.Log.OfType<GatewayEvent.OrphanReaped>());
        gateway.After(Seconds(1)).Machine.Send(stranger);
        gateway.Machine.Send(stranger);
        Assert.Single(gateway.Machine.Log.OfType<GatewayEvent.OrphanReaped>());
        Assert.Single(gateway.After(Seconds(0.1)).Tick().OfType<GatewayEffect.CallTerminate>());
    }

    [Fact]
    public void Disown_TheTerminationsAnswerWasLost_IsSentAgain()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Sweep(GatewaySubject.Shown(1));
        var stranger = new GatewayCommand.Disown(new InstanceRef(Id(1), "m1"));
        gateway.Machine.Send(stranger);
        gateway.After(Seconds(20)).Machine.Send(stranger);
        gateway.Tick();
        gateway.After(Seconds(31)).Machine.Send(stranger);
        Assert.Single(gateway.Tick().OfType<GatewayEffect.CallTerminate>());
        Assert.Single(gateway.Machine.Log.OfType<GatewayEvent.OrphanReaped>());
    }

    [Fact]
    public void Disown_NoSweepShowsItAnyMore_IsForgotten()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Sweep(GatewaySubject.Shown(1));
        gateway.Machine.Send(new GatewayCommand.Disown(new InstanceRef(Id(1), "m1")));
        gateway.Sweep();
        Assert.Empty(gateway.State.Orphans);
        Assert.Empty(gateway.Machine.Send(new GatewayCommand.Disown(new InstanceRef(Id(1), "m1"))).Events);
    }

    [Fact]
    public void Terminate_RepeatedSoon_IsOneCallAndLaterAnother()
    {
        var gateway = GatewaySubject.Configured();
        var terminate = new GatewayCommand.Terminate(new InstanceRef(Id(1), "m1"));
        gateway.Machine.Send(terminate);
        Assert.Single(gateway.After(Seconds(0.1)).Tick().OfType<GatewayEffect.CallTerminate>());
        gateway.After(Seconds(5)).Machine.Send(terminate);
        Assert.Empty(gateway.Tick().OfType<GatewayEffect.CallTerminate>());
        gateway.Machine.Send(new GatewayCommand.TerminateAnswered([new TerminateOutcome(Id(1), ProviderFault.Throttled, "slow down")]));
        gateway.Machine.Send(terminate);
        Assert.Empty(gateway.Tick().OfType<GatewayEffect.CallTerminate>());
        Assert.Single(gateway.After(Seconds(2)).Tick().OfType<GatewayEffect.CallTerminate>());
    }

    private static List<GatewayEffect.TellScaler> Told(Decision<GatewayEvent, GatewayEffect> decision) => [.. decision.Effects.OfType<GatewayEffect.TellScaler>()];
}
