using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Scaling;

namespace ControlPlane.Domain.Catalog;

/// <summary>
/// What a configuration must be before anything acts on it. Pure; finds all faults together. Paths are those of the document
/// (<c>queues[1].pools[0]</c>). Its time grows with the size of the configuration, not with its square.
/// </summary>
public static class ConfigurationRules
{
    public const int MaxQueues = 20_000;
    public const int MaxPools = 40_000;
    public const int MaxBudgets = 2_000;
    public const int MaxSources = 100;
    public const int MaxProviders = 100;
    public const int MaxPoolsOfQueue = 100;
    private const int MaxTypeName = 512;

    /// <summary>The kinds of source that exist.</summary>
    public static IReadOnlyList<string> SourceKinds { get; } = ["embedded", SourceRules.ClearMl];

    /// <summary>The kinds of provider that exist.</summary>
    public static IReadOnlyList<string> ProviderKinds { get; } = ["local", AwsRules.Kind];

    /// <summary>Everything that is wrong with a configuration by itself; empty if it may be applied.</summary>
    public static IReadOnlyList<ConfigurationFault> Check(Configuration configuration)
    {
        var faults = new FaultList();
        faults.Count("sources", configuration.Sources.Count, MaxSources, "sources");
        faults.Count("providers", configuration.Providers.Count, MaxProviders, "providers");
        faults.Count("budgets", configuration.Budgets.Count, MaxBudgets, "budgets");
        faults.Count("pools", configuration.Pools.Count, MaxPools, "pools");
        faults.Count("queues", configuration.Queues.Count, MaxQueues, "queues");
        ObjectName.Check(faults, "sources", configuration.Sources.Select(s => s.Name));
        ObjectName.Check(faults, "providers", configuration.Providers.Select(p => p.Name));
        ObjectName.Check(faults, "budgets", configuration.Budgets.Select(b => b.Name.Value));
        ObjectName.Check(faults, "pools", configuration.Pools.Select(p => p.Name));
        ObjectName.Check(faults, "queues", configuration.Queues.Select(q => q.Name.Value));
        CheckSources(faults, configuration.Sources);
        CheckProviders(faults, configuration.Providers);
        BudgetRules.Check(faults, configuration);
        PoolRules.Check(faults, configuration);
        CheckQueues(faults, configuration);
        return faults.All();
    }

    /// <summary>
    /// What may not change while something of the old configuration is at work: where a queue's tasks are, and what kind of system stands behind
    /// a name. Empty if <paramref name="after"/>, itself without faults, may follow.
    /// </summary>
    public static IReadOnlyList<ConfigurationFault> CheckChange(CatalogState before, Configuration after)
    {
        var faults = new FaultList();
        for (var i = 0; i < after.Queues.Count; i++)
        {
            var queue = after.Queues[i];
            if (before.Scalers.TryGetValue(queue.Name.Value, out var known) && known.Spec.Source != queue.Source)
            {
                faults.Add(
                    $"queues[{i}].source",
                    $"The tasks of queue '{queue.Name}' are in source '{known.Spec.Source}', and it may have instances at work on them; it cannot move to '{queue.Source}'.",
                    "Give the queue in the other source another name, or remove this queue first and add it again when its instances are gone.");
            }
        }

        for (var i = 0; i < after.Sources.Count; i++)
        {
            if (before.Watchers.TryGetValue(after.Sources[i].Name, out var known) && known.Spec.Kind != after.Sources[i].Kind)
            {
                faults.Add($"sources[{i}].kind", $"Source '{known.Spec.Name}' is of kind '{known.Spec.Kind}'.", "Declare the new source under another name.");
            }
        }

        for (var i = 0; i < after.Providers.Count; i++)
        {
            if (before.Gateways.TryGetValue(after.Providers[i].Name, out var known) && known.Spec.Kind != after.Providers[i].Kind)
            {
                faults.Add($"providers[{i}].kind", $"Provider '{known.Spec.Name}' is of kind '{known.Spec.Kind}'.", "Declare the new provider under another name.");
            }
            else if (known is not null && known.Spec.Aws?.Region is { } region && after.Providers[i].Aws is { } changed && changed.Region != region)
            {
                faults.Add($"providers[{i}].aws.region", $"Provider '{known.Spec.Name}' may have machines in {region}, which would no longer be seen.", "Declare a provider for the other region under another name.");
            }
        }

        return faults.All();
    }

    private static void CheckSources(FaultList faults, IReadOnlyList<SourceSpec> sources)
    {
        for (var i = 0; i < sources.Count; i++)
        {
            CheckKind(faults, $"sources[{i}].kind", "source", sources[i].Kind, SourceKinds);
            SourceRules.Check(faults, $"sources[{i}]", sources[i]);
        }
    }

    private static void CheckProviders(FaultList faults, IReadOnlyList<ProviderSpec> providers)
    {
        for (var i = 0; i < providers.Count; i++)
        {
            var provider = providers[i];
            CheckKind(faults, $"providers[{i}].kind", "provider", provider.Kind, ProviderKinds);
            faults.Range($"providers[{i}].sweepEvery", provider.SweepEvery, TimeSpan.FromMilliseconds(200), TimeSpan.FromHours(1));
            faults.Range($"providers[{i}].consistencyWindow", provider.ConsistencyWindow, TimeSpan.Zero, TimeSpan.FromHours(1));
            faults.Range($"providers[{i}].orphanGrace", provider.OrphanGrace, TimeSpan.Zero, TimeSpan.FromHours(24));
            CheckLimits(faults, $"providers[{i}]", provider);
            AwsRules.Check(faults, $"providers[{i}]", provider);
        }
    }

    private static void CheckLimits(FaultList faults, string path, ProviderSpec provider)
    {
        // NaN compares as less than everything, so it is out of range too.
        static string Text(double rate) => rate.ToString("0.####", System.Globalization.CultureInfo.InvariantCulture);
        faults.Range($"{path}.launchesPerSecond", provider.LaunchesPerSecond, 0.01, 10_000, Text);
        faults.Range($"{path}.launchBurst", provider.LaunchBurst, 1, 100_000);
        if (provider.Limits is not { } limits)
            return;
        faults.Range($"{path}.instancesPerSecond", limits.InstancesPerSecond ?? 1, 0.01, 100_000, Text);
        faults.Range($"{path}.instanceBurst", limits.InstanceBurst ?? 1, 1, 1_000_000);
        faults.Range($"{path}.terminationsPerSecond", limits.TerminationsPerSecond ?? 1, 0.01, 10_000, Text);
        faults.Range($"{path}.terminationBurst", limits.TerminationBurst ?? 1, 1, 100_000);
        faults.Range($"{path}.launchBatch", limits.LaunchBatch, 1, 1_000);
    }

    private static void CheckKind(FaultList faults, string path, string what, string kind, IReadOnlyList<string> known)
    {
        if (!known.Contains(kind))
        {
            faults.Add(path, $"'{FaultList.Shorten(kind)}' is not a kind of {what}.", $"Write one of: {string.Join(", ", known)}.");
        }
    }

    private static void CheckQueues(FaultList faults, Configuration configuration)
    {
        var sources = configuration.Sources.Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        var budgets = configuration.Budgets.Select(b => b.Name.Value).ToHashSet(StringComparer.Ordinal);
        var pools = PoolRules.ByName(configuration);
        var owners = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < configuration.Queues.Count; i++)
        {
            var queue = configuration.Queues[i];
            var path = $"queues[{i}]";
            if (!sources.Contains(queue.Source))
            {
                faults.Unknown($"{path}.source", "source", "sources", queue.Source, sources);
            }

            if (!budgets.Contains(queue.Budget.Value))
            {
                faults.Unknown($"{path}.budget", "budget", "budgets", queue.Budget.Value, budgets);
            }

            faults.Range($"{path}.priority", queue.Priority, -1_000, 1_000);
            SourceRules.Check(faults, $"{path}.requeue", queue.Requeue);
            faults.Range($"{path}.maxIdleTime", queue.MaxIdleTime, TimeSpan.Zero, TimeSpan.FromDays(7));
            if (queue.FinishWithin is { } within)
            {
                faults.Range($"{path}.finishWithin", within, TimeSpan.FromMinutes(1), TimeSpan.FromDays(365));
            }

            if (queue.Policy is PolicySpec.TargetWait target)
            {
                faults.Range($"{path}.policy.target", target.Target, TimeSpan.FromSeconds(1), TimeSpan.FromHours(24));
            }

            if (queue.Policy is PolicySpec.Plugin plugin && (plugin.TypeName.Length is 0 or > MaxTypeName || plugin.TypeName.Any(c => char.IsWhiteSpace(c) || char.IsControl(c))))
            {
                faults.Add($"{path}.policy.class", $"'{FaultList.Shorten(plugin.TypeName)}' is not the name of a class.", "Write the policy's full type name, such as Company.Scaling.NightPolicy.");
            }

            var known = CheckPoolsOfQueue(faults, path, i, queue, pools, owners);
            if (known is { } maxima)
            {
                CheckMinimum(faults, path, queue, maxima);
            }
        }
    }

    /// <summary>The sum of the pools' maxima; null if some pool is unknown, so that the sum means nothing.</summary>
    private static long? CheckPoolsOfQueue(
        FaultList faults, string path, int index, QueueEntry queue, Dictionary<string, PoolSpec> pools, Dictionary<string, int> owners)
    {
        if (queue.Pools.Count == 0)
        {
            faults.Add($"{path}.pools", "The queue has no pool, so it could never launch anything.", "Name at least one pool.");
            return null;
        }

        faults.Count($"{path}.pools", queue.Pools.Count, MaxPoolsOfQueue, "pools in this queue");
        long? maxima = 0;
        for (var j = 0; j < queue.Pools.Count; j++)
        {
            var name = queue.Pools[j];
            if (!pools.TryGetValue(name, out var pool))
            {
                faults.Unknown($"{path}.pools[{j}]", "pool", "pools", name, pools.Keys);
                maxima = null;
            }
            else if (!owners.TryAdd(name, index))
            {
                faults.Add(
                    $"{path}.pools[{j}]",
                    owners[name] == index ? $"Pool '{name}' stands in this queue twice." : $"Pool '{name}' already belongs to queues[{owners[name]}].",
                    "A pool belongs to one queue: remove it here, or declare another pool like it.");
            }
            else
            {
                maxima += pool.MaxInstances;
            }
        }

        return maxima;
    }

    private static void CheckMinimum(FaultList faults, string path, QueueEntry queue, long maxima)
    {
        if (queue.MinInstances < 0 || queue.MinInstances > maxima)
        {
            faults.Add(
                $"{path}.minInstances",
                $"{queue.MinInstances:N0} is out of range: the maxima of the queue's pools add up to {maxima:N0}.",
                $"Write a value from 0 to {maxima:N0}, or raise a pool's maxInstances.");
        }
    }
}
