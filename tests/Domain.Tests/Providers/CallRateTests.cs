using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Providers;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Providers;

public sealed class CallRateTests
{
    /// <summary>An account of EC2 as it is by default.</summary>
    private static readonly ProviderSpec Ec2 = GatewaySubject.Spec with { LaunchesPerSecond = 2, LaunchBurst = 5, Limits = CallLimits.Ec2 };

    [Fact]
    public void Launch_AThousandAtOnce_AreFourCalls()
    {
        var gateway = GatewaySubject.Configured(Ec2);
        for (var n = 1; n <= 1_000; n++)
            gateway.Ask(n);
        Assert.Equal([250, 250, 250, 250], gateway.Flush().Select(b => b.Intents.Count));
    }

    [Fact]
    public void Launch_TheBucketOfInstancesIsEmpty_GoesOnAsItFillsInCallsOfTen()
    {
        var gateway = GatewaySubject.Configured(Ec2 with { Limits = CallLimits.Ec2 with { InstanceBurst = 20 } });
        for (var n = 1; n <= 45; n++)
            gateway.Ask(n);
        List<(double After, int Count)> calls = [];
        var start = gateway.Now;
        for (var i = 0; i < 60; i++)
            calls.AddRange(gateway.Flush().Select(b => (Math.Round((gateway.Now - start).TotalSeconds), b.Intents.Count)));
        Assert.Equal([20, 10, 10, 5], calls.Select(c => c.Count));
        Assert.All(calls.Zip([0.0, 5, 10, 13]), pair => Assert.InRange(pair.First.After, pair.Second, pair.Second + 1));
    }

    [Fact]
    public void Launch_OfAnotherShapeWhileManyWaitForInstances_IsNotHeldUpByThem()
    {
        var gateway = GatewaySubject.Configured(Ec2 with { Limits = CallLimits.Ec2 with { InstanceBurst = 20 } });
        for (var n = 1; n <= 40; n++)
            gateway.Ask(n);
        Assert.Equal(20, Assert.Single(gateway.Flush()).Intents.Count);
        gateway.After(Seconds(1)).Tick();
        gateway.Ask(99, zone: "b");
        Assert.Equal("b", Assert.Single(gateway.Flush()).Offer.Zone);
    }

    /// <summary>Leases are granted in groups: with pauses of a tenth of a second, at this speed.</summary>
    [Fact]
    public void Launch_AThousandThatComeInGroups_AreFourCalls()
    {
        var gateway = GatewaySubject.Configured(Ec2);
        List<int> calls = [];
        for (var n = 1; n <= 1_000; n++)
        {
            gateway.Ask(n);
            if (n % 40 == 0)
                calls.AddRange(gateway.After(Seconds(0.1)).Tick().OfType<GatewayEffect.CallLaunch>().Select(c => c.Batch.Intents.Count));
        }

        calls.AddRange(gateway.Flush().Select(b => b.Intents.Count));
        Assert.Equal([250, 250, 250, 250], calls);
    }

    /// <summary>The best possible is 20 s: the last forty come at two a second.</summary>
    [Fact]
    public void Launch_FortyMoreThanTheBucketHolds_TakeLittleLongerThanTheBucketAllows()
    {
        var gateway = GatewaySubject.Configured(Ec2);
        var start = gateway.Now;
        for (var n = 1; n <= 1_040; n++)
            gateway.Ask(n);
        var launched = 0;
        while (launched < 1_040)
            launched += gateway.Flush().Sum(b => b.Intents.Count);
        Assert.InRange((gateway.Now - start).TotalSeconds, 20, 21.5);
    }

    /// <summary>A call takes a while to reach its platform, and only then a full bucket begins to fill there.</summary>
    [Fact]
    public void Launch_AfterAPause_IsNoFasterThanABucketThatFillsLater()
    {
        var gateway = GatewaySubject.Configured(Ec2);
        var start = gateway.Now;
        List<double> calls = [];
        for (var n = 1; calls.Count < 7; n++)
        {
            gateway.Ask(n, zone: $"z{n}");
            foreach (var _ in gateway.After(Seconds(0.05)).Tick().OfType<GatewayEffect.CallLaunch>())
                calls.Add((gateway.Now - start).TotalSeconds);
        }

        var platform = Bucket.Unknown.Refilled(2, 5, start);
        Assert.All(calls, at =>
        {
            platform = platform.Refilled(2, 5, start.AddSeconds(Math.Max(at, calls[0] + 0.5)));
            Assert.True(platform.Level >= 1, $"a call after {at} s would be throttled");
            platform = platform.Less(1);
        });
    }

    [Fact]
    public void Restart_InstancesWereLaunchedShortlyBefore_TheirBucketIsNotFull()
    {
        var gateway = GatewaySubject.Configured(Ec2);
        for (var n = 1; n <= 900; n++)
            gateway.Ask(n);
        var batches = gateway.Flush();
        foreach (var batch in batches.Take(3))
        {
            gateway.Answer(batch, new ProviderFault?[batch.Intents.Count]);
            foreach (var intent in batch.Intents)
                gateway.Machine.Send(new GatewayCommand.Acknowledge(intent.Instance, 1));
        }

        gateway.After(Seconds(10)).Machine.Restart();
        gateway.Configure(Ec2);
        Assert.InRange(gateway.State.InstanceBucket.Level, 100, 125);

        // Long ago is forgotten.
        gateway.After(Minutes(10)).Machine.Restart();
        gateway.Configure(Ec2);
        Assert.Equal(850, gateway.State.InstanceBucket.Level);
    }

    [Fact]
    public void LaunchAnswered_ThrottledOnce_IsExplainedByTheBucket()
    {
        var gateway = GatewaySubject.Configured(Ec2);
        gateway.Ask(1);
        gateway.Answer(gateway.Flush()[0], ProviderFault.Throttled);
        Assert.Null(gateway.State.LaunchRate);
        Assert.Equal(0, gateway.State.Bucket.Level);
        gateway.Answer(Again(gateway, Seconds(5)), [null]);
        gateway.After(Minutes(1)).Ask(2);
        gateway.Answer(gateway.Flush()[0], ProviderFault.Throttled);
        Assert.Null(gateway.State.LaunchRate);
    }

    [Fact]
    public void LaunchAnswered_ThrottledAgain_HalvesTheRateUntilCallsAreAnsweredAgain()
    {
        var gateway = GatewaySubject.Configured(Ec2);
        gateway.Ask(1);
        gateway.Answer(gateway.Flush()[0], ProviderFault.Throttled);
        var batch = Again(gateway, Seconds(5));
        gateway.Answer(batch, ProviderFault.Throttled);
        Assert.Equal(0.5, gateway.State.LaunchRate!.Share);

        // What comes twice teaches nothing, and nothing that was learnt is forgotten.
        gateway.Answer(batch, ProviderFault.Throttled);
        gateway.Machine.Restart();
        gateway.Configure(Ec2);
        Assert.Equal(0.5, gateway.State.LaunchRate!.Share);

        gateway.Answer(Again(gateway, Seconds(3)), [null]);
        Assert.Equal(0.5625, gateway.State.LaunchRate!.Share);

        // However few the calls are, all of it is back within a minute.
        for (var n = 2; n <= 4; n++)
        {
            gateway.After(Seconds(9)).Ask(n);
            gateway.Answer(gateway.Flush()[0], [null]);
        }

        Assert.Null(gateway.State.LaunchRate);
    }

    [Fact]
    public void LaunchAnswered_ThrottledTogether_IsOneLessonAndNeverStopsAll()
    {
        var gateway = GatewaySubject.Configured(Ec2);
        for (var n = 1; n <= 4; n++)
            gateway.Ask(n, zone: $"z{n}");
        foreach (var batch in gateway.Flush())
            gateway.Answer(batch, ProviderFault.Throttled);
        Assert.Null(gateway.State.LaunchRate);
        for (var i = 0; i < 200; i++)
        {
            foreach (var call in gateway.After(Seconds(20)).Tick().OfType<GatewayEffect.CallLaunch>())
                gateway.Answer(call.Batch, ProviderFault.Throttled);
        }

        Assert.Equal(1.0 / 32, gateway.State.LaunchRate!.Share);
    }

    [Fact]
    public void Terminate_ManyAtOnce_AreCallsOfAHundred()
    {
        var gateway = GatewaySubject.Configured(Ec2);
        for (var n = 1; n <= 250; n++)
            gateway.Machine.Send(new GatewayCommand.Terminate(new InstanceRef(Id(n), $"m{n}")));
        Assert.Equal([100, 100, 50], gateway.After(Seconds(0.1)).Tick().OfType<GatewayEffect.CallTerminate>().Select(c => c.Instances.Count));
    }

    [Fact]
    public void Terminate_ItsBucketIsEmpty_LaunchesWaitBehindIt()
    {
        var gateway = GatewaySubject.Configured(Ec2 with { Limits = CallLimits.Ec2 with { TerminationBurst = 1, TerminationsPerSecond = 0.5 } });
        End(gateway, 1);
        Assert.Single(gateway.After(Seconds(0.1)).Tick().OfType<GatewayEffect.CallTerminate>());
        End(gateway, 2);
        gateway.Ask(9);
        Assert.DoesNotContain(gateway.After(Seconds(1)).Tick(), e => e is GatewayEffect.CallTerminate or GatewayEffect.CallLaunch);
        var calls = gateway.After(Seconds(1.6)).Tick().Where(e => e is GatewayEffect.CallTerminate or GatewayEffect.CallLaunch).ToArray();
        Assert.IsType<GatewayEffect.CallTerminate>(calls[0]);
        Assert.IsType<GatewayEffect.CallLaunch>(calls[1]);
    }

    [Theory]
    [InlineData(ProviderFault.Throttled)]
    [InlineData(ProviderFault.Indeterminate)]
    public void TerminateAnswered_NotAccepted_IsSentAgainWithoutBeingAsked(ProviderFault fault)
    {
        var gateway = GatewaySubject.Configured(Ec2);
        End(gateway, 1);
        gateway.After(Seconds(0.1)).Tick();
        gateway.Machine.Send(new GatewayCommand.TerminateAnswered([new TerminateOutcome(Id(1), fault, "slow down")]));
        Assert.Equal(fault == ProviderFault.Throttled ? 0 : 99, (int)gateway.State.TerminationBucket.Level);
        Assert.Single(gateway.After(Seconds(2)).Tick().OfType<GatewayEffect.CallTerminate>());
        gateway.Machine.Send(new GatewayCommand.TerminateAnswered([new TerminateOutcome(Id(1), null, null)]));
        Assert.Empty(gateway.State.Ending);
    }

    [Fact]
    public void LaunchAnswered_TheListsFail_TheyAreNotHurried()
    {
        var gateway = GatewaySubject.Configured();
        gateway.BrokenSweep();
        var next = gateway.State.NextSweepAt;
        gateway.Ask(1);
        gateway.Answer(gateway.Flush()[0], [null]);
        Assert.Equal(next, gateway.State.NextSweepAt);
    }

    private static LaunchBatch Again(GatewaySubject gateway, TimeSpan after) => Assert.Single(gateway.After(after).Tick().OfType<GatewayEffect.CallLaunch>()).Batch;

    private static void End(GatewaySubject gateway, int n) => gateway.Machine.Send(new GatewayCommand.Terminate(new InstanceRef(Id(n), $"m{n}")));
}
