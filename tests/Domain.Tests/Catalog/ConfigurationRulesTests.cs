using System.Diagnostics;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;
using CsCheck;

namespace ControlPlane.Domain.Tests.Catalog;

public sealed class ConfigurationRulesTests
{
    private static readonly Dictionary<string, (Configuration Configuration, string Path, string Message, string Fix)> Faulty = new()
    {
        ["colon in a name"] = (Sample.With((QueueEntry q) => q with { Name = new QueueName("a:b") }), "queues[0].name", "'a:b'", "1 to 63"),
        ["empty name"] = (Sample.Two with { Pools = [.. Sample.Two.Pools, Sample.Pool("")] }, "pools[2].name", "empty", "1 to 63"),
        ["name of 64"] = (Sample.With((QueueEntry q) => q with { Name = new QueueName(new string('q', 64)) }), "queues[0].name", "qqq", "1 to 63"),
        ["two queues of one name"] = (Sample.With((QueueEntry q) => q with { Name = new QueueName("train") }), "queues[1].name", "queues[0]", "own name"),
        ["two budgets of one name"] = (Sample.Two with { Budgets = [.. Sample.Two.Budgets, Sample.Budget("lab")] }, "budgets[2].name", "budgets[0]", "own name"),
        ["unknown source"] = (Sample.With((QueueEntry q) => q with { Source = "embeded" }), "queues[0].source", "'embeded'", "'embedded'"),
        ["unknown provider"] = (Sample.With((PoolSpec p) => p with { Provider = "locla" }), "pools[0].provider", "'locla'", "'local'"),
        ["unknown budget"] = (Sample.With((QueueEntry q) => q with { Budget = new BudgetName("lba") }), "queues[0].budget", "'lba'", "'lab'"),
        ["unknown pool"] = (Sample.With((QueueEntry q) => q with { Pools = ["smal"] }), "queues[0].pools[0]", "'smal'", "'small'"),
        ["unknown parent"] = (Sample.With((BudgetSpec b) => b with { Parent = new BudgetName("nihgt") }), "budgets[0].parent", "'nihgt'", "'night'"),
        ["unknown without a neighbour"] = (Sample.With((QueueEntry q) => q with { Budget = new BudgetName("zzzzzz") }), "queues[0].budget", "'zzzzzz'", "use one of: lab, night"),
        ["pool in two queues"] = (Sample.With((QueueEntry q) => q with { Pools = ["small", "large"] }), "queues[1].pools[0]", "queues[0]", "one queue"),
        ["pool twice in a queue"] = (Sample.With((QueueEntry q) => q with { Pools = ["small", "small"] }), "queues[0].pools[1]", "twice", "remove"),
        ["queue without pool"] = (Sample.With((QueueEntry q) => q with { Pools = [] }), "queues[0].pools", "no pool", "at least one"),
        ["cycle of budgets"] = (Sample.With((BudgetSpec b) => b with { Parent = new BudgetName("night") }), "budgets[0].parent", "lab -> night -> lab", "root"),
        ["own parent"] = (Sample.With((BudgetSpec b) => b with { Parent = new BudgetName("lab") }), "budgets[0].parent", "lab -> lab", "root"),
        ["negative limit"] = (Sample.With((BudgetSpec b) => b with { Limit = new Money(-1) }), "budgets[0].limit", "-$0.000001", "$0.00"),
        ["unknown time zone"] = (Sample.With((BudgetSpec b) => b with { TimeZone = "Europe/Berlni" }), "budgets[0].timeZone", "Berlni", "'Europe/Berlin'"),
        ["time zone by its city"] = (Sample.With((BudgetSpec b) => b with { TimeZone = "Berlin" }), "budgets[0].timeZone", "Berlin", "'Europe/Berlin'"),
        ["time zone that climbs"] = (Sample.With((BudgetSpec b) => b with { TimeZone = "../../../etc/passwd" }), "budgets[0].timeZone", "passwd", "IANA"),
        ["percentage over 100"] = (Sample.With((BudgetSpec b) => b with { AlertAt = [50, 101] }), "budgets[0].alertAt[1]", "101", "1 to 100"),
        ["percentages descend"] = (Sample.With((BudgetSpec b) => b with { AlertAt = [80, 50] }), "budgets[0].alertAt[1]", "50", "ascending"),
        ["negative maximum of a budget"] = (Sample.With((BudgetSpec b) => b with { MaxInstances = -1 }), "budgets[0].maxInstances", "-1", "0"),
        ["negative GPUs of a budget"] = (Sample.With((BudgetSpec b) => b with { MaxGpus = -1 }), "budgets[0].maxGpus", "-1", "0"),
        ["too many of a pool"] = (Sample.With((PoolSpec p) => p with { MaxInstances = 10_001 }), "pools[0].maxInstances", "10,001", "10,000"),
        ["no slot"] = (Sample.With((PoolSpec p) => p with { Slots = 0 }), "pools[0].slots", "0", "1 to 256"),
        ["no boot time"] = (Sample.With((PoolSpec p) => p with { MaxBootTime = TimeSpan.Zero }), "pools[0].maxBootTime", "0s", "1s"),
        ["short lease"] = (Sample.With((PoolSpec p) => p with { LeaseLength = TimeSpan.FromSeconds(9) }), "pools[0].leaseLength", "9s", "10s"),
        ["lease below minimum billing"] = (Sample.With((PoolSpec p) => p with { LeaseLength = TimeSpan.FromSeconds(30), Billing = new Billing(TimeSpan.FromMinutes(1)) }), "pools[0].leaseLength", "30s", "1m"),
        ["boot longer than allowed"] = (Sample.With((PoolSpec p) => p with { Template = Local(TimeSpan.FromMinutes(30)) }), "pools[0].local.bootDelay", "30m", "maxBootTime"),
        ["variable with ="] = (Sample.With((PoolSpec p) => p with { Template = Local(TimeSpan.Zero, "A=B") }), "pools[0].local.environment", "'A=B'", "'='"),
        ["no offer"] = (Sample.With((PoolSpec p) => p with { Offers = [] }), "pools[0].offers", "no offer", "price"),
        ["same offer twice"] = (Sample.With((PoolSpec p) => p with { Offers = [p.Offers[0], p.Offers[0]] }), "pools[0].offers[1]", "process on demand", "Remove"),
        ["negative price"] = (Sample.With((PoolSpec p) => p with { Offers = [p.Offers[0] with { Rate = new HourlyRate(-1) }] }), "pools[0].offers[0].price", "out of range", "$0.00/h"),
        ["worst price below price"] = (Sample.With((PoolSpec p) => p with { Offers = [p.Offers[0] with { WorstRate = HourlyRate.Free }] }), "pools[0].offers[0].worstPrice", "$0.00/h", "0.36"),
        ["type with a space"] = (Sample.With((PoolSpec p) => p with { Offers = [p.Offers[0] with { Type = "g5 x" }] }), "pools[0].offers[0].type", "'g5 x'", "g5.xlarge"),
        ["too many GPUs"] = (Sample.With((PoolSpec p) => p with { Offers = [p.Offers[0] with { Gpus = 65 }] }), "pools[0].offers[0].gpus", "65", "64"),
        ["minimum over maxima"] = (Sample.With((QueueEntry q) => q with { MinInstances = 5 }), "queues[0].minInstances", "5", "0 to 4"),
        ["priority"] = (Sample.With((QueueEntry q) => q with { Priority = 1_001 }), "queues[0].priority", "1,001", "1,000"),
        ["idle for ever"] = (Sample.With((QueueEntry q) => q with { MaxIdleTime = TimeSpan.FromDays(8) }), "queues[0].maxIdleTime", "8d", "7d"),
        ["plug-in without class"] = (Sample.With((QueueEntry q) => q with { Policy = new PolicySpec.Plugin("") }), "queues[0].policy.class", "''", "full type name"),
        ["unknown kind of source"] = (Sample.Two with { Sources = [new SourceSpec("embedded", "clearnl", TimeSpan.FromSeconds(1))] }, "sources[0].kind", "'clearnl'", "embedded"),
        ["pace"] = (Sample.Two with { Sources = [new SourceSpec("embedded", "embedded", TimeSpan.FromMilliseconds(99))] }, "sources[0].pace", "99ms", "100ms"),
        ["clearml without a server"] = (Sample.Two with { Sources = [new SourceSpec("embedded", "clearml", TimeSpan.FromSeconds(1))] }, "sources[0].clearml", "where its server is", "url, accessKey and secretKey"),
        ["a server that is not clearml's"] = (Sample.Two with { Sources = [Sample.ClearMl() with { Kind = "embedded" }] }, "sources[0].clearml", "'embedded'", "kind: clearml"),
        ["no address"] = (Sample.ClearMl(c => c with { Url = "clearml" }), "sources[0].clearml.url", "'clearml'", "https://api.clear.ml"),
        ["credentials in the address"] = (Sample.ClearMl(c => c with { Url = "https://a:b@host" }), "sources[0].clearml.url", "no credentials", "accessKey"),
        ["a secret itself"] = (Sample.ClearMl(c => c with { SecretKey = new("verysecret") }), "sources[0].clearml.secretKey", "no reference", "env:NAME"),
        ["old version"] = (Sample.ClearMl(c => c with { ApiVersion = "2.9" }), "sources[0].clearml.apiVersion", "'2.9'", "2.13"),
        ["checked and unchecked"] = (Sample.ClearMl(c => c with { Insecure = true, CaFile = "/a.pem" }), "sources[0].clearml.insecure", "either", "caFile"),
        ["certificates for http"] = (Sample.ClearMl(c => c with { Url = "http://host:8008", Insecure = true }), "sources[0].clearml.url", "no certificates", "https"),
        ["page size"] = (Sample.ClearMl(c => c with { PageSize = 0 }), "sources[0].clearml.pageSize", "0", "1 to"),
        ["rest faster than pace"] = (Sample.Two with { Sources = [Sample.ClearMl() with { RestPace = TimeSpan.FromMilliseconds(500) }] }, "sources[0].restPace", "500ms", "1s"),
        ["requeue attempts"] = (Sample.With((QueueEntry q) => q with { Requeue = new RequeueRules(Attempts: -1) }), "queues[0].requeue.attempts", "-1", "0 to 1,000"),
        ["requeue age"] = (Sample.With((QueueEntry q) => q with { Requeue = new RequeueRules(OnlyYounger: TimeSpan.Zero) }), "queues[0].requeue.onlyYounger", "0s", "1s"),
        ["unknown kind of provider"] = (Sample.Two with { Providers = [Sample.Two.Providers[0] with { Kind = "aws2" }] }, "providers[0].kind", "'aws2'", "local"),
        ["rate of launches is no number"] = (Sample.Two with { Providers = [Sample.Two.Providers[0] with { LaunchesPerSecond = double.NaN }] }, "providers[0].launchesPerSecond", "NaN", "0.01"),
        ["no burst"] = (Sample.Two with { Providers = [Sample.Two.Providers[0] with { LaunchBurst = 0 }] }, "providers[0].launchBurst", "0", "1 to"),
        ["no launch of many"] = (Sample.Two with { Providers = [Sample.Two.Providers[0] with { Limits = CallLimits.Ec2 with { LaunchBatch = 0 } }] }, "providers[0].launchBatch", "0", "1 to"),
        ["no refill of instances"] = (Sample.Two with { Providers = [Sample.Two.Providers[0] with { Limits = CallLimits.Ec2 with { InstancesPerSecond = 0 } }] }, "providers[0].instancesPerSecond", "0", "0.01"),
        ["sweep"] = (Sample.Two with { Providers = [Sample.Two.Providers[0] with { SweepEvery = TimeSpan.Zero }] }, "providers[0].sweepEvery", "0s", "200ms"),
    };

    public static TheoryData<string> Cases => [.. Faulty.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Check_OneFault_IsFoundWithItsPathAndFix(string name)
    {
        var (configuration, path, message, fix) = Faulty[name];

        var fault = Assert.Single(ConfigurationRules.Check(configuration));

        Assert.Equal(path, fault.Path);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
        Assert.Contains(fix, fault.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_LimitBelowOneLease_NamesTheLeastThatWorks()
    {
        // 36 dollars an hour for the default lease of 10 minutes: 6 dollars, in the budget and in its parent.
        var configuration = Sample.Two with { Pools = [Sample.Two.Pools[0], Sample.Pool("large", 36)] };

        var faults = ConfigurationRules.Check(configuration);

        Assert.Equal(["budgets[0].limit", "budgets[1].limit"], faults.Select(f => f.Path));
        Assert.All(faults, f => Assert.Contains("at least 6.00,", f.Fix, StringComparison.Ordinal));
        Assert.Empty(ConfigurationRules.Check(configuration with { Budgets = [.. configuration.Budgets.Select(b => b with { Limit = Money.FromDollars(6) })] }));
    }

    [Fact]
    public void Check_ManyFaults_AreFoundTogether()
    {
        var configuration = Sample.Two with
        {
            Budgets = [Sample.Budget("lab") with { TimeZone = "Mars/Olympus", Limit = new Money(-5) }],
            Queues = [Sample.Queue("a:b", "lab", "small"), Sample.Queue("c", "gone", "large")],
        };

        Assert.Equal(["budgets[0].limit", "budgets[0].timeZone", "queues[0].name", "queues[1].budget"], ConfigurationRules.Check(configuration).Select(f => f.Path).Order());
    }

    [Fact]
    public void Check_LegalOddities_PassUnchallenged()
    {
        Assert.Empty(ConfigurationRules.Check(Configuration.Empty));
        Assert.Empty(ConfigurationRules.Check(Sample.Two));
        Assert.Empty(ConfigurationRules.Check(Sample.Two with { Pools = [.. Sample.Two.Pools, Sample.Pool("unused")] }));
        Assert.Empty(ConfigurationRules.Check(Sample.Two with { Budgets = [Sample.Two.Budgets[0], Sample.Two.Budgets[1] with { Limit = Money.FromDollars(500) }] }));
    }

    [Fact]
    public void Check_GeneratedConfigurations_HaveNoFault() => ConfigurationGen.Valid.Sample(c => Assert.Empty(ConfigurationRules.Check(c)), iter: 500);

    [Fact]
    public void Check_TenThousandQueuesAllWrong_IsBoundedInTimeAndLength()
    {
        var pools = Enumerable.Range(0, 20_000).Select(i => Sample.Pool($"pool-{i}")).ToList();
        var queues = Enumerable.Range(0, 10_000).Select(i => Sample.Queue($"queue-{i}", "nowhere", $"pol-{i}", $"pool-{i}"));
        var budgets = Enumerable.Range(0, 2_000).Select(i => Sample.Budget($"b{i}") with { Parent = i == 0 ? null : new BudgetName($"b{i - 1}") });
        var clock = Stopwatch.StartNew();

        var faults = ConfigurationRules.Check(Sample.Two with { Pools = pools, Queues = [.. queues], Budgets = [.. budgets] });

        Assert.InRange(faults.Count, 1_000, 1_001);
        Assert.Contains("more faults", faults[^1].Message, StringComparison.Ordinal);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"It took {clock.Elapsed}.");
    }

    [Fact]
    public void Check_MoreThanTheLimits_IsRefused()
    {
        var faults = ConfigurationRules.Check(Configuration.Empty with { Budgets = [.. Enumerable.Range(0, 2_001).Select(i => Sample.Budget($"b{i}"))] });

        Assert.Equal("budgets: There are 2,001 budgets. Declare at most 2,000.", Assert.Single(faults).ToString());
    }

    [Fact]
    public void Nearest_FindsWhatWasMeantAndNothingElse()
    {
        string[] known = ["queues", "pools", "budgets"];

        Assert.Equal("queues", Suggestion.Nearest("queus", known));
        Assert.Equal("queues", Suggestion.Nearest("qeuues", known));
        Assert.Equal("pools", Suggestion.Nearest("Pool", known));
        Assert.Null(Suggestion.Nearest("providers", known));
        Assert.Null(Suggestion.Nearest("", known));
    }

    private static PoolTemplate.Local Local(TimeSpan boot, string? variable = null) =>
        new(boot, variable is null ? new Dictionary<string, string>() : new Dictionary<string, string> { [variable] = "x" }, TimeSpan.FromMinutes(2));
}
