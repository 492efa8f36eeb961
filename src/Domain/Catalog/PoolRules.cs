using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Domain.Catalog;

/// <summary>The rules of pools, their offers and their templates.</summary>
internal static class PoolRules
{
    public const int MaxOffers = 1_000;
    public const int MaxVariables = 256;
    public const int MaxVariableLength = 32_768;
    private const int MaxTypeLength = 128;

    /// <summary>A machine that costs more than this an hour is a slip of the pen.</summary>
    private static readonly HourlyRate DearestRate = HourlyRate.FromDollars(100_000m);

    /// <summary>Pools by name; of two with one name, which is a fault of its own, the first.</summary>
    public static Dictionary<string, PoolSpec> ByName(Configuration configuration)
    {
        var pools = new Dictionary<string, PoolSpec>(configuration.Pools.Count, StringComparer.Ordinal);
        foreach (var pool in configuration.Pools)
        {
            pools.TryAdd(pool.Name, pool);
        }

        return pools;
    }

    public static void Check(FaultList faults, Configuration configuration)
    {
        var providers = configuration.Providers.Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        var kinds = configuration.Providers.DistinctBy(p => p.Name, StringComparer.Ordinal).ToDictionary(p => p.Name, p => p.Kind, StringComparer.Ordinal);
        for (var i = 0; i < configuration.Pools.Count; i++)
        {
            var pool = configuration.Pools[i];
            var path = $"pools[{i}]";
            if (!providers.Contains(pool.Provider))
            {
                faults.Unknown($"{path}.provider", "provider", "providers", pool.Provider, providers);
            }
            else
            {
                CheckKind(faults, path, pool, kinds[pool.Provider]);
            }

            faults.Range($"{path}.maxInstances", pool.MaxInstances, 0, 10_000);
            faults.Range($"{path}.slots", pool.Slots, 1, 256);
            faults.Range($"{path}.maxBootTime", pool.MaxBootTime, TimeSpan.FromSeconds(1), TimeSpan.FromHours(24));
            faults.Range($"{path}.minimumBilling", pool.Billing.Minimum, TimeSpan.Zero, TimeSpan.FromHours(24));
            CheckLease(faults, path, pool);
            CheckFallback(faults, path, pool);
            CheckOffers(faults, pool.Template is PoolTemplate.Aws ? $"{path}.aws" : path, pool.Offers);
            CheckTemplate(faults, path, pool);
            if (pool.Bootstrap is { } bootstrap)
            {
                BootstrapRules.Check(faults, $"{path}.bootstrap", bootstrap);
            }
        }
    }

    /// <summary>The template is that of the provider's kind.</summary>
    private static void CheckKind(FaultList faults, string path, PoolSpec pool, string kind)
    {
        var wanted = pool.Template switch { PoolTemplate.Local => "local", PoolTemplate.Aws => AwsRules.Kind, _ => kind };
        if (wanted == kind || !ConfigurationRules.ProviderKinds.Contains(kind))
            return;
        if (pool.Template is PoolTemplate.Local)
            faults.Add($"{path}.{kind}", $"Provider '{pool.Provider}' is of kind {kind}, and the pool does not say what it shall launch there.", $"Add {kind}: ... to the pool, or name another provider.");
        else
            faults.Add($"{path}.{wanted}", $"Provider '{pool.Provider}' is of kind {kind}, and cannot launch this.", $"Name a provider of kind {wanted}, or remove this key.");
    }

    private static void CheckLease(FaultList faults, string path, PoolSpec pool)
    {
        if (pool.LeaseLength < pool.Billing.Minimum && pool.Billing.Minimum <= TimeSpan.FromHours(24))
        {
            faults.Add(
                $"{path}.leaseLength",
                $"{DurationText.Format(pool.LeaseLength)} is shorter than the platform's minimum billing of {DurationText.Format(pool.Billing.Minimum)}, so a lease would not cover its cost.",
                $"Write at least {DurationText.Format(pool.Billing.Minimum)}.");
            return;
        }

        faults.Range($"{path}.leaseLength", pool.LeaseLength, TimeSpan.FromSeconds(10), TimeSpan.FromHours(24));
    }

    private static void CheckFallback(FaultList faults, string path, PoolSpec pool)
    {
        CheckFallbackTime(faults, $"{path}.fallbackAfter", pool, pool.FallbackAfter);
        CheckFallbackTime(faults, $"{path}.spotBlackout", pool, pool.SpotBlackout);
    }

    private static void CheckFallbackTime(FaultList faults, string path, PoolSpec pool, TimeSpan? time)
    {
        if (time is not { } value)
            return;
        faults.Range(path, value, TimeSpan.Zero, TimeSpan.FromHours(24));
        var firstSpot = pool.Offers.Select((o, i) => (o.Market, i)).Where(o => o.Market == Market.Spot).Select(o => (int?)o.i).FirstOrDefault();
        if (firstSpot is null || pool.Offers.Skip(firstSpot.Value).All(o => o.Market == Market.Spot))
        {
            faults.Add(path, "The pool has no spot offer with an offer on demand behind it, so it has nothing to fall back on.", "Add the offer on demand after the spot offers, or remove this key.");
        }
    }

    private static void CheckOffers(FaultList faults, string path, IReadOnlyList<Offer> offers)
    {
        if (offers.Count == 0)
        {
            faults.Add($"{path}.offers", "The pool has no offer, so it could never launch anything.", "Give it a price, or at least one offer.");
            return;
        }

        faults.Count($"{path}.offers", offers.Count, MaxOffers, "offers in this pool");
        var seen = new Dictionary<OfferKey, int>();
        for (var i = 0; i < offers.Count; i++)
        {
            var offer = offers[i];
            var at = $"{path}.offers[{i}]";
            if (!IsToken(offer.Type, least: 1))
            {
                faults.Add($"{at}.type", $"'{FaultList.Shorten(offer.Type)}' is not a machine type.", "Write the provider's name of it, such as g5.xlarge.");
            }

            if (!IsToken(offer.Zone, least: 0))
            {
                faults.Add($"{at}.zone", $"'{FaultList.Shorten(offer.Zone)}' is not a zone.", "Write the provider's name of it, or leave the key out.");
            }

            if (!seen.TryAdd(offer.Key, i))
            {
                faults.Add(at, $"{offer.Key} stands here twice, first as offers[{seen[offer.Key]}].", "Remove one.");
            }

            faults.Range($"{at}.price", offer.Rate, HourlyRate.Free, DearestRate, r => r.ToString());
            if (offer.WorstRate < offer.Rate && offer.Rate <= DearestRate)
            {
                faults.Add($"{at}.worstPrice", $"{offer.WorstRate} is less than the expected price of {offer.Rate}.", $"Write at least {offer.Rate.DollarsPerHour:0.00####}.");
            }
            else if (offer.Rate <= DearestRate)
            {
                faults.Range($"{at}.worstPrice", offer.WorstRate, HourlyRate.Free, DearestRate, r => r.ToString());
            }

            faults.Range($"{at}.gpus", offer.Gpus, 0, 64);
        }
    }

    private static bool IsToken(string text, int least) =>
        text.Length >= least && text.Length <= MaxTypeLength && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/' or ':');

    private static void CheckTemplate(FaultList faults, string path, PoolSpec pool)
    {
        switch (pool.Template)
        {
            case PoolTemplate.Local local:
                faults.Range($"{path}.local.bootDelay", local.BootDelay, TimeSpan.Zero, TimeSpan.FromHours(1));
                faults.Range($"{path}.local.orphanTimeout", local.OrphanTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(24));
                if (local.BootDelay > TimeSpan.Zero && local.BootDelay >= pool.MaxBootTime && local.BootDelay <= TimeSpan.FromHours(1))
                {
                    faults.Add(
                        $"{path}.local.bootDelay",
                        $"{DurationText.Format(local.BootDelay)} is not less than maxBootTime ({DurationText.Format(pool.MaxBootTime)}), so every boot would be stuck.",
                        "Shorten it, or raise maxBootTime.");
                }

                CheckVariables(faults, $"{path}.local.environment", local.Environment);
                break;
            case PoolTemplate.Aws aws:
                AwsRules.Check(faults, $"{path}.aws", pool, aws);
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"No rule for {pool.Template.GetType().Name}.");
        }
    }

    private static void CheckVariables(FaultList faults, string path, IReadOnlyDictionary<string, string> variables)
    {
        faults.Count(path, variables.Count, MaxVariables, "variables");
        foreach (var (name, value) in variables)
        {
            if (name.Length is 0 or > 256 || name.Any(c => c == '=' || char.IsControl(c)))
            {
                faults.Add(path, $"'{FaultList.Shorten(name)}' cannot be the name of a variable.", "Write 1 to 256 characters without '='.");
            }
            else if (value.Length > MaxVariableLength || value.Contains('\0', StringComparison.Ordinal))
            {
                faults.Add($"{path}.{name}", "The value is too long, or has a NUL character in it.", $"Write at most {MaxVariableLength:N0} characters.");
            }
        }
    }
}
