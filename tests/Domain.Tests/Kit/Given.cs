using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Queues;
using CsCheck;

namespace ControlPlane.Domain.Tests.Kit;

/// <summary>Values that tests start from. A dollar an hour is what a machine costs unless a test says otherwise.</summary>
internal static class Given
{
    /// <summary>A Monday.</summary>
    public static readonly DateTimeOffset Now = new(2026, 3, 2, 10, 0, 0, TimeSpan.Zero);

    public static readonly HourlyRate Dollar = HourlyRate.FromDollars(1m);

    public static readonly QueueName Queue = new("train");

    public static readonly BudgetName Budget = new("team");

    public static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    public static TimeSpan Minutes(double minutes) => TimeSpan.FromMinutes(minutes);

    public static TimeSpan Hours(double hours) => TimeSpan.FromHours(hours);

    public static Money Dollars(decimal dollars) => Money.FromDollars(dollars);

    /// <summary>The n-th id of this moment's tests; a greater n sorts later.</summary>
    public static InstanceId Id(int n) => new(new Moment(Now + TimeSpan.FromMilliseconds(n), 42).NewId(0));

    public static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    public static BudgetSpec Spec(string name, decimal? limit = null, BudgetWindow window = BudgetWindow.Total, string? parent = null) => new()
    {
        Name = new BudgetName(name),
        Parent = parent is null ? null : new BudgetName(parent),
        Limit = limit is { } dollars ? Dollars(dollars) : null,
        Window = window,
    };

    /// <summary>A lease of 10 minutes at a dollar an hour: it holds $0.166667.</summary>
    public static LeaseRequest Request(int n, string budget = "team", int minutes = 10, int priority = 0, int gpus = 0, decimal rate = 1m) =>
        new(Id(n), Queue, "gpu", new BudgetName(budget), HourlyRate.FromDollars(rate), Minutes(minutes), gpus, priority);

    public static Offer Offer(string type = "g5.xlarge", string zone = "a", Market market = Market.OnDemand, decimal worst = 1m, decimal? rate = null, int gpus = 1) =>
        new(type, zone, market, HourlyRate.FromDollars(worst), HourlyRate.FromDollars(rate ?? worst), gpus);

    public static PoolSpec Pool(string name = "gpu", int max = 5, int slots = 1, string revision = "r1", params Offer[] offers) => new()
    {
        Name = name,
        Provider = "cloud",
        MaxInstances = max,
        Slots = slots,
        Offers = offers.Length > 0 ? offers : [Offer()],
        Billing = new Billing(Seconds(60)),
        Template = new PoolTemplate.Local(TimeSpan.Zero, new Dictionary<string, string> { ["A"] = "b" }, Minutes(5)),
        Revision = $"{name}/{max}/{slots}/{revision}",
    };

    public static QueueSpec QueueOf(params PoolSpec[] pools) => new()
    {
        Name = Queue,
        Source = "embedded",
        Budget = Budget,
        Ledger = Budget,
        Pools = pools.Length > 0 ? pools : [Pool()],
    };

    public static InstanceState Instance(PoolSpec? pool = null) => new()
    {
        Id = Id(1),
        Queue = Queue,
        Source = "embedded",
        Pool = pool ?? Pool(),
        Budget = Budget,
        Ledger = Budget,
        Priority = 0,
        RequestedAt = Now,
        PhaseSince = Now,
    };

    public static Denial Denied(string budget = "team", DateTimeOffset? ends = null) => new(new BudgetName(budget), LimitKind.Money, 1_000_000, 900_000, 166_667, ends);
}
