using System.Text.Json;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Scaling;

namespace ControlPlane.Catalog;

/// <summary>Configuration to shape: the way back of <see cref="DocumentMapper"/>. Everything is written out, defaults too; only what is not there is left out.</summary>
internal static class DocumentUnmapper
{
    public static DocumentShape Unmap(Configuration configuration) => new()
    {
        Version = 1,
        Sources = [.. configuration.Sources.Select(Source)],
        Providers = [.. configuration.Providers.Select(Provider)],
        Budgets = [.. configuration.Budgets.Select(Budget)],
        Pools = [.. configuration.Pools.Select(Pool)],
        Queues = [.. configuration.Queues.Select(Queue)],
    };

    private static SourceShape Source(SourceSpec source) => new()
    {
        Name = source.Name,
        Kind = source.Kind,
        Pace = DurationText.Format(source.Pace),
        RestPace = source.RestPace is { } rest ? DurationText.Format(rest) : null,
        Clearml = source.ClearMl is { } server ? ClearMl(server) : null,
    };

    private static ClearMlShape ClearMl(ClearMlSpec server) => new()
    {
        Url = server.Url,
        AccessKey = server.AccessKey.Value,
        SecretKey = server.SecretKey.Value,
        ApiVersion = server.ApiVersion,
        CaFile = server.CaFile,
        ClientCertificateFile = server.ClientCertificateFile,
        Insecure = server.Insecure,
        CreateMissingQueues = server.CreateMissingQueues,
        Timeout = DurationText.Format(server.Timeout),
        PageSize = server.PageSize,
    };

    private static ProviderShape Provider(ProviderSpec provider) => new()
    {
        Name = provider.Name,
        Kind = provider.Kind,
        SweepEvery = DurationText.Format(provider.SweepEvery),
        ConsistencyWindow = DurationText.Format(provider.ConsistencyWindow),
        OrphanGrace = DurationText.Format(provider.OrphanGrace),
        LaunchesPerSecond = provider.LaunchesPerSecond,
        LaunchBurst = provider.LaunchBurst,
        InstancesPerSecond = provider.Limits?.InstancesPerSecond,
        InstanceBurst = provider.Limits?.InstanceBurst,
        TerminationsPerSecond = provider.Limits?.TerminationsPerSecond,
        TerminationBurst = provider.Limits?.TerminationBurst,
        LaunchBatch = (provider.Limits ?? CallLimits.None).LaunchBatch,
        Aws = provider.Aws is { } aws ? AwsMapping.Unmap(aws) : null,
    };

    private static BudgetShape Budget(BudgetSpec budget) => new()
    {
        Name = budget.Name.Value,
        Parent = budget.Parent?.Value,
        Limit = budget.Limit is { } limit ? MoneyText.Format(limit.Dollars) : null,
        Window = Word(budget.Window),
        TimeZone = budget.TimeZone,
        MaxInstances = budget.MaxInstances,
        MaxGpus = budget.MaxGpus,
        AlertAt = budget.AlertAt.Count == 0 ? null : [.. budget.AlertAt],
        WhenDry = Word(budget.WhenDry),
    };

    private static PoolShape Pool(PoolSpec pool)
    {
        var price = pool.Offers is [{ Type: DocumentMapper.ProcessType, Zone: "", Market: Market.OnDemand, Gpus: 0 } only] && only.Rate == only.WorstRate
            ? MoneyText.Format(only.Rate.DollarsPerHour)
            : null;
        return new PoolShape
        {
            Name = pool.Name,
            Provider = pool.Provider,
            MaxInstances = pool.MaxInstances,
            Slots = pool.Slots,
            MaxBootTime = DurationText.Format(pool.MaxBootTime),
            LeaseLength = DurationText.Format(pool.LeaseLength),
            MinimumBilling = DurationText.Format(pool.Billing.Minimum),
            FallbackAfter = pool.FallbackAfter is { } fallback ? DurationText.Format(fallback) : null,
            SpotBlackout = pool.SpotBlackout is { } blackout ? DurationText.Format(blackout) : null,
            Price = price,
            Offers = price is null && pool.Template is not PoolTemplate.Aws ? [.. pool.Offers.Select(Offer)] : null,
            Local = pool.Template is PoolTemplate.Local local ? Local(local) : null,
            Aws = pool.Template is PoolTemplate.Aws aws ? AwsMapping.Unmap(aws) : null,
            Bootstrap = pool.Bootstrap is { } bootstrap ? BootstrapMapping.Unmap(bootstrap) : null,
        };
    }

    private static OfferShape Offer(Offer offer) => new()
    {
        Type = offer.Type,
        Zone = offer.Zone.Length == 0 ? null : offer.Zone,
        Market = Word(offer.Market),
        Price = MoneyText.Format(offer.Rate.DollarsPerHour),
        WorstPrice = MoneyText.Format(offer.WorstRate.DollarsPerHour),
        Gpus = offer.Gpus,
    };

    private static LocalShape Local(PoolTemplate.Local local) => new()
    {
        BootDelay = DurationText.Format(local.BootDelay),
        OrphanTimeout = DurationText.Format(local.OrphanTimeout),
        Environment = local.Environment.Count == 0 ? null : local.Environment.OrderBy(v => v.Key, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal),
    };

    private static QueueShape Queue(QueueEntry queue) => new()
    {
        Name = queue.Name.Value,
        Source = queue.Source,
        Budget = queue.Budget.Value,
        Priority = queue.Priority,
        MinInstances = queue.MinInstances,
        MaxIdleTime = queue.AdaptiveIdle ? DocumentMapper.AutoIdle : DurationText.Format(queue.MaxIdleTime),
        FinishWithin = queue.FinishWithin is { } within ? DurationText.Format(within) : null,
        Paused = queue.Paused,
        Requeue = queue.Requeue is { } requeue
            ? new RequeueShape { Never = requeue.Never, Attempts = requeue.Attempts, OnlyYounger = requeue.OnlyYounger is { } young ? DurationText.Format(young) : null, AtNotice = requeue.AtNotice }
            : null,
        Policy = queue.Policy switch
        {
            PolicySpec.Plugin plugin => new PolicyShape { Type = "plugin", Class = plugin.TypeName },
            PolicySpec.TargetWait target => new PolicyShape { Type = "targetWait", Target = DurationText.Format(target.Target) },
            _ => new PolicyShape { Type = "perTask" },
        },
        Pools = [.. queue.Pools],
    };

    private static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
