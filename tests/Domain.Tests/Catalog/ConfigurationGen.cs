using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;
using CsCheck;

namespace ControlPlane.Domain.Tests.Catalog;

/// <summary>Configurations without faults, from few names, so that two of them often overlap.</summary>
internal static class ConfigurationGen
{
    private static readonly Gen<TimeSpan> Seconds = Gen.Int[10, 3_600].Select(s => TimeSpan.FromSeconds(s));

    private static readonly Gen<Offer> Offer = Gen.Select(
        AnyOf("process", "g5.xlarge"),
        AnyOf("", "a", "b"),
        Gen.Bool,
        Gen.Long[0, 5_000_000],
        Gen.Long[0, 5_000_000],
        Gen.Int[0, 8],
        (type, zone, spot, rate, more, gpus) => new Offer(type, zone, spot ? Market.Spot : Market.OnDemand, new HourlyRate(rate + more), new HourlyRate(rate), gpus));

    private static readonly Gen<Offer> Process = Gen.Long[0, 5_000_000].Select(rate => new Offer("process", "", Market.OnDemand, new HourlyRate(rate), new HourlyRate(rate), 0));

    private static readonly Gen<IReadOnlyList<Offer>> Offers = Gen.OneOf(
        Process.Select(o => (IReadOnlyList<Offer>)[o]),
        Offer.Array[1, 4].Select(offers => (IReadOnlyList<Offer>)[.. offers.DistinctBy(o => o.Key)]));

    private static readonly Gen<string> Text = Gen.Char["abcXYZ 019:-#'\"\\{}[]&*!|>%@`,?~=\t\n\r\u00e9\u2028\u0007\u4e2d"].Array[0, 12].Select(c => new string(c));

    private static readonly Gen<PoolTemplate> Template = Gen.Select(
        Gen.Int[0, 9_999],
        Gen.Select(AnyOf("A", "B", "PATH", "true", "12", "x.y", "a b", "~"), Text).Array[0, 3],
        Seconds,
        (boot, variables, orphan) => (PoolTemplate)new PoolTemplate.Local(
            TimeSpan.FromMilliseconds(boot), variables.DistinctBy(v => v.Item1).ToDictionary(v => v.Item1, v => v.Item2), orphan));

    private static readonly Gen<(int Max, IReadOnlyList<Offer> Offers, int Slots, TimeSpan Boot, TimeSpan Lease, int Minimum, PoolTemplate Template)> PoolParts =
        Gen.Select(Gen.Int[0, 10], Offers, Gen.Int[1, 4], Seconds, Seconds, Gen.Int[0, 10], Template);

    private static readonly Gen<(long? Limit, BudgetWindow Window, string Zone, int? Max, int[] Alerts, WhenDry Dry, int Parent)> BudgetParts = Gen.Select(
        Gen.Long[20_000_000, 90_000_000].Nullable(),
        Gen.Enum<BudgetWindow>(),
        AnyOf("UTC", "Europe/Berlin", "America/New_York"),
        Gen.Int[0, 50].Nullable(),
        Gen.Int[1, 100].Array[0, 4],
        Gen.Enum<WhenDry>(),
        Gen.Int[0, 9]);

    private static readonly Gen<(int Source, int Budget, int Priority, int Min, TimeSpan Idle, bool Paused, bool Plugin, int Pools)> QueueParts =
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 9], Gen.Int[-1_000, 1_000], Gen.Int[0, 10], Seconds, Gen.Bool, Gen.Bool, Gen.Int[1, 3]);

    /// <summary>The pools are stamped. A queue of one name is always in the same source, because it may not move.</summary>
    public static readonly Gen<Configuration> Valid = Gen.Select(
        Names("source", 2), Names("provider", 2), Names("budget", 4), Seconds, BudgetParts.Array[4], PoolParts.Array[8], QueueParts.Array[0, 4], Gen.Int[0, 1_000])
        .Select(parts => Build(parts.Item1, parts.Item2, parts.Item3, parts.Item4, parts.Item5, parts.Item6, parts.Item7, parts.Item8));

    private static Gen<string> AnyOf(params string[] words) => Gen.Int[0, words.Length - 1].Select(i => words[i]);

    private static Gen<string[]> Names(string kind, int most) =>
        Gen.Shuffle(Enumerable.Range(0, most).Select(i => $"{kind}-{i}").ToArray(), 1, most);

    private static Configuration Build(
        string[] sources,
        string[] providers,
        string[] budgets,
        TimeSpan pace,
        (long? Limit, BudgetWindow Window, string Zone, int? Max, int[] Alerts, WhenDry Dry, int Parent)[] budgetParts,
        (int Max, IReadOnlyList<Offer> Offers, int Slots, TimeSpan Boot, TimeSpan Lease, int Minimum, PoolTemplate Template)[] poolParts,
        (int Source, int Budget, int Priority, int Min, TimeSpan Idle, bool Paused, bool Plugin, int Pools)[] queueParts,
        int turn)
    {
        PoolSpec[] pools =
        [
            .. poolParts.Select((p, i) => PoolDigest.Stamp(new PoolSpec
            {
                Name = $"pool-{(i + turn) % poolParts.Length}",
                Provider = providers[i % providers.Length],
                MaxInstances = p.Max,
                Offers = p.Offers,
                Slots = p.Slots,
                MaxBootTime = p.Boot,
                LeaseLength = p.Lease,
                Billing = new Billing(TimeSpan.FromSeconds(p.Minimum)),
                Template = p.Template,
            })),
        ];
        var free = new Queue<PoolSpec>(pools);
        var queues = new List<QueueEntry>();
        foreach (var (part, i) in queueParts.Select((q, i) => (q, i)))
        {
            var own = Enumerable.Range(0, Math.Min(part.Pools, free.Count)).Select(_ => free.Dequeue()).ToArray();
            var source = $"source-{(i + turn) % 2}";
            if (own.Length > 0 && sources.Contains(source))
            {
                queues.Add(new QueueEntry
                {
                    Name = new QueueName($"queue-{(i + turn) % 4}"),
                    Source = source,
                    Budget = new BudgetName(budgets[part.Budget % budgets.Length]),
                    Priority = part.Priority,
                    MinInstances = Math.Min(part.Min, own.Sum(p => p.MaxInstances)),
                    MaxIdleTime = part.Idle,
                    Paused = part.Paused,
                    Requeue = part.Paused ? new RequeueRules(part.Plugin, part.Min, part.Plugin ? TimeSpan.FromHours(6) : null) : null,
                    Policy = part.Plugin ? new PolicySpec.Plugin("Lab.Night+Policy") : new PolicySpec.PerTask(),
                    Pools = [.. own.Select(p => p.Name)],
                });
            }
        }

        return new Configuration
        {
            Sources = [.. sources.Select((s, i) => new SourceSpec(s, "embedded", pace) { RestPace = (turn + i) % 3 == 0 ? pace : null })],
            Providers = [.. providers.Select(p => new ProviderSpec(p, "local", pace, pace / 2, pace * 2, 0.25 * (turn + 1), turn + 1))],
            Budgets =
            [
                .. budgets.Select((name, i) => new BudgetSpec
                {
                    Name = new BudgetName(name),
                    Parent = budgetParts[i].Parent < i ? new BudgetName(budgets[budgetParts[i].Parent]) : null,
                    Limit = budgetParts[i].Limit is { } limit ? new Money(limit) : null,
                    Window = budgetParts[i].Window,
                    TimeZone = budgetParts[i].Zone,
                    MaxInstances = budgetParts[i].Max,
                    AlertAt = [.. budgetParts[i].Alerts.Distinct().Order()],
                    WhenDry = budgetParts[i].Dry,
                }),
            ],
            Pools = pools,
            Queues = queues,
        };
    }
}
