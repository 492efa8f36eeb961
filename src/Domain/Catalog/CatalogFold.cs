using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Catalog;

/// <summary>How the catalog's state follows from its events, and what has to be told when it changes.</summary>
internal static class CatalogFold
{
    public static CatalogState Applied(CatalogState state, CatalogEvent.ConfigurationApplied applied)
    {
        var configuration = applied.Configuration;
        var scalers = Merge(
            state.Scalers,
            CatalogResolution.Queues(configuration).Select(q => (q.Name.Value, q)),
            (known, spec) => !known.Retired && known.Spec.Equals(spec),
            spec => new KnownScaler(spec, applied.Revision, Retired: false),
            known => known.Retired ? known : known with { Retired = true, Revision = applied.Revision });
        return state with
        {
            Revision = applied.Revision,
            Configuration = configuration,
            AppliedBy = applied.By,
            AppliedAt = applied.At,
            Tokens = [.. state.Tokens.Append(new AppliedToken(applied.Token, applied.Revision)).TakeLast(CatalogDecider.TokensKept)],
            Ledgers = Merge(
                state.Ledgers,
                CatalogResolution.Trees(configuration.Budgets).Select(t => (t.Key, t.Value)),
                (known, tree) => !known.Retired && known.Tree.SequenceEqual(tree),
                tree => new KnownLedger(tree, applied.Revision, Retired: false),
                known => known.Retired ? known : known with { Retired = true, Revision = applied.Revision }),
            Gateways = Merge(
                state.Gateways,
                configuration.Providers.Select(p => (p.Name, p)),
                (known, spec) => !known.Retired && known.Spec == spec,
                spec => new KnownGateway(spec, applied.Revision, Retired: false),
                known => known.Retired ? known : known with { Retired = true, Revision = applied.Revision }),
            Scalers = scalers,
            Watchers = Watchers(state.Watchers, configuration.Sources, scalers, applied.Revision),
        };
    }

    public static CatalogState Without(CatalogState state, QueueName queue)
    {
        var scalers = Without(state.Scalers, queue.Value);
        return state with { Scalers = scalers, Watchers = Watchers(state.Watchers, state.Configuration.Sources, scalers, state.Revision) };
    }

    public static IReadOnlyDictionary<string, T> Without<T>(IReadOnlyDictionary<string, T> entries, string name) =>
        entries.Where(e => e.Key != name).ToDictionary(StringComparer.Ordinal);

    /// <summary>
    /// What the entities have to hear so that they know <paramref name="after"/> instead of <paramref name="before"/>. Money first, then machines,
    /// then those that spend and launch, then those that set them going; endings last. Within each, in order of names.
    /// </summary>
    public static IReadOnlyList<CatalogEffect> Told(CatalogState before, CatalogState after)
    {
        var ledgers = Changed(before.Ledgers, after.Ledgers).ToList();
        var gateways = Changed(before.Gateways, after.Gateways).ToList();
        var scalers = Changed(before.Scalers, after.Scalers).ToList();
        var stopped = before.Watchers.Where(w => !after.Watchers.ContainsKey(w.Key)).OrderBy(w => w.Key, StringComparer.Ordinal);
        return
        [
            .. ledgers.Where(l => !l.Value.Retired).Select(l => new CatalogEffect.ConfigureLedger(l.Value.Tree[0].Name, l.Value.Tree, l.Value.Revision)),
            .. gateways.Where(g => !g.Value.Retired).Select(g => new CatalogEffect.ConfigureGateway(g.Value.Spec, g.Value.Revision)),
            .. scalers.Where(s => !s.Value.Retired).Select(s => new CatalogEffect.ConfigureScaler(s.Value.Spec, s.Value.Revision)),
            .. Changed(before.Watchers, after.Watchers).Select(w => new CatalogEffect.ConfigureWatcher(w.Value.Spec, w.Value.Queues, w.Value.Revision)),
            .. stopped.Select(w => new CatalogEffect.ConfigureWatcher(w.Value.Spec, [], after.Revision)),
            .. scalers.Where(s => s.Value.Retired).Select(s => new CatalogEffect.RetireScaler(s.Value.Spec.Name, s.Value.Revision)),
            .. ledgers.Where(l => l.Value.Retired).Select(l => new CatalogEffect.RetireLedger(l.Value.Tree[0].Name, l.Value.Revision)),
            .. gateways.Where(g => g.Value.Retired).Select(g => new CatalogEffect.RetireGateway(g.Value.Spec, g.Value.Revision)),
        ];
    }

    private static IEnumerable<KeyValuePair<string, T>> Changed<T>(IReadOnlyDictionary<string, T> before, IReadOnlyDictionary<string, T> after)
        where T : class =>
        after.Where(e => !(before.TryGetValue(e.Key, out var known) && ReferenceEquals(known, e.Value))).OrderBy(e => e.Key, StringComparer.Ordinal);

    /// <summary>What is declared, kept as it was where it did not change; then what no longer is, retired.</summary>
    private static Dictionary<string, TKnown> Merge<TKnown, TSpec>(
        IReadOnlyDictionary<string, TKnown> before,
        IEnumerable<(string Name, TSpec Spec)> declared,
        Func<TKnown, TSpec, bool> same,
        Func<TSpec, TKnown> changed,
        Func<TKnown, TKnown> retired)
    {
        var after = new Dictionary<string, TKnown>(StringComparer.Ordinal);
        foreach (var (name, spec) in declared)
        {
            after.Add(name, before.TryGetValue(name, out var known) && same(known, spec) ? known : changed(spec));
        }

        foreach (var (name, known) in before)
        {
            if (!after.ContainsKey(name))
            {
                after.Add(name, retired(known));
            }
        }

        return after;
    }

    private static Dictionary<string, KnownWatcher> Watchers(
        IReadOnlyDictionary<string, KnownWatcher> before,
        IReadOnlyList<SourceSpec> declared,
        IReadOnlyDictionary<string, KnownScaler> scalers,
        long revision)
    {
        var queues = scalers.Values.ToLookup(s => s.Spec.Source, s => s.Spec.Name, StringComparer.Ordinal);
        var after = new Dictionary<string, KnownWatcher>(StringComparer.Ordinal);
        var removed = before.Values.Select(w => w.Spec).Where(s => declared.All(d => d.Name != s.Name));
        foreach (var source in declared.Concat(removed))
        {
            IReadOnlyList<QueueName> observed = [.. queues[source.Name].Order()];
            if (observed.Count == 0)
            {
                continue;
            }

            after[source.Name] = before.TryGetValue(source.Name, out var known) && known.Spec == source && known.Queues.SequenceEqual(observed)
                ? known
                : new KnownWatcher(source, observed, revision);
        }

        return after;
    }
}
