using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Secrets;

namespace ControlPlane.Domain.Tests.Catalog;

/// <summary>A small configuration to vary: two queues, one pool each, on a tree of two budgets.</summary>
internal static class Sample
{
    public static Configuration Two { get; } = new()
    {
        Sources = [new SourceSpec("embedded", "embedded", TimeSpan.FromSeconds(1))],
        Providers = [new ProviderSpec("local", "local", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), 20, 50)],
        Budgets = [Budget("lab"), Budget("night") with { Parent = new BudgetName("lab") }],
        Pools = [Pool("small"), Pool("large")],
        Queues = [Queue("default", "lab", "small"), Queue("train", "night", "large")],
    };

    public static SourceSpec ClearMl() => new("embedded", "clearml", TimeSpan.FromSeconds(1))
    {
        ClearMl = new ClearMlSpec("https://api.clear.ml", new SecretReference("env:ACCESS"), new SecretReference("env:SECRET")),
    };

    public static Configuration ClearMl(Func<ClearMlSpec, ClearMlSpec> server) => Two with { Sources = [ClearMl() with { ClearMl = server(ClearMl().ClearMl!) }] };

    public static BudgetSpec Budget(string name) => new() { Name = new BudgetName(name), Limit = Money.FromDollars(5), Window = BudgetWindow.Day };

    public static PoolSpec Pool(string name, decimal price = 0.36m) => PoolDigest.Stamp(new PoolSpec
    {
        Name = name,
        Provider = "local",
        MaxInstances = 4,
        Offers = [new Offer("process", "", Market.OnDemand, HourlyRate.FromDollars(price), HourlyRate.FromDollars(price), 0)],
        Template = new PoolTemplate.Local(TimeSpan.Zero, new Dictionary<string, string>(), TimeSpan.FromMinutes(2)),
    });

    public static QueueEntry Queue(string name, string budget, params string[] pools) =>
        new() { Name = new QueueName(name), Source = "embedded", Budget = new BudgetName(budget), Pools = pools };

    public static Configuration With(Func<BudgetSpec, BudgetSpec> budget) => Two with { Budgets = [budget(Two.Budgets[0]), Two.Budgets[1]] };

    public static Configuration With(Func<PoolSpec, PoolSpec> pool) => Two with { Pools = [PoolDigest.Stamp(pool(Two.Pools[0])), Two.Pools[1]] };

    public static Configuration With(Func<QueueEntry, QueueEntry> queue) => Two with { Queues = [queue(Two.Queues[0]), Two.Queues[1]] };
}
