using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Providers;

public sealed class LaunchBatchTests
{
    [Fact]
    public void Launch_SeveralOfOneShape_AreOneCallUnderAPersistedToken()
    {
        var gateway = GatewaySubject.Configured();
        for (var n = 1; n <= 5; n++)
            gateway.Ask(n);
        gateway.Ask(9, zone: "b");
        var batches = gateway.Flush();
        Assert.Equal([5, 1], batches.Select(b => b.Intents.Count));
        Assert.Equal(batches.Select(b => b.Token), gateway.Machine.Log.OfType<GatewayEvent.BatchOpened>().Select(e => e.Batch.Token));
        Assert.Equal(2, batches.Select(b => b.Token).Distinct().Count());
    }

    [Fact]
    public void Launch_JustAsked_WaitsShortlyForOthers()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Ask(1);
        Assert.Equal(gateway.Now + TimeSpan.FromMilliseconds(35), gateway.Machine.Deadline);
        Assert.Empty(gateway.After(TimeSpan.FromMilliseconds(20)).Tick());
        gateway.Ask(2);
        Assert.Empty(gateway.After(TimeSpan.FromMilliseconds(20)).Tick());
        Assert.Equal(2, Assert.Single(gateway.After(TimeSpan.FromMilliseconds(15)).Tick().OfType<GatewayEffect.CallLaunch>()).Batch.Intents.Count);
    }

    /// <summary>Where few calls may be made, whoever waits saves one.</summary>
    [Theory]
    [InlineData(20, 0.25)]
    [InlineData(2, 1.0)]
    [InlineData(0.1, 1.0)]
    public void Launch_OthersKeepComing_IsSentAfterAWhile(double perSecond, double seconds)
    {
        var gateway = GatewaySubject.Configured(GatewaySubject.Spec with { LaunchesPerSecond = perSecond });
        var start = gateway.Now;
        IReadOnlyList<GatewayEffect> calls = [];
        for (var n = 1; calls.Count == 0; n++)
        {
            gateway.Ask(n);
            calls = [.. gateway.After(TimeSpan.FromMilliseconds(20)).Tick().OfType<GatewayEffect.CallLaunch>()];
        }

        Assert.Single(calls);
        Assert.InRange((gateway.Now - start).TotalSeconds, seconds, seconds + 0.03);
    }

    [Fact]
    public void Launch_ACallIsFull_IsNotWaitedForOthers()
    {
        var gateway = GatewaySubject.Configured();
        for (var n = 1; n <= 120; n++)
            gateway.Ask(n);
        Assert.Equal(100, Assert.Single(gateway.After(TimeSpan.FromMilliseconds(36)).Tick().OfType<GatewayEffect.CallLaunch>()).Batch.Intents.Count);
        Assert.Equal(20, Assert.Single(gateway.After(TimeSpan.FromMilliseconds(100)).Tick().OfType<GatewayEffect.CallLaunch>()).Batch.Intents.Count);
    }

    [Fact]
    public void Launch_Hundreds_AreCutIntoCallsOfAHundredAndHeldToTheRate()
    {
        var gateway = GatewaySubject.Configured();
        for (var n = 1; n <= 450; n++)
            gateway.Ask(n);
        Assert.Equal([100, 100, 100], gateway.Flush().Select(b => b.Intents.Count));
        Assert.Empty(gateway.Flush());
        List<int> later = [];
        for (var i = 0; i < 8; i++)
            later.AddRange(gateway.Flush().Select(b => b.Intents.Count));
        Assert.Equal([100, 50], later);
    }

    [Fact]
    public void Launch_RepeatedWhileGatheringOrInFlight_IsInOneBatchOnly()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Ask(1);
        gateway.Ask(1);
        Assert.Single(Assert.Single(gateway.Flush()).Intents);
        gateway.Ask(1);
        Assert.Empty(gateway.Flush());
    }

    [Fact]
    public void LaunchAnswered_OneAnswerIsMissing_ARefusalWaitsBecauseTheWholeBatchIsAskedAgain()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Ask(1);
        gateway.Ask(2);
        gateway.Ask(3);
        var batch = gateway.Flush()[0];

        var first = gateway.Answer(batch, null, ProviderFault.InsufficientCapacity, ProviderFault.Indeterminate);
        Assert.Equal([Id(1)], first.Effects.OfType<GatewayEffect.TellInstance>().Select(e => e.Instance));

        // Asked again, the provider launches what it had refused: that is the answer, and no second attempt was begun meanwhile.
        var again = Assert.Single(gateway.After(Seconds(2)).Tick().OfType<GatewayEffect.CallLaunch>());
        Assert.Equal(batch, again.Batch);
        Assert.IsType<LaunchOutcome.Launched>(gateway.Answer(batch, null, null, ProviderFault.InsufficientCapacity).ToldTo(2));
    }

    [Fact]
    public void LaunchAnswered_Definite_IsToldUntilAcknowledged()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Ask(1);
        var decision = gateway.Answer(gateway.Flush()[0], [null]);
        Assert.IsType<LaunchOutcome.Launched>(decision.ToldTo(1));
        Assert.Empty(gateway.State.Batches);
        Assert.Single(gateway.Machine.Owed);
        Assert.IsType<LaunchOutcome.Launched>(gateway.Ask(1).ToldTo(1));
        gateway.Machine.Send(new GatewayCommand.Acknowledge(Id(1), 1));
        Assert.Empty(gateway.Machine.Owed);
        Assert.Empty(gateway.Machine.Send(new GatewayCommand.Acknowledge(Id(1), 1)).Events);
    }

    [Theory]
    [InlineData(ProviderFault.Indeterminate)]
    [InlineData(ProviderFault.Throttled)]
    public void LaunchAnswered_NotDefinite_AsksTheSameQuestionAgainLaterAndLater(ProviderFault fault)
    {
        var gateway = GatewaySubject.Configured();
        gateway.Ask(1);
        var batch = gateway.Flush()[0];
        var pause = TimeSpan.Zero;
        for (var tries = 0; tries < 4; tries++)
        {
            Assert.Null(gateway.Answer(batch, fault).ToldTo(1));
            var retry = gateway.State.Calls[batch.Token].RetryAt;
            Assert.True(retry - gateway.Now > pause);
            pause = retry - gateway.Now;
            gateway.Machine.At(retry);
            var again = Assert.Single(gateway.Tick().OfType<GatewayEffect.CallLaunch>()).Batch;
            Assert.Equal(batch.Token, again.Token);
        }

        Assert.Single(gateway.Machine.Log.OfType<GatewayEvent.BatchOpened>());
    }

    [Fact]
    public void LaunchAnswered_Partly_TellsThoseAndRepeatsTheWholeQuestion()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Ask(1);
        gateway.Ask(2);
        var batch = gateway.Flush()[0];
        var first = gateway.Answer(batch, null, ProviderFault.Indeterminate);
        Assert.NotNull(first.ToldTo(1));
        Assert.Null(first.ToldTo(2));
        var again = gateway.After(Seconds(3)).Tick().OfType<GatewayEffect.CallLaunch>().Single().Batch;
        Assert.Equal(batch.Intents, again.Intents);
        var second = gateway.Answer(again, null, null);
        Assert.Null(second.ToldTo(1));
        Assert.NotNull(second.ToldTo(2));
        Assert.DoesNotContain(gateway.Answer(again, null, null).Events, e => e is not ITransientEvent);
    }

    [Fact]
    public void Restart_ABatchIsInFlight_RepeatsItsToken()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Ask(1);
        var batch = gateway.Flush()[0];
        gateway.Machine.Restart();
        gateway.Configure();
        gateway.Ask(1);
        var again = Assert.Single(gateway.Tick().OfType<GatewayEffect.CallLaunch>()).Batch;
        Assert.Equal((batch.Token, batch.Offer), (again.Token, again.Offer));
        Assert.Equal(batch.Intents, again.Intents);
    }

    [Fact]
    public void Restart_AnAnswerWasNotAcknowledged_TellsItAgain()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Ask(1);
        gateway.Answer(gateway.Flush()[0], ProviderFault.Misconfigured);
        gateway.Machine.Restart();
        Assert.IsType<LaunchOutcome.Failed>(((InstanceCommand.LaunchAnswered)Assert.IsType<GatewayEffect.TellInstance>(Assert.Single(gateway.Machine.Owed)).Command).Outcome);
    }

    [Fact]
    public void Launch_ACopyComesAfterTheAnswerWasRecorded_LaunchesNothing()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Ask(1);
        gateway.Answer(gateway.Flush()[0], [null]);
        gateway.Machine.Send(new GatewayCommand.Acknowledge(Id(1), 1));
        gateway.Ask(1);
        Assert.Empty(gateway.Flush());
        gateway.Machine.Restart();
        gateway.Configure();
        gateway.Ask(1);
        Assert.Empty(gateway.Flush());
    }

    [Fact]
    public void Launch_TheNextAttempt_AcknowledgesTheLastAndIsAsked()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Ask(1);
        gateway.Answer(gateway.Flush()[0], ProviderFault.QuotaExceeded);
        gateway.Ask(1, attempt: 2, zone: "b");
        Assert.Equal("b", Assert.Single(gateway.Flush()).Offer.Zone);
        Assert.Null(gateway.Ask(1, attempt: 1).ToldTo(1));
        Assert.Empty(gateway.Flush());
    }

    [Fact]
    public void LaunchAnswered_NoCapacity_TheOfferIsNotAskedForAWhile()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Ask(1);
        gateway.Answer(gateway.Flush()[0], ProviderFault.InsufficientCapacity);
        var refused = Assert.IsType<LaunchOutcome.Failed>(gateway.Ask(2).ToldTo(2));
        Assert.Equal((ProviderFault.InsufficientCapacity, "the cloud said no (not asked again before 10:03:00 UTC)"), (refused.Fault, refused.Message));
        Assert.Null(gateway.Ask(3, zone: "b").ToldTo(3));
        gateway.Machine.Restart();
        gateway.Configure();
        Assert.NotNull(gateway.Ask(4).ToldTo(4));
        Assert.Null(gateway.After(Minutes(3)).Ask(5).ToldTo(5));
    }

    [Fact]
    public void Tick_BothWait_TerminationsAreCalledBeforeLaunches()
    {
        var gateway = GatewaySubject.Configured();
        gateway.Ask(1);
        gateway.Machine.Send(new GatewayCommand.Terminate(new InstanceRef(Id(2), "m2")));
        gateway.After(Seconds(0.3));
        var calls = gateway.Machine.Send(new GatewayCommand.Tick()).Effects;
        Assert.IsType<GatewayEffect.CallTerminate>(calls[0]);
        Assert.IsType<GatewayEffect.CallLaunch>(calls[1]);
    }
}
