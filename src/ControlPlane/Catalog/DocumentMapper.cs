using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;
using ControlPlane.Domain.Secrets;
using ControlPlane.Providers.Aws;

namespace ControlPlane.Catalog;

/// <summary>
/// Shape to configuration: texts become durations, money and names, and what is left out takes its default. Where a value is faulty, a harmless one
/// stands in for it, so that the rules can go over the whole.
/// </summary>
internal sealed class DocumentMapper(YamlNode root, DocumentFaults faults)
{
    public static readonly TimeSpan DefaultPace = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan DefaultClearMlPace = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan DefaultClearMlRestPace = TimeSpan.FromSeconds(15);
    public static readonly TimeSpan DefaultSweepEvery = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan DefaultConsistencyWindow = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan DefaultOrphanGrace = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan DefaultOrphanTimeout = TimeSpan.FromMinutes(2);
    public const double DefaultLaunchesPerSecond = 20;
    public const int DefaultLaunchBurst = 50;

    /// <summary>Calls of RunInstances a second that an account may make in a region, and how many at once, unless Amazon raised it.</summary>

    /// <summary>In place of an idle time: it is learnt.</summary>
    public const string AutoIdle = "auto";

    /// <summary>The type of offer that a pool's price is short for.</summary>
    public const string ProcessType = "process";

    private readonly Dictionary<string, ProviderSpec> providers = new(StringComparer.Ordinal);

    public Configuration Map(DocumentShape document)
    {
        if (document.Version is { } version and not 1)
        {
            Add("version", $"There is no version {version}.", "Write version: 1.");
        }

        var providers = Each(document.Providers, "providers", Provider);
        foreach (var provider in providers)
            this.providers.TryAdd(provider.Name, provider);
        return new Configuration
        {
            Sources = Each(document.Sources, "sources", Source),
            Providers = providers,
            Budgets = Each(document.Budgets, "budgets", Budget),
            Pools = Each(document.Pools, "pools", Pool),
            Queues = Each(document.Queues, "queues", Queue),
        };
    }

    private static List<TTo> Each<TFrom, TTo>(List<TFrom>? items, string path, Func<TFrom, string, TTo> map) =>
        items is null ? [] : [.. items.Select((item, i) => map(item, $"{path}[{i}]"))];

    private SourceSpec Source(SourceShape source, string path)
    {
        var isClearMl = source.Kind == "clearml";
        var pace = Duration(source.Pace, $"{path}.pace", isClearMl ? DefaultClearMlPace : DefaultPace);
        var rest = pace > DefaultClearMlRestPace ? pace : DefaultClearMlRestPace;
        return new SourceSpec(source.Name ?? "", source.Kind ?? "", pace)
        {
            RestPace = source.RestPace is not null ? Duration(source.RestPace, $"{path}.restPace", rest) : isClearMl ? rest : null,
            ClearMl = source.Clearml is { } server ? ClearMl(server, $"{path}.clearml") : null,
        };
    }

    private ClearMlSpec ClearMl(ClearMlShape server, string path)
    {
        var spec = new ClearMlSpec(server.Url ?? "", new SecretReference(server.AccessKey ?? "env:MISSING"), new SecretReference(server.SecretKey ?? "env:MISSING"));
        return spec with
        {
            ApiVersion = server.ApiVersion ?? spec.ApiVersion,
            CaFile = server.CaFile,
            ClientCertificateFile = server.ClientCertificateFile,
            Insecure = server.Insecure ?? spec.Insecure,
            CreateMissingQueues = server.CreateMissingQueues ?? spec.CreateMissingQueues,
            Timeout = Duration(server.Timeout, $"{path}.timeout", spec.Timeout),
            PageSize = server.PageSize ?? spec.PageSize,
        };
    }

    private ProviderSpec Provider(ProviderShape provider, string path)
    {
        var leftOut = provider.Kind == AwsMapping.Defaults.Kind
            ? AwsMapping.Defaults
            : new ProviderSpec("", "", DefaultSweepEvery, DefaultConsistencyWindow, DefaultOrphanGrace, DefaultLaunchesPerSecond, DefaultLaunchBurst);
        return new ProviderSpec(
            provider.Name ?? "",
            provider.Kind ?? "",
            Duration(provider.SweepEvery, $"{path}.sweepEvery", leftOut.SweepEvery),
            Duration(provider.ConsistencyWindow, $"{path}.consistencyWindow", leftOut.ConsistencyWindow),
            Duration(provider.OrphanGrace, $"{path}.orphanGrace", leftOut.OrphanGrace),
            provider.LaunchesPerSecond ?? leftOut.LaunchesPerSecond,
            provider.LaunchBurst ?? leftOut.LaunchBurst)
        {
            Limits = Limits(provider),
            Aws = provider.Aws is null ? null : AwsMapping.Map(provider.Aws),
        };
    }

    /// <summary>What is not given is as EC2 has it, where the kind is EC2 or a bucket is given in part; else there is no such bucket.</summary>
    private static CallLimits? Limits(ProviderShape provider)
    {
        var aws = provider.Kind == "aws";
        var kind = aws ? CallLimits.Ec2 : CallLimits.None;
        var instances = aws || provider.InstancesPerSecond is not null || provider.InstanceBurst is not null;
        var terminations = aws || provider.TerminationsPerSecond is not null || provider.TerminationBurst is not null;
        var limits = new CallLimits
        {
            InstancesPerSecond = instances ? provider.InstancesPerSecond ?? CallLimits.Ec2.InstancesPerSecond : null,
            InstanceBurst = instances ? provider.InstanceBurst ?? CallLimits.Ec2.InstanceBurst : null,
            TerminationsPerSecond = terminations ? provider.TerminationsPerSecond ?? CallLimits.Ec2.TerminationsPerSecond : null,
            TerminationBurst = terminations ? provider.TerminationBurst ?? CallLimits.Ec2.TerminationBurst : null,
            LaunchBatch = provider.LaunchBatch ?? kind.LaunchBatch,
        };
        return limits == CallLimits.None ? null : limits;
    }

    private BudgetSpec Budget(BudgetShape budget, string path)
    {
        var spec = new BudgetSpec { Name = new BudgetName(budget.Name ?? "") };
        return spec with
        {
            Parent = budget.Parent is null ? null : new BudgetName(budget.Parent),
            Limit = Dollars(budget.Limit, $"{path}.limit") is { } limit ? Money.FromDollars(limit) : null,
            Window = Word(budget.Window, spec.Window),
            TimeZone = budget.TimeZone ?? spec.TimeZone,
            MaxInstances = budget.MaxInstances,
            MaxGpus = budget.MaxGpus,
            AlertAt = budget.AlertAt ?? spec.AlertAt,
            WhenDry = Word(budget.WhenDry, spec.WhenDry),
        };
    }

    private PoolSpec Pool(PoolShape pool, string path)
    {
        var template = Template(pool, path);
        var spec = new PoolSpec
        {
            Name = pool.Name ?? "",
            Provider = pool.Provider ?? "",
            MaxInstances = pool.MaxInstances ?? 0,
            Offers = template is PoolTemplate.Aws aws ? AwsOffersOf(pool, aws, path) : Offers(pool, path),
            Template = template,
            Bootstrap = pool.Bootstrap is null ? null : BootstrapMapping.Map(pool.Bootstrap, text => Duration(text, $"{path}.bootstrap.deadMansSwitch", TimeSpan.FromMinutes(2))),
        };
        return PoolDigest.Stamp(spec with
        {
            Slots = pool.Slots ?? spec.Slots,
            MaxBootTime = Duration(pool.MaxBootTime, $"{path}.maxBootTime", spec.MaxBootTime),
            LeaseLength = Duration(pool.LeaseLength, $"{path}.leaseLength", spec.LeaseLength),
            Billing = new Billing(Duration(pool.MinimumBilling, $"{path}.minimumBilling", template is PoolTemplate.Aws ? AwsMapping.MinimumBilling : spec.Billing.Minimum)),
            FallbackAfter = pool.FallbackAfter is null ? null : Duration(pool.FallbackAfter, $"{path}.fallbackAfter", TimeSpan.Zero),
            SpotBlackout = pool.SpotBlackout is null ? null : Duration(pool.SpotBlackout, $"{path}.spotBlackout", TimeSpan.Zero),
        });
    }

    private PoolTemplate Template(PoolShape pool, string path)
    {
        if (pool.Aws is null)
            return Local(pool.Local ?? new LocalShape(), $"{path}.local");
        if (pool.Local is not null)
            Add($"{path}.local", "The pool is declared both for aws and for local.", "Keep that of its provider's kind.");
        // JSON itself is the rules' business; what the API has, only the SDK knows.
        if (pool.Aws.LaunchSpec is { } json && AwsLaunchSpec.Fault(json) is { } fault && !fault.Message.StartsWith("It is no JSON", StringComparison.Ordinal))
            Add($"{path}.aws.launchSpec", fault.Message, fault.Fix);
        return AwsMapping.Map(pool.Aws, $"{path}.aws", Rate);
    }

    /// <summary>Made of types, zones and market, with the prices of now.</summary>
    private IReadOnlyList<Offer> AwsOffersOf(PoolShape pool, PoolTemplate.Aws template, string path)
    {
        foreach (var key in new[] { pool.Price is null ? null : "price", pool.Offers is null ? null : "offers" }.OfType<string>())
            Add($"{path}.{key}", "The offers of a pool with aws are made of its types and zones.", "Remove it; prices go into aws.prices.");
        if (providers.GetValueOrDefault(pool.Provider ?? "")?.Aws is { } provider && template.Types.Count > 0)
        {
            var (offers, unpriced) = AwsOffers.Expand(template, provider, $"{path}.aws");
            foreach (var fault in unpriced)
                Add(fault.Path, fault.Message, fault.Fix);
            if (unpriced.Count == 0)
                return offers;
        }

        // Faulty elsewhere, and said there: this one stands in, so that the other rules can be checked.
        return [new Offer("none", "", Market.OnDemand, HourlyRate.Free, HourlyRate.Free, 0)];
    }

    private List<Offer> Offers(PoolShape pool, string path)
    {
        if (pool.Offers is not null)
        {
            if (pool.Price is not null)
            {
                Add($"{path}.price", "The pool has both a price and offers.", "A price is short for one offer: keep one of the two.");
            }

            return Each(pool.Offers, $"{path}.offers", Offer);
        }

        if (pool.Price is null)
        {
            if (!faults.Covers($"{path}.price") && !faults.Covers($"{path}.offers"))
            {
                Add($"{path}.price", "The pool has neither a price nor offers.", "Write what an hour costs, such as 'price: 0.36'; 0 if it is free.");
            }

            return [new Offer(ProcessType, "", Market.OnDemand, HourlyRate.Free, HourlyRate.Free, 0)];
        }

        // Checked here, because the rules would name a key that the document does not have.
        var rate = Rate(pool.Price, $"{path}.price");
        if (rate < HourlyRate.Free || rate > HourlyRate.FromDollars(100_000m))
        {
            Add($"{path}.price", $"{rate} is out of range.", "Write a value from 0 to 100000, in dollars an hour.");
            rate = HourlyRate.Free;
        }

        return [new Offer(ProcessType, "", Market.OnDemand, rate, rate, 0)];
    }

    private Offer Offer(OfferShape offer, string path)
    {
        var market = Word(offer.Market, Market.OnDemand);
        var rate = Rate(offer.Price, $"{path}.price");
        if (market == Market.Spot && offer.WorstPrice is null && !faults.Covers($"{path}.worstPrice"))
        {
            Add($"{path}.worstPrice", "A spot offer without worstPrice.", "Write the price on demand: leases are reserved at it, because the price of spot may rise.");
        }

        var worst = offer.WorstPrice is null || faults.Covers($"{path}.price") ? rate : Rate(offer.WorstPrice, $"{path}.worstPrice");
        return new Offer(offer.Type ?? "", offer.Zone ?? "", market, worst, rate, offer.Gpus ?? 0);
    }

    private PoolTemplate.Local Local(LocalShape local, string path) => new(
        Duration(local.BootDelay, $"{path}.bootDelay", TimeSpan.Zero),
        local.Environment ?? [],
        Duration(local.OrphanTimeout, $"{path}.orphanTimeout", DefaultOrphanTimeout));

    private QueueEntry Queue(QueueShape queue, string path)
    {
        var entry = new QueueEntry
        {
            Name = new QueueName(queue.Name ?? ""),
            Source = queue.Source ?? "",
            Budget = new BudgetName(queue.Budget ?? ""),
            Pools = queue.Pools ?? [],
        };
        return entry with
        {
            Priority = queue.Priority ?? entry.Priority,
            MinInstances = queue.MinInstances ?? entry.MinInstances,
            MaxIdleTime = Duration(queue.MaxIdleTime == AutoIdle ? null : queue.MaxIdleTime, $"{path}.maxIdleTime", entry.MaxIdleTime),
            AdaptiveIdle = queue.MaxIdleTime is null or AutoIdle,
            FinishWithin = queue.FinishWithin is null ? null : Duration(queue.FinishWithin, $"{path}.finishWithin", TimeSpan.FromDays(1)),
            Paused = queue.Paused ?? entry.Paused,
            Requeue = queue.Requeue is { } requeue
                ? new RequeueRules(requeue.Never ?? false, requeue.Attempts, requeue.OnlyYounger is null ? null : Duration(requeue.OnlyYounger, $"{path}.requeue.onlyYounger", TimeSpan.FromDays(1)), requeue.AtNotice ?? false)
                : null,
            Policy = queue.Policy is null ? entry.Policy : Policy(queue.Policy, $"{path}.policy"),
        };
    }

    private PolicySpec Policy(PolicyShape policy, string path)
    {
        if (policy.Target is not null && policy.Type != "targetWait")
        {
            Add($"{path}.target", "Only targetWait has a target.", "Write type: targetWait, or remove it.");
        }

        if (policy.Type == "plugin")
        {
            if (policy.Class is null)
            {
                Add($"{path}.class", "A plug-in without its class.", "Write the policy's full type name, such as Company.Scaling.NightPolicy.");
            }

            return new PolicySpec.Plugin(policy.Class ?? "");
        }

        if (policy.Class is not null)
        {
            Add($"{path}.class", "Only a plug-in has a class.", "Write type: plugin, or remove it.");
        }

        if (policy.Type == "targetWait")
        {
            if (policy.Target is null && !faults.Covers($"{path}.target"))
            {
                Add($"{path}.target", "A target wait without its target.", "Write the wait that 19 of 20 tasks shall not exceed, such as 'target: 5m'.");
            }

            return new PolicySpec.TargetWait(Duration(policy.Target, $"{path}.target", TimeSpan.FromMinutes(5)));
        }

        return new PolicySpec.PerTask();
    }

    private TimeSpan Duration(string? text, string path, TimeSpan leftOut)
    {
        if (text is null)
        {
            return leftOut;
        }

        if (!DurationText.TryParse(text, out var duration))
        {
            Add(path, $"'{(text.Length <= 64 ? text : text[..61] + "...")}' is not a duration.", "Write a number with its unit: 90s, 15m, 1h30m, 2d or 250ms.");
            return leftOut;
        }

        return duration;
    }

    private decimal? Dollars(string? text, string path)
    {
        if (text is null)
        {
            return null;
        }

        if (!MoneyText.TryParse(text, out var dollars, out var fault))
        {
            Add(path, fault.Message, fault.Fix);
            return null;
        }

        return dollars;
    }

    private HourlyRate Rate(string? text, string path) => Dollars(text, path) is { } dollars ? HourlyRate.FromDollars(dollars) : HourlyRate.Free;

    /// <summary>The binder has let only known words through, in camel case.</summary>
    private static T Word<T>(string? word, T leftOut)
        where T : struct, Enum => word is null ? leftOut : Enum.Parse<T>(word, ignoreCase: true);

    private void Add(string path, string message, string fix) => faults.Add(root.Locate(path), path, message, fix);
}
