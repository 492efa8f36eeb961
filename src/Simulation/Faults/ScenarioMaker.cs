using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;
using ControlPlane.Simulation.Engine;

namespace ControlPlane.Simulation.Faults;

/// <summary>Makes a scenario from a seed: a small configuration, tasks, and faults.</summary>
public static class ScenarioMaker
{
    private static readonly string[] Zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"];

    /// <summary>The last one lies in the night in which Europe's clocks change.</summary>
    private static readonly DateTimeOffset[] Starts =
    [
        new(2026, 3, 3, 8, 17, 0, TimeSpan.Zero), new(2026, 1, 31, 21, 40, 0, TimeSpan.Zero), new(2026, 6, 14, 22, 5, 30, TimeSpan.Zero),
        new(2026, 3, 28, 23, 20, 0, TimeSpan.Zero),
    ];

    public static Scenario Make(ulong seed)
    {
        var dice = new Dice(seed).Split(1);
        var lease = dice.Pick(TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(20));
        var leaseSwitch = dice.Chance(0.6);
        ProviderSpec[] providers = [.. Enumerable.Range(0, dice.Between(1, 2)).Select(i => Provider(i, dice))];
        QueueSpec[] queues = [.. Enumerable.Range(0, dice.Between(1, 3)).Select(i => Queue(i, providers, lease, dice))];
        var policies = dice.Split(4);
        var manners = dice.Split(5);
        queues = [.. queues.Select(q => WithPolicy(q, policies)).Select(q => q with { Requeue = manners.Chance(0.4) ? new RequeueRules(AtNotice: true) : null })];
        providers = [.. providers.Select(p => p with { Limits = MakeLimits(manners) })];
        var ledgers = Ledgers(queues, lease, dice);
        queues = [.. queues.Select(q => q with { Ledger = ledgers.First(l => l.Value.Any(b => b.Name == q.Budget)).Key })];
        var trouble = TimeSpan.FromMinutes(dice.Between(40, 180));
        var least = providers.Min(p => p.ConsistencyWindow);
        return new Scenario
        {
            Seed = seed,
            Start = Starts[dice.Below(Starts.Length)],
            Trouble = trouble,
            LeaseSwitch = leaseSwitch,
            Source = new SourceSpec("source", "simulated", TimeSpan.FromSeconds(dice.Between(2, 20))),
            SourceTemper = new SourceTemper(dice.Chance(0.7), dice.Chance(0.5), TimeSpan.FromSeconds(dice.Between(1, 10)), TimeSpan.FromMinutes(10)),
            Providers = providers,
            CloudTemper = new CloudTemper(
                dice.Pick(TimeSpan.Zero, TimeSpan.FromMinutes(2), TimeSpan.FromHours(1)), least * 0.9, dice.Between(3, 8), dice.Between(5, 50), TimeSpan.FromSeconds(dice.Between(1, 5)))
            {
                ShowsPrices = manners.Chance(0.5),
                NamesZones = manners.Chance(0.5),
                LaunchCalls = manners.Chance(0.5) ? (manners.Between(1, 5), manners.Pick(0.1, 0.5, 2.0)) : null,
                LaunchedInstances = manners.Chance(0.5) ? (manners.Between(10, 40), manners.Pick(0.2, 1.0, 5.0)) : null,
            },
            Ledgers = ledgers,
            Queues = queues,
            Tasks = Tasks(queues.Length, trouble, dice.Split(2)),
            Faults = FaultMaker.Make(dice.Split(3), trouble, leaseSwitch, [.. Entities(providers, queues, ledgers.Keys)], queues.Length),
        };
    }

    /// <summary>The names of all entities of a configuration.</summary>
    public static IEnumerable<string> Entities(IEnumerable<ProviderSpec> providers, IEnumerable<QueueSpec> queues, IEnumerable<BudgetName> ledgers) =>
        [.. queues.Select(q => $"queue-{q.Name}"), .. providers.Select(p => $"gateway-{p.Name}"), .. ledgers.Select(l => $"ledger-{l}"), "source"];

    private static ProviderSpec Provider(int number, Dice dice) => new(
        $"p{number}", "simulated", TimeSpan.FromSeconds(dice.Between(5, 30)), TimeSpan.FromSeconds(dice.Pick(0, 30, 120)), TimeSpan.FromMinutes(dice.Between(1, 5)),
        dice.Pick(0.5, 2.0, 20.0), dice.Between(1, 10));

    /// <summary>What is declared of a platform's limits need not be true.</summary>
    private static CallLimits? MakeLimits(Dice dice) => dice.Chance(0.4) ? null : new CallLimits
    {
        InstancesPerSecond = dice.Pick(0.2, 1.0, 5.0),
        InstanceBurst = dice.Between(1, 20),
        TerminationsPerSecond = dice.Pick(0.5, 5.0),
        TerminationBurst = dice.Between(1, 10),
        LaunchBatch = dice.Pick(1, 3, 100),
    };

    private static QueueSpec Queue(int number, ProviderSpec[] providers, TimeSpan lease, Dice dice)
    {
        var pools = Enumerable.Range(0, dice.Between(1, 2)).Select(p => new PoolSpec
        {
            Name = $"q{number}-{(char)('a' + p)}",
            Provider = providers[dice.Below(providers.Length)].Name,
            MaxInstances = dice.Between(1, 5),
            Offers = [.. Enumerable.Range(1, dice.Between(1, 3)).Select(zone => MakeOffer(zone, dice))],
            Slots = dice.Chance(0.2) ? 2 : 1,
            MaxBootTime = TimeSpan.FromMinutes(dice.Between(6, 20)),
            LeaseLength = lease,
            Billing = new Billing(dice.Pick(TimeSpan.Zero, TimeSpan.FromMinutes(1))),
            Template = new PoolTemplate.Local(TimeSpan.Zero, new Dictionary<string, string>(), TimeSpan.FromMinutes(1)),
            Revision = "r1",
        }).ToArray();
        return new QueueSpec
        {
            Name = new QueueName($"q{number}"),
            Source = "source",
            Budget = new BudgetName($"b{number}"),
            Ledger = new BudgetName("root"),
            Priority = dice.Between(-1, 1),
            MinInstances = dice.Chance(0.2) ? 1 : 0,
            MaxIdleTime = TimeSpan.FromSeconds(dice.Pick(0, 30, 300, 900)),
            Pools = pools,
        };
    }

    /// <summary>Half of the queues keep to the rules that learn nothing.</summary>
    private static QueueSpec WithPolicy(QueueSpec queue, Dice dice)
    {
        if (dice.Chance(0.5))
            return queue;
        return queue with
        {
            Policy = dice.Chance(0.5) ? new PolicySpec.TargetWait(TimeSpan.FromSeconds(dice.Pick(30, 240, 900))) : queue.Policy,
            AdaptiveIdle = dice.Chance(0.7),
            FinishWithin = dice.Chance(0.3) ? TimeSpan.FromMinutes(dice.Pick(10, 60, 300)) : null,
            Pools = [.. queue.Pools.Select(p => p with
            {
                FallbackAfter = dice.Chance(0.5) ? TimeSpan.FromSeconds(dice.Pick(0, 60, 300)) : null,
                SpotBlackout = dice.Chance(0.5) ? TimeSpan.FromMinutes(dice.Pick(2, 10)) : null,
            })],
        };
    }

    private static Offer MakeOffer(int zone, Dice dice)
    {
        var worst = new HourlyRate(dice.Between(100_000, 4_000_000));
        var spot = dice.Chance(0.4);
        return new Offer(
            $"type{dice.Between(1, 3)}", new string('z', zone), spot ? Market.Spot : Market.OnDemand, worst, spot ? new HourlyRate(worst.MicrosPerHour / 3) : worst, dice.Pick(0, 1, 4));
    }

    private static Dictionary<BudgetName, IReadOnlyList<BudgetSpec>> Ledgers(QueueSpec[] queues, TimeSpan lease, Dice dice)
    {
        var root = new BudgetName("root");
        Dictionary<BudgetName, IReadOnlyList<BudgetSpec>> ledgers = [];
        List<BudgetSpec> tree = [Budget(root, null, queues.SelectMany(q => q.Pools), lease, 2.0, dice)];
        foreach (var queue in queues)
        {
            var budget = Budget(queue.Budget, root, queue.Pools, lease, 1.0, dice);
            if (dice.Chance(0.2))
                ledgers[queue.Budget] = [budget with { Parent = null }];
            else
                tree.Add(budget);
        }

        if (tree.Count > 1)
            ledgers[root] = tree;
        return ledgers;
    }

    private static BudgetSpec Budget(BudgetName name, BudgetName? parent, IEnumerable<PoolSpec> pools, TimeSpan lease, double scale, Dice dice)
    {
        // From one lease of the dearest offer up to what several machines cost in some hours.
        var dearest = pools.SelectMany(p => p.Offers).Max(o => o.WorstRate);
        var least = dearest.Over(lease).Micros;
        var limit = (long)(least * (0.8 + (dice.Unit() * 30 * scale)));
        return new BudgetSpec
        {
            Name = name,
            Parent = parent,
            Limit = dice.Chance(0.8) ? new Money(limit) : null,
            Window = dice.Pick(BudgetWindow.Hour, BudgetWindow.Hour, BudgetWindow.Day, BudgetWindow.Week, BudgetWindow.Month, BudgetWindow.Total),
            TimeZone = Zones[dice.Below(Zones.Length)],
            MaxInstances = dice.Chance(0.3) ? dice.Between(1, 6) : null,
            MaxGpus = dice.Chance(0.2) ? dice.Between(4, 12) : null,
            AlertAt = [50, 90],
            WhenDry = dice.Pick(WhenDry.StopLaunching, WhenDry.Drain, WhenDry.Terminate),
        };
    }

    private static PlannedTask[] Tasks(int queues, TimeSpan trouble, Dice dice)
    {
        List<PlannedTask> tasks = [];
        var count = dice.Between(4, 40);
        while (tasks.Count < count)
        {
            // Alone, or in a burst.
            var at = trouble * dice.Unit();
            var mean = dice.Pick(TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(12));
            var queue = dice.Below(queues);
            for (var i = dice.Chance(0.4) ? dice.Between(2, 8) : 1; i > 0; i--)
                tasks.Add(new PlannedTask(queue, at, TimeSpan.FromSeconds(1) + dice.Exponential(mean)));
        }

        return [.. tasks.OrderBy(t => t.At)];
    }
}
