using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Scaling;
using ControlPlane.Simulation.Traces;

namespace ControlPlane.Simulation.Tests.Traces;

/// <summary>A replay serves every job by the rules of production, and its bill is the platform's.</summary>
public sealed class TraceReplayTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Run_OneJob_WaitsForTheBootAndIsBilledUntilTheIdleTimeIsOver()
    {
        var outcome = Replays.Run(Replays.Configuration("q"), Replays.Trace("100,3600,q,1"));

        // Seen within a pace of 5 s, launched, booted in two to four minutes.
        Assert.InRange(Assert.Single(outcome.Waits), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(4) + (10 * Second));
        Assert.Equal(1, outcome.Launches);
        Assert.Equal(1, outcome.PeakMachines);

        // Boot, one hour of work, ten minutes of idleness, and some seconds of looks; by the second at a dollar an hour.
        var least = outcome.Waits[0] - (10 * Second) + TimeSpan.FromMinutes(70);
        Assert.InRange(outcome.Billed, least, least + (30 * Second));
        Assert.Equal(HourlyRate.FromDollars(1).Over(outcome.Billed), outcome.Cost);
        Assert.Equal(TimeSpan.FromHours(1), outcome.Worked);
        Assert.Equal(TimeSpan.Zero, outcome.Lost);
        Assert.Empty(outcome.Unserved);
    }

    [Fact]
    public void Run_JobsOneAfterTheOther_ShareAMachine()
    {
        var outcome = Replays.Run(Replays.Configuration("q"), Replays.Trace("0,600,q,1", "900,600,q,1", "1800,600,q,1"));
        Assert.Equal(1, outcome.Launches);
        Assert.Equal(TimeSpan.Zero, outcome.Waits[0]);
        Assert.Equal(TimeSpan.Zero, outcome.Waits[1]);
    }

    [Fact]
    public void Run_JobsTogether_HaveAMachineEach()
    {
        var outcome = Replays.Run(Replays.Configuration("q"), Replays.Trace([.. Enumerable.Range(0, 40).Select(_ => "0,3600,q,1")]));
        Assert.Equal(40, outcome.Launches);
        Assert.Equal(40, outcome.PeakMachines);
        Assert.All(outcome.Waits, w => Assert.InRange(w, TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(4) + (10 * Second)));
    }

    [Fact]
    public void Run_TwoQueues_AreToldApart()
    {
        var outcome = Replays.Run(Replays.Configuration("a", "b", "unused"), Replays.Trace("0,60,b,1", "0,60,a,1", "0,60,a,1"));
        Assert.Equal(["a", "b"], outcome.Queues.Select(q => q.Queue));
        Assert.Equal([2, 1], outcome.Queues.Select(q => q.Waits.Count));
        Assert.Equal(outcome.Cost.Micros, outcome.Queues.Sum(q => q.Cost.Micros), 2.0);
    }

    [Fact]
    public void Run_TheSameSeed_IsTheSame_AndAnotherIsNot()
    {
        string[] lines = [.. Enumerable.Range(0, 60).Select(i => $"{i * 100},{300 + (i % 7 * 400)},q,1")];
        var options = Replays.Options;
        var outcome = Replays.Run(Replays.Configuration("q"), Replays.Trace(lines), options);
        var again = Replays.Run(Replays.Configuration("q"), Replays.Trace(lines), options);
        var other = Replays.Run(Replays.Configuration("q"), Replays.Trace(lines), options with { Seed = 2 });
        Assert.Equal(outcome.Cost, again.Cost);
        Assert.Equal(outcome.Waits, again.Waits);
        Assert.Equal(outcome.Steps, again.Steps);
        Assert.NotEqual(outcome.Waits, other.Waits);
    }

    [Theory]
    [InlineData("bursty")]
    [InlineData("diurnal")]
    public void Run_LongLeasesWhereNoLimitCouldRefuseOne_AreTheSameAsEveryRenewal(string shape)
    {
        var trace = SyntheticTraces.Make(shape, 3);
        trace = trace with { Jobs = [.. trace.Jobs.Take(600)] };
        var configuration = TraceDefaults.Of(trace);
        var shortcut = Replays.Run(configuration, trace);
        var every = Replays.Run(configuration, trace, Replays.Options with { EveryRenewal = true });
        Assert.True(every.Steps > shortcut.Steps, "no renewal was saved");
        Assert.Equal(every.Cost, shortcut.Cost);
        Assert.Equal(every.Waits, shortcut.Waits);
        Assert.Equal(every.Launches, shortcut.Launches);
        Assert.Equal(every.Series?.Idle, shortcut.Series?.Idle);
    }

    [Fact]
    public void Run_WithALimitOnMoney_LeasesAreAsShortAsDeclared()
    {
        // Half an hour's money; a lease of a day would never have been granted.
        var budget = new BudgetSpec { Name = new BudgetName("b"), Limit = Money.FromDollars(0.5m) };
        var outcome = Replays.Run(Replays.Configuration(budget, [Replays.OnDemand], "q"), Replays.Trace("0,600,q,1"));
        Assert.Single(outcome.Waits);
        Assert.True(outcome.Cost <= budget.Limit);
    }

    [Fact]
    public void Run_SpotIsTakenBack_TheJobBeginsAnewOnDemandAndTheLossCountsAsWaiting()
    {
        // Had from the beginning, gone after half an hour, with two minutes' notice.
        var spot = Replays.SpotTrace("0,z,node,1,0.10", "1800,z,node,0,");
        var configuration = Replays.Configuration(new BudgetSpec { Name = new BudgetName("b") }, [Replays.Spot, Replays.OnDemand], "q");
        var outcome = Replays.Run(configuration, Replays.Trace("0,3600,q,1"), Replays.Options with { Spot = spot });
        Assert.Equal(2, outcome.Launches);
        Assert.Equal(1, outcome.Interruptions);
        Assert.InRange(outcome.Lost, TimeSpan.FromMinutes(27), TimeSpan.FromMinutes(30));

        // The machine in its place boots while the notice runs.
        Assert.InRange(outcome.Waits[0], TimeSpan.FromMinutes(32), TimeSpan.FromMinutes(37));

        // 32 minutes of spot at the trace's ten cents, the rest on demand.
        var first = HourlyRate.FromDollars(0.10m).Over(TimeSpan.FromMinutes(32));
        Assert.InRange(
            (outcome.Cost - first).Micros, Replays.OnDemand.Rate.Over(TimeSpan.FromMinutes(70)).Micros, Replays.OnDemand.Rate.Over(TimeSpan.FromMinutes(76)).Micros);
    }

    [Fact]
    public void Run_SpotIsNotToBeHad_TheNextOfferIsTaken()
    {
        var configuration = Replays.Configuration(new BudgetSpec { Name = new BudgetName("b") }, [Replays.Spot, Replays.OnDemand], "q");
        var outcome = Replays.Run(configuration, Replays.Trace("0,3600,q,1"), Replays.Options with { Spot = Replays.SpotTrace("0,z,node,0,") });
        Assert.Equal(1, outcome.Launches);
        Assert.Equal(Replays.OnDemand.Rate.Over(outcome.Billed), outcome.Cost);
    }

    [Fact]
    public void Run_TheSpotPriceChanges_TheBillFollowsItButNeverAboveTheWorstPrice()
    {
        var configuration = Replays.Configuration(new BudgetSpec { Name = new BudgetName("b") }, [Replays.Spot], "q");
        var outcome = Replays.Run(configuration, Replays.Trace("0,7200,q,1"), Replays.Options with { Spot = Replays.SpotTrace("0,z,node,1,0.50", "3600,z,node,1,7.00") });
        var before = HourlyRate.FromDollars(0.50m).Over(TimeSpan.FromHours(1));
        var after = Replays.OnDemand.Rate.Over(outcome.Billed - TimeSpan.FromHours(1));
        Assert.InRange(outcome.Cost.Micros, (before + after).Micros, (before + after).Micros + 10_000);
    }

    [Fact]
    public void Run_AHourlyBudget_MakesJobsWaitAndIsNeverExceeded()
    {
        // Half a machine the hour, and more than an hour of work in jobs that end within one lease.
        var budget = new BudgetSpec { Name = new BudgetName("b"), Limit = Money.FromDollars(0.50m), Window = BudgetWindow.Hour, WhenDry = WhenDry.StopLaunching };
        var outcome = Replays.Run(Replays.Configuration(budget, [Replays.OnDemand], "q"), Replays.Trace([.. Enumerable.Range(0, 16).Select(_ => "0,240,q,1")]));
        Assert.Empty(outcome.Unserved);
        Assert.True(outcome.WaitOf(1) > TimeSpan.FromHours(1), $"the longest wait is {outcome.WaitOf(1)}");
        var series = Assert.Single(outcome.Series!.Budgets);
        Assert.All(series.Spent.Zip(series.Held), s => Assert.True(s.First + s.Second <= series.Limit));
        Assert.Contains(series.Spent, s => s > Money.FromDollars(0.25m));
    }

    [Fact]
    public void Run_ABudgetThatNeverSuffices_SaysWhichQueueIsNotServedAndWhy()
    {
        var budget = new BudgetSpec { Name = new BudgetName("b"), Limit = Money.FromDollars(1), Window = BudgetWindow.Total };
        var outcome = Replays.Run(Replays.Configuration(budget, [Replays.OnDemand], "q"), Replays.Trace([.. Enumerable.Range(0, 12).Select(_ => "0,1200,q,1")]));
        var left = Assert.Single(outcome.Unserved);
        Assert.Equal("q", left.Queue);
        Assert.Equal(12, left.Jobs + outcome.Waits.Count);
        Assert.Contains("budget b", left.Reason, StringComparison.Ordinal);
        Assert.True(outcome.Cost <= Money.FromDollars(1));
    }

    [Fact]
    public void Run_APluginPolicy_IsAskedAndFollowed()
    {
        var configuration = Replays.Configuration("q").With(new PolicySpec.Plugin("Five"));
        var outcome = Replays.Run(configuration, Replays.Trace("0,3600,q,1"), Replays.Options with { Plugins = new Dictionary<string, IScalingPolicy> { ["Five"] = new Always(5) } });
        Assert.Equal(5, outcome.PeakMachines);
    }

    [Fact]
    public void Run_APluginPolicyThatIsNotThere_IsSaidInTheReason()
    {
        var fit = TraceFit.Of("test", Replays.Configuration("q").With(new PolicySpec.Plugin("Nobody")), Replays.Trace("0,3600,q,1"), Replays.Options with { Patience = TimeSpan.FromHours(2) });
        var outcome = new TraceReplay().Run(fit.Setup);
        Assert.Contains("there is no plug-in policy Nobody here", Assert.Single(outcome.Unserved).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_MinimumInstances_AreThereBeforeTheJobAndBilledToTheEnd()
    {
        var configuration = Replays.Configuration("q");
        configuration = configuration with { Queues = [configuration.Queues[0] with { MinInstances = 2 }] };
        var outcome = Replays.Run(configuration, Replays.Trace("3600,60,q,1"));
        Assert.Equal(TimeSpan.Zero, Assert.Single(outcome.Waits));
        Assert.Equal(2, outcome.Launches);
        Assert.True(outcome.Billed >= TimeSpan.FromHours(2));
    }

    [Fact]
    public void Run_CancelledEarly_EndsEarly()
    {
        var fit = TraceFit.Of("test", Replays.Configuration("q"), Replays.Trace("0,3600,q,1"), Replays.Options);
        Assert.Throws<OperationCanceledException>(() => new TraceReplay().Run(fit.Setup, null, new CancellationToken(true)));
    }

    [Fact]
    public void Fit_JobsThatNeedMoreGpusThanASlotHas_AreLeftOutWithTheReason()
    {
        var fit = TraceFit.Of("test", Replays.Configuration("q"), Replays.Trace("0,60,q,1", "5,60,q,8", "6,60,q,"), Replays.Options);
        Assert.Equal("job 2 (queue q, submitted at 5 s) needs 8 GPUs, and node of pool pool-q has 1", Assert.Single(fit.Misfits).ToString());
        Assert.Equal(2, fit.Setup.Trace.Jobs.Count);

        var shared = Replays.Configuration("q");
        shared = shared with { Pools = [shared.Pools[0] with { Slots = 2 }] };
        Assert.Equal(
            "needs 1 GPUs, and node of pool pool-q has 1 for 2 slots",
            Assert.Single(TraceFit.Of("test", shared, Replays.Trace("0,60,q,1", "0,60,q,0.5"), Replays.Options).Misfits).Reason);
    }

    [Fact]
    public void Fit_QueuesThatTheConfigurationDoesNotHave_AreNamedUnlessTheyAreMapped()
    {
        var trace = Replays.Trace("0,60,a,1", "0,60,b,1", "0,60,b,1", "0,60,q,1");
        Assert.Equal([("a", 1), ("b", 2)], TraceFit.Of("test", Replays.Configuration("q"), trace, Replays.Options).Strangers);
        var mapped = TraceFit.Of("test", Replays.Configuration("q", "r"), trace, Replays.Options, new Dictionary<string, string> { ["a"] = "r", ["*"] = "q" });
        Assert.Empty(mapped.Strangers);
        Assert.Equal(["r", "q", "q", "q"], mapped.Setup.Trace.Jobs.Select(j => j.Queue));
    }

    [Fact]
    public void Fit_QueuesBySize_JobsGoToTheSmallestThatSuffices()
    {
        var fit = TraceFit.Of("test", Sized(("q.g1", 1), ("q.g4", 4)), Replays.Trace("0,60,q,0.5", "0,60,q,2", "0,60,q,", "0,60,q,8"), Replays.Options);
        Assert.Equal(["q.g1", "q.g4", "q.g1"], fit.Setup.Trace.Jobs.Select(j => j.Queue));
        Assert.Equal("needs 8 GPUs, and the largest queue for it is q.g4", Assert.Single(fit.Misfits).Reason);
        Assert.Empty(fit.Strangers);
    }

    [Fact]
    public void Defaults_OfATrace_FitEveryJobUpToTheLargestMachine()
    {
        var trace = Replays.Trace("0,60,q,0", "0,60,q,0.3", "0,60,q,3", "0,60,r,64", "0,60,r,", "0,60,r,65");
        var fit = TraceFit.Of("test", TraceDefaults.Of(trace), trace, Replays.Options);
        Assert.Equal(["q.g0", "q.g1", "q.g4", "r.g64", "r.g1"], fit.Setup.Trace.Jobs.Select(j => j.Queue));
        Assert.Equal(6, Assert.Single(fit.Misfits).Number);
    }

    [Fact]
    public void Yardsticks_WithAPriceForEachQueue_WeighThem()
    {
        var trace = Replays.Trace("0,3600,q,1", "0,3600,q,4");
        var setup = TraceFit.Of("test", TraceDefaults.Of(trace), trace, Replays.Options).Setup;
        var yard = TraceYardsticks.Of(setup);
        Assert.Equal(Money.FromDollars(5), yard.LowerBound.Cost);
        Assert.Equal(Money.FromDollars(5 + (5 * 2m / 60)).Micros, yard.Oracle.Cost.Micros, 2.0);
        Assert.Equal(Money.FromDollars(5), yard.Fleets[^1].Cost);
        Assert.InRange(yard.AtMeanWait(setup.Trace, TimeSpan.FromHours(10)).Micros, Money.FromDollars(5).Micros - 2, yard.Oracle.Cost.Micros);
        Assert.True(yard.ClearMlAsMeant!.Outcome.Cost > Money.FromDollars(5));
    }

    [Fact]
    public void SpotTrace_BadLines_AreReportedAndTheOthersAreRead()
    {
        var spot = Replays.SpotTrace("0,z,node,1,0.5", "x,z,node,1,", "1,z,,1,", "1,z,node,maybe,", "1,z,node,1,cheap", "1,z", "9,z,node,0,");
        Assert.Equal(
            [
                "s.csv:3: time_s is 'x', which is no number of seconds from 0 on", "s.csv:4: instance_type is empty", "s.csv:5: available is 'maybe'; it is 0 or 1",
                "s.csv:6: price is 'cheap', which is no price in dollars an hour from 0 to 100000", "s.csv:7: 2 columns where the header has 5",
            ],
            spot.Faults.Select(f => f.ToString()));
        Assert.Equal(2, spot.Changes[("z", "node")].Count);
        Assert.False(spot.WasUnsorted);
    }

    [Fact]
    public void Run_TheSharedSmallTraces_AreServedAboveTheLowerBound()
    {
        var rate = HourlyRate.FromDollars(1);
        foreach (var name in new[] { "itp_small", "openb_small" })
        {
            var trace = Replays.Shared(name);
            Assert.Empty(trace.Faults);
            var queues = trace.Jobs.Select(j => j.Queue).Distinct().Order(StringComparer.Ordinal).ToArray();
            var outcome = Replays.Run(Replays.Configuration(new BudgetSpec { Name = new BudgetName("b") }, [Replays.OnDemand with { Gpus = 64 }], queues), trace);
            Assert.Empty(outcome.Unserved);
            Assert.Equal(trace.Jobs.Count, outcome.Waits.Count);
            Assert.Equal(queues, outcome.Queues.Select(q => q.Queue));
            var bound = Yardsticks.LowerBound(trace, rate).Cost;
            Assert.InRange(outcome.Cost.Dollars / bound.Dollars, 1.0m, 1.6m);
            Assert.InRange(outcome.WaitOf(0.99), TimeSpan.Zero, TimeSpan.FromMinutes(5));
        }
    }

    private static Configuration Sized(params (string Queue, int Gpus)[] queues)
    {
        var configuration = Replays.Configuration([.. queues.Select(q => q.Queue)]);
        return configuration with
        {
            Pools = [.. configuration.Pools.Zip(queues).Select(p => p.First with { Offers = [Replays.OnDemand with { Gpus = p.Second.Gpus }] })],
        };
    }

    private sealed class Always(int count) : IScalingPolicy
    {
        public ScalingAdvice Advise(Situation situation) => new(count, "always as many");
    }
}
