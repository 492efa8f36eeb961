using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Domain.Catalog;

/// <summary>The rules of budgets: their values, their trees, and that each can pay for at least one lease of what it pays.</summary>
internal static class BudgetRules
{
    private const int MostNamedInCycle = 10;
    private static readonly Money LargestLimit = Money.FromDollars(1_000_000_000m);

    public static void Check(FaultList faults, Configuration configuration)
    {
        var indexes = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < configuration.Budgets.Count; i++)
        {
            indexes.TryAdd(configuration.Budgets[i].Name.Value, i);
        }

        for (var i = 0; i < configuration.Budgets.Count; i++)
        {
            CheckValues(faults, $"budgets[{i}]", configuration.Budgets[i]);
            if (configuration.Budgets[i].Parent is { } parent && !indexes.ContainsKey(parent.Value))
            {
                faults.Unknown($"budgets[{i}].parent", "budget", "budgets", parent.Value, indexes.Keys);
            }
        }

        if (!HasCycles(faults, configuration.Budgets, indexes))
        {
            CheckLeastLease(faults, configuration, indexes);
        }
    }

    private static void CheckValues(FaultList faults, string path, BudgetSpec budget)
    {
        if (budget.Limit is { } limit)
        {
            faults.Range($"{path}.limit", limit, Money.Zero, LargestLimit, m => m.ToString());
        }

        if (!TimeZoneInfo.TryFindSystemTimeZoneById(budget.TimeZone, out _))
        {
            var near = NearestZone(budget.TimeZone);
            faults.Add(
                $"{path}.timeZone",
                $"There is no time zone '{FaultList.Shorten(budget.TimeZone)}'.",
                near is null ? "Write an IANA name such as Europe/Berlin, or UTC." : $"Did you mean '{near}'?");
        }

        if (budget.MaxInstances is { } instances)
        {
            faults.Range($"{path}.maxInstances", instances, 0, 1_000_000);
        }

        if (budget.MaxGpus is { } gpus)
        {
            faults.Range($"{path}.maxGpus", gpus, 0, 1_000_000);
        }

        for (var i = 0; i < budget.AlertAt.Count; i++)
        {
            if (budget.AlertAt[i] is < 1 or > 100)
            {
                faults.Add($"{path}.alertAt[{i}]", $"{budget.AlertAt[i]} is not a percentage of the limit.", "Write a whole number from 1 to 100.");
            }
            else if (i > 0 && budget.AlertAt[i] <= budget.AlertAt[i - 1])
            {
                faults.Add($"{path}.alertAt[{i}]", $"{budget.AlertAt[i]} does not come after {budget.AlertAt[i - 1]}.", "Write the percentages in ascending order, each once.");
            }
        }
    }

    /// <summary>A zone spelt alike, or the one whose city it is.</summary>
    private static string? NearestZone(string written)
    {
        var zones = TimeZoneInfo.GetSystemTimeZones().Select(z => z.Id).ToList();
        return zones.Find(z => z.EndsWith($"/{written}", StringComparison.OrdinalIgnoreCase)) ?? Suggestion.Nearest(written, zones);
    }

    /// <summary>Follows parents from each budget not yet seen; each budget is passed once.</summary>
    private static bool HasCycles(FaultList faults, IReadOnlyList<BudgetSpec> budgets, Dictionary<string, int> indexes)
    {
        var found = false;
        var walkOf = new int?[budgets.Count];
        for (var start = 0; start < budgets.Count; start++)
        {
            int? at = start;
            while (at is { } i && walkOf[i] is null)
            {
                walkOf[i] = start;
                at = ParentOf(i);
            }

            if (at is { } entry && walkOf[entry] == start)
            {
                found = true;
                var cycle = new List<string>();
                var member = entry;
                do
                {
                    cycle.Add(budgets[member].Name.Value);
                    member = ParentOf(member)!.Value;
                }
                while (member != entry);

                var text = cycle.Count <= MostNamedInCycle
                    ? $"{string.Join(" -> ", cycle)} -> {cycle[0]}"
                    : $"{string.Join(" -> ", cycle.Take(MostNamedInCycle))} -> {cycle.Count - MostNamedInCycle} more -> {cycle[0]}";
                faults.Add($"budgets[{entry}].parent", $"The budgets go in a circle: {text}.", "Remove the parent of the one that is the root.");
            }
        }

        return found;

        int? ParentOf(int i) => budgets[i].Parent is { } parent && indexes.TryGetValue(parent.Value, out var index) ? index : null;
    }

    /// <summary>Finds limits that can never hold a single lease of some pool that they pay, so that the pool could never launch.</summary>
    private static void CheckLeastLease(FaultList faults, Configuration configuration, Dictionary<string, int> indexes)
    {
        var pools = PoolRules.ByName(configuration);
        var needs = new (Money Hold, PoolSpec Pool)?[configuration.Budgets.Count];
        foreach (var queue in configuration.Queues)
        {
            if (!indexes.TryGetValue(queue.Budget.Value, out var budget))
            {
                continue;
            }

            foreach (var name in queue.Pools)
            {
                if (pools.TryGetValue(name, out var pool) && LeastHold(pool) is { } hold && (needs[budget] is not { } known || hold > known.Hold))
                {
                    needs[budget] = (hold, pool);
                }
            }
        }

        var largest = new (Money Hold, PoolSpec Pool)?[needs.Length];
        for (var i = 0; i < needs.Length; i++)
        {
            if (needs[i] is not { } need)
            {
                continue;
            }

            // Upwards until an ancestor is known to need more already: then all of its ancestors do too.
            int? at = i;
            while (at is { } budget && (largest[budget] is not { } known || need.Hold > known.Hold))
            {
                largest[budget] = need;
                at = configuration.Budgets[budget].Parent is { } parent && indexes.TryGetValue(parent.Value, out var index) ? index : null;
            }
        }

        for (var i = 0; i < largest.Length; i++)
        {
            if (largest[i] is { } need && configuration.Budgets[i].Limit is { } limit && limit >= Money.Zero && need.Hold > limit)
            {
                faults.Add(
                    $"budgets[{i}].limit",
                    $"{limit} can never hold a lease of pool '{need.Pool.Name}', which takes {need.Hold} for {DurationText.Format(need.Pool.LeaseLength)}.",
                    $"Write at least {need.Hold.Dollars:0.00####}, or shorten the pool's leaseLength.");
            }
        }
    }

    /// <summary>What a lease of the pool's cheapest offer holds; null where a fault of the pool makes that meaningless.</summary>
    private static Money? LeastHold(PoolSpec pool)
    {
        if (pool.Offers.Count == 0 || pool.LeaseLength <= TimeSpan.Zero || pool.LeaseLength > TimeSpan.FromHours(24))
        {
            return null;
        }

        var least = pool.Offers.Min(o => o.WorstRate);
        return least < HourlyRate.Free || least > HourlyRate.FromDollars(100_000m) ? null : least.Over(pool.LeaseLength);
    }
}
