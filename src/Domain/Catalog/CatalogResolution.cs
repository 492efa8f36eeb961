using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Catalog;

/// <summary>From names to what they stand for. Takes only configurations without faults.</summary>
public static class CatalogResolution
{
    /// <summary>The budgets' trees by the name of their root. In each, parents stand before children, and siblings in order of their names.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<BudgetSpec>> Trees(IReadOnlyList<BudgetSpec> budgets)
    {
        var children = budgets.Where(b => b.Parent is not null).ToLookup(b => b.Parent!.Value, StringComparer.Ordinal);
        var trees = new Dictionary<string, IReadOnlyList<BudgetSpec>>(StringComparer.Ordinal);
        foreach (var root in budgets.Where(b => b.Parent is null))
        {
            var tree = new List<BudgetSpec> { root };
            for (var i = 0; i < tree.Count; i++)
            {
                tree.AddRange(children[tree[i].Name.Value].OrderBy(b => b.Name));
            }

            trees.Add(root.Name.Value, tree);
        }

        return trees;
    }

    /// <summary>Every queue with its pools, and with the ledger that its budget belongs to.</summary>
    public static IReadOnlyList<QueueSpec> Queues(Configuration configuration)
    {
        var pools = configuration.Pools.ToDictionary(p => p.Name, StringComparer.Ordinal);
        var ledgers = new Dictionary<string, BudgetName>(StringComparer.Ordinal);
        foreach (var (root, tree) in Trees(configuration.Budgets))
        {
            foreach (var budget in tree)
            {
                ledgers.Add(budget.Name.Value, new BudgetName(root));
            }
        }

        return
        [
            .. configuration.Queues.Select(queue => new QueueSpec
            {
                Name = queue.Name,
                Source = queue.Source,
                Budget = queue.Budget,
                Ledger = ledgers[queue.Budget.Value],
                Priority = queue.Priority,
                Policy = queue.Policy,
                MinInstances = queue.MinInstances,
                MaxIdleTime = queue.MaxIdleTime,
                AdaptiveIdle = queue.AdaptiveIdle,
                FinishWithin = queue.FinishWithin,
                Paused = queue.Paused,
                Requeue = queue.Requeue,
                Pools = [.. queue.Pools.Select(name => pools[name])],
            }),
        ];
    }
}
