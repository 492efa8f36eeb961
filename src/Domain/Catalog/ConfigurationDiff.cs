using System.Globalization;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Scaling;

namespace ControlPlane.Domain.Catalog;

/// <summary>What became of an object of the configuration.</summary>
public enum ChangeKind
{
    Added,
    Removed,
    Changed,

    /// <summary>The objects of a list stand in another order. Nothing acts on it.</summary>
    Reordered,
}

/// <summary>One difference between two configurations.</summary>
/// <param name="Kind">What became of it.</param>
/// <param name="Subject"><c>source</c>, <c>provider</c>, <c>budget</c>, <c>pool</c> or <c>queue</c>.</param>
/// <param name="Name">The object's name; empty if the list was reordered.</param>
/// <param name="Field">The changed key of the document, e.g. <c>local.bootDelay</c>; null unless <see cref="ChangeKind.Changed"/>.</param>
/// <param name="Before">The value as text; null if there was none.</param>
/// <param name="After">The value as text; null if there is none.</param>
public sealed record ConfigurationChange(ChangeKind Kind, string Subject, string Name, string? Field, string? Before, string? After)
{
    /// <summary>The change in one line.</summary>
    public string Sentence => Kind switch
    {
        ChangeKind.Added => $"{Subject} {Name} is added.",
        ChangeKind.Removed => Subject == "queue" ? $"queue {Name} is removed; its instances are drained." : $"{Subject} {Name} is removed.",
        ChangeKind.Changed => $"{Subject} {Name}: {Field} changes from {Before ?? "none"} to {After ?? "none"}.",
        ChangeKind.Reordered => $"The {Subject}s stand in another order.",
    };

    public override string ToString() => Sentence;
}

/// <summary>What differs between two configurations. Pools must be stamped. Nothing differs exactly if they are equal.</summary>
public static class ConfigurationDiff
{
    public static IReadOnlyList<ConfigurationChange> Between(Configuration before, Configuration after) =>
    [
        .. Lists("source", before.Sources, after.Sources, s => s.Name, Fields),
        .. Lists("provider", before.Providers, after.Providers, p => p.Name, Fields),
        .. Lists("budget", before.Budgets, after.Budgets, b => b.Name.Value, Fields),
        .. Lists("pool", before.Pools, after.Pools, p => p.Name, Fields),
        .. Lists("queue", before.Queues, after.Queues, q => q.Name.Value, Fields),
    ];

    private static IEnumerable<ConfigurationChange> Lists<T>(
        string kind, IReadOnlyList<T> before, IReadOnlyList<T> after, Func<T, string> name, Func<T, IEnumerable<(string Field, string? Value)>> fields)
        where T : class
    {
        var old = ByName(before, name);
        var @new = ByName(after, name);
        foreach (var item in before.Where(item => !@new.ContainsKey(name(item))))
        {
            yield return new ConfigurationChange(ChangeKind.Removed, kind, name(item), null, null, null);
        }

        foreach (var item in after)
        {
            if (!old.TryGetValue(name(item), out var was))
            {
                yield return new ConfigurationChange(ChangeKind.Added, kind, name(item), null, null, null);
            }
            else if (!was.Equals(item))
            {
                foreach (var change in Changes(kind, name(item), fields(was), fields(item)))
                {
                    yield return change;
                }
            }
        }

        if (!before.Select(name).Where(@new.ContainsKey).SequenceEqual(after.Select(name).Where(old.ContainsKey)))
        {
            yield return new ConfigurationChange(ChangeKind.Reordered, kind, "", null, null, null);
        }
    }

    private static Dictionary<string, T> ByName<T>(IReadOnlyList<T> items, Func<T, string> name)
    {
        var byName = new Dictionary<string, T>(items.Count, StringComparer.Ordinal);
        foreach (var item in items)
        {
            byName.TryAdd(name(item), item);
        }

        return byName;
    }

    /// <summary>The fields that differ, in the order of the new object; then those that it no longer has.</summary>
    private static IEnumerable<ConfigurationChange> Changes(
        string kind, string name, IEnumerable<(string Field, string? Value)> before, IEnumerable<(string Field, string? Value)> after)
    {
        var old = before.ToDictionary(f => f.Field, f => f.Value, StringComparer.Ordinal);
        foreach (var (field, value) in after)
        {
            old.Remove(field, out var was);
            if (was != value)
            {
                yield return new ConfigurationChange(ChangeKind.Changed, kind, name, field, was, value);
            }
        }

        foreach (var (field, was) in old.Where(f => f.Value is not null))
        {
            yield return new ConfigurationChange(ChangeKind.Changed, kind, name, field, was, null);
        }
    }

    private static IEnumerable<(string, string?)> Fields(SourceSpec source) =>
    [
        ("kind", source.Kind),
        ("pace", DurationText.Format(source.Pace)),
        ("restPace", Text(source.RestPace)),
        .. source.ClearMl is { } server ? Fields(server) : [],
    ];

    private static IEnumerable<(string, string?)> Fields(ClearMlSpec server) =>
    [
        ("clearml.url", server.Url),
        ("clearml.accessKey", server.AccessKey.Value),
        ("clearml.secretKey", server.SecretKey.Value),
        ("clearml.apiVersion", server.ApiVersion),
        ("clearml.caFile", server.CaFile),
        ("clearml.clientCertificateFile", server.ClientCertificateFile),
        ("clearml.insecure", server.Insecure ? "true" : "false"),
        ("clearml.createMissingQueues", server.CreateMissingQueues ? "true" : "false"),
        ("clearml.timeout", DurationText.Format(server.Timeout)),
        ("clearml.pageSize", Text(server.PageSize)),
    ];

    private static IEnumerable<(string, string?)> Fields(ProviderSpec provider) =>
    [
        ("kind", provider.Kind),
        ("sweepEvery", DurationText.Format(provider.SweepEvery)),
        ("consistencyWindow", DurationText.Format(provider.ConsistencyWindow)),
        ("orphanGrace", DurationText.Format(provider.OrphanGrace)),
        ("launchesPerSecond", provider.LaunchesPerSecond.ToString("R", CultureInfo.InvariantCulture)),
        ("launchBurst", Text(provider.LaunchBurst)),
        ("instancesPerSecond", provider.Limits?.InstancesPerSecond?.ToString("R", CultureInfo.InvariantCulture)),
        ("instanceBurst", Text(provider.Limits?.InstanceBurst)),
        ("terminationsPerSecond", provider.Limits?.TerminationsPerSecond?.ToString("R", CultureInfo.InvariantCulture)),
        ("terminationBurst", Text(provider.Limits?.TerminationBurst)),
        ("launchBatch", Text(provider.Limits?.LaunchBatch)),
        .. provider.Aws is { } aws ? AwsDigest.Fields(aws).Select(f => ($"aws.{f.Name}", f.Value)) : [],
    ];

    private static IEnumerable<(string, string?)> Fields(BudgetSpec budget) =>
    [
        ("parent", budget.Parent?.Value),
        ("limit", budget.Limit?.ToString()),
        ("window", CamelCase(budget.Window.ToString())),
        ("timeZone", budget.TimeZone),
        ("maxInstances", Text(budget.MaxInstances)),
        ("maxGpus", Text(budget.MaxGpus)),
        ("alertAt", $"[{string.Join(", ", budget.AlertAt)}]"),
        ("whenDry", CamelCase(budget.WhenDry.ToString())),
    ];

    private static IEnumerable<(string, string?)> Fields(PoolSpec pool) =>
    [
        ("provider", pool.Provider),
        ("maxInstances", Text(pool.MaxInstances)),
        ("offers", $"[{string.Join(", ", pool.Offers.Select(Text))}]"),
        ("slots", Text(pool.Slots)),
        ("maxBootTime", DurationText.Format(pool.MaxBootTime)),
        ("leaseLength", DurationText.Format(pool.LeaseLength)),
        ("minimumBilling", DurationText.Format(pool.Billing.Minimum)),
        ("fallbackAfter", pool.FallbackAfter is { } fallback ? DurationText.Format(fallback) : null),
        ("spotBlackout", pool.SpotBlackout is { } blackout ? DurationText.Format(blackout) : null),
        .. pool.Template is PoolTemplate.Local local ? Fields(local) : [],
        .. pool.Template is PoolTemplate.Aws aws ? Fields(aws) : [],
        .. pool.Bootstrap is { } bootstrap ? Fields(bootstrap) : [],
    ];

    /// <summary>Values of variables are told as digests of a few letters: they may be secrets, and a difference is read by many.</summary>
    private static IEnumerable<(string, string?)> Fields(PoolTemplate.Local local) =>
    [
        ("local.bootDelay", DurationText.Format(local.BootDelay)),
        ("local.orphanTimeout", DurationText.Format(local.OrphanTimeout)),
        .. local.Environment.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => ($"local.environment.{v.Key}", (string?)Fingerprint(v.Value))),
    ];

    /// <summary>User data is told as a digest, as scripts are.</summary>
    private static IEnumerable<(string, string?)> Fields(PoolTemplate.Aws aws) =>
        AwsDigest.Fields(aws).Select(f => ($"aws.{f.Name}", (string?)(f.Name is "userData" or "launchSpec" ? Fingerprint(f.Value) : f.Value)));

    /// <summary>Scripts and lines of configuration are told as digests: they are long, and somebody may have written a secret into them.</summary>
    private static IEnumerable<(string, string?)> Fields(BootstrapSpec bootstrap) =>
    [
        ("bootstrap", "declared"),
        .. BootstrapDigest.Fields(bootstrap).Select(f => ($"bootstrap.{f.Name}", (string?)(f.Name is "initScript" or "clearmlConf" ? Fingerprint(f.Value) : f.Value))),
    ];

    private static IEnumerable<(string, string?)> Fields(QueueEntry queue) =>
    [
        ("source", queue.Source),
        ("budget", queue.Budget.Value),
        ("priority", Text(queue.Priority)),
        ("policy", queue.Policy switch { PolicySpec.Plugin p => $"plugin {p.TypeName}", PolicySpec.PerTask => "perTask", PolicySpec.TargetWait t => $"targetWait {DurationText.Format(t.Target)}", _ => queue.Policy.ToString() }),
        ("minInstances", Text(queue.MinInstances)),
        ("maxIdleTime", queue.AdaptiveIdle ? "auto" : DurationText.Format(queue.MaxIdleTime)),
        ("finishWithin", queue.FinishWithin is { } within ? DurationText.Format(within) : null),
        ("paused", queue.Paused ? "true" : "false"),
        ("requeue.never", queue.Requeue is null ? null : queue.Requeue.Never ? "true" : "false"),
        ("requeue.attempts", Text(queue.Requeue?.Attempts)),
        ("requeue.onlyYounger", Text(queue.Requeue?.OnlyYounger)),
        ("requeue.atNotice", queue.Requeue is null ? null : queue.Requeue.AtNotice ? "true" : "false"),
        ("pools", $"[{string.Join(", ", queue.Pools)}]"),
    ];

    private static string Text(Offer offer) =>
        $"{offer.Key} at {offer.Rate}{(offer.WorstRate == offer.Rate ? "" : $", at worst {offer.WorstRate}")}{(offer.Gpus == 0 ? "" : $", {offer.Gpus} GPUs")}";

    private static string? Text(int? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static string? Text(TimeSpan? time) => time is { } known ? DurationText.Format(known) : null;

    private static string CamelCase(string name) => $"{char.ToLowerInvariant(name[0])}{name[1..]}";

    private static string Fingerprint(string value) =>
        $"#{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(value)).AsSpan(0, 4))}";
}
