using ControlPlane.Actors.ReadModel;
using ControlPlane.Actors.Storage;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Actors.Tests.ReadModel;

/// <summary>The books and the ledger agree: whatever a ledger decides, the lines of each window add up to its balance, and the balances are the ledger's.</summary>
public abstract class LedgerProjectorTests(StorageProvider provider)
{
    private static readonly BudgetName Root = new("lab");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Replay_OfAnyHistory_LinesAddUpToTheLedgersBalances(int seed)
    {
        await using var fixture = new ReadModelFixture(provider);
        var (state, events) = History(new Random(seed), 220);
        await fixture.WriteAsync("ledger-lab", events);
        Assert.Equal(events.Count, await fixture.ProjectAsync(batch: 7));

        var windows = await fixture.QueryAsync<Balances>("SELECT budget AS Budget, period AS Period, window_start AS Start, held AS Held, spent AS Spent, kept AS Kept FROM budget_windows");
        var sums = (await fixture.QueryAsync<Balances>(
            "SELECT budget AS Budget, period AS Period, window_start AS Start, SUM(held) AS Held, SUM(spent) AS Spent FROM ledger_entries WHERE window_start IS NOT NULL GROUP BY budget, period, window_start"))
            .ToDictionary(s => (s.Budget, s.Period, s.Start));
        foreach (var window in windows)
        {
            var sum = sums.GetValueOrDefault((window.Budget, window.Period, window.Start)) ?? new Balances();
            Assert.Equal((window.Held, window.Spent), (sum.Held, sum.Spent));
            sums.Remove((window.Budget, window.Period, window.Start));
        }

        Assert.All(sums.Values, s => Assert.Equal((0L, 0L), (s.Held, s.Spent)));
        var kept = windows.Where(w => w.Kept).ToLookup(w => w.Budget);
        var rows = (await fixture.QueryAsync<Account>("SELECT name AS Name, retired AS Retired, instances AS Instances, gpus AS Gpus, archived AS Archived FROM budgets ORDER BY name")).ToList();
        Assert.Equal(state.Budgets.Keys.Select(k => k.Value), rows.Select(r => r.Name));
        foreach (var (row, account) in rows.Zip(state.Budgets.Values))
        {
            Assert.Equal((account.Retired, account.Instances, account.Gpus, account.Archived.Micros), (row.Retired, row.Instances, row.Gpus, row.Archived));
            Assert.Equal(
                account.Windows.Select(w => (w.Key.UtcTicks, w.Value.Held.Micros, w.Value.Spent.Micros)),
                kept[row.Name].OrderBy(w => w.Start).Select(w => (w.Start, w.Held, w.Spent)));
        }
    }

    [Fact]
    public async Task Lines_InTheirOrder_HaveTheRunningBalance()
    {
        await using var fixture = new ReadModelFixture(provider);
        var (_, events) = History(new Random(42), 150);
        await fixture.WriteAsync("ledger-lab", events);
        await fixture.ProjectAsync();
        var running = new Dictionary<(string, string, long?), (long Held, long Spent)>();
        var entries = await Entries(fixture);
        Assert.NotEmpty(entries);
        foreach (var e in entries.Reverse().Where(e => e.Held != 0 || e.Spent != 0))
        {
            var (held, spent) = running.GetValueOrDefault((e.Budget, e.Period, e.Window));
            running[(e.Budget, e.Period, e.Window)] = (held + e.Held, spent + e.Spent);
            Assert.Equal((held + e.Held, spent + e.Spent), (e.HeldAfter, e.SpentAfter));
            Assert.NotEmpty(e.Sentence);
        }
    }

    [Fact]
    public async Task Entries_OfOneLease_TellItsLife()
    {
        await using var fixture = new ReadModelFixture(provider);
        var now = ReadModelFixture.Start;
        var lease = new InstanceId(new Moment(now, 1).NewId(0));
        LedgerEvent[] events =
        [
            .. Run(
                (now, new LedgerCommand.Configure([Budget("lab", null, BudgetWindow.Day, 10m)], 1)),
                (now, new LedgerCommand.Reserve(Request(lease, "lab", 1))),
                (now.AddMinutes(5), new LedgerCommand.Renew(lease, new QueueName("q"), now.AddMinutes(10), now.AddMinutes(1), null, HourlyRate.FromDollars(0.6m))),
                (now.AddMinutes(8), new LedgerCommand.Settle(lease, new QueueName("q"), now.AddMinutes(1), now.AddMinutes(7), HourlyRate.FromDollars(0.6m)))),
        ];
        await fixture.WriteAsync("ledger-lab", events);
        await fixture.ProjectAsync();
        var lines = (await new BudgetQueries(fixture.Store).EntriesAsync("lab", new LedgerEntryFilter(Instance: lease.Value), new PageRequest(10, null), default)).Items;
        Assert.Equal(["settled", "renewed", "granted"], lines.Select(l => l.Kind));
        Assert.All(lines, l => Assert.Equal(("q", "p"), (l.Queue, l.Pool)));
        Assert.Equal((0, 60_000), (lines[0].HeldAfter, lines[0].SpentAfter));
        Assert.Contains("cost $0.06 in all", lines[0].Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Entries_ByPages_AreAllLinesOnceInOrder()
    {
        await using var fixture = new ReadModelFixture(provider);
        var (_, events) = History(new Random(7), 120);
        await fixture.WriteAsync("ledger-lab", events);
        await fixture.ProjectAsync();
        var queries = new BudgetQueries(fixture.Store);
        List<(long, int)> seen = [];
        string? after = null;
        do
        {
            var page = await queries.EntriesAsync("lab", new LedgerEntryFilter(), new PageRequest(5, after), default);
            seen.AddRange(page.Items.Select(e => (e.Ordering, e.Line)));
            after = page.Next;
        }
        while (after is not null);
        Assert.Equal((await Entries(fixture)).Where(e => e.Budget == "lab").Select(e => (e.Ordering, e.Line)), seen);
        Assert.True(seen.Count > 15);
    }

    private static async Task<IReadOnlyList<LedgerEntryRow>> Entries(ReadModelFixture fixture) => await fixture.QueryAsync<LedgerEntryRow>("""
        SELECT ordering AS Ordering, line AS Line, ledger AS Ledger, budget AS Budget, period AS Period, window_start AS Window, at AS At, kind AS Kind, held AS Held, spent AS Spent,
            held_after AS HeldAfter, spent_after AS SpentAfter, sentence AS Sentence FROM ledger_entries ORDER BY ordering DESC, line DESC
        """);

    /// <summary>What a ledger decides on random commands: leases come and go, and now and then the tree changes its shape.</summary>
    private static (LedgerState State, IReadOnlyList<LedgerEvent> Events) History(Random random, int steps)
    {
        var state = LedgerDecider.Initial;
        List<LedgerEvent> events = [];
        var now = ReadModelFixture.Start;
        var revision = 0L;
        List<InstanceId> open = [];
        for (var step = 0; step < steps; step++)
        {
            var moment = new Moment(now, (ulong)random.NextInt64());
            LedgerCommand command = random.Next(20) switch
            {
                _ when step == 0 => new LedgerCommand.Configure(Tree(random), ++revision),
                0 or 1 => new LedgerCommand.Configure(Tree(random), ++revision),
                2 when open.Count == 0 => new LedgerCommand.Retire(++revision),
                < 10 => Reserve(random, moment, open),
                < 14 when open.Count > 0 => Renew(state, open[random.Next(open.Count)], now),
                < 19 when open.Count > 0 => Settle(state, open, random, now),
                _ => new LedgerCommand.Tick(),
            };
            foreach (var e in LedgerDecider.Decide(state, command, moment).Events)
            {
                events.Add(e);
                state = LedgerDecider.Apply(state, e);
            }

            now += state.Leases.IsEmpty && random.Next(4) == 0 ? TimeSpan.FromDays(random.Next(30)) : TimeSpan.FromSeconds(random.Next(1, 400));
        }

        return (state, events);
    }

    private static IEnumerable<LedgerEvent> Run(params (DateTimeOffset At, LedgerCommand Command)[] commands)
    {
        var state = LedgerDecider.Initial;
        foreach (var (at, command) in commands)
        {
            foreach (var e in LedgerDecider.Decide(state, command, new Moment(at, 0)).Events)
            {
                state = LedgerDecider.Apply(state, e);
                yield return e;
            }
        }
    }

    private static List<BudgetSpec> Tree(Random random)
    {
        List<BudgetSpec> tree = [Budget("lab", null, Window(random), random.Next(3) == 0 ? null : 2m)];
        if (random.Next(3) > 0)
            tree.Add(Budget("team", "lab", Window(random), 1m));
        if (random.Next(3) > 0)
            tree.Add(Budget("person", tree.Count > 1 ? "team" : "lab", Window(random), 0.5m));
        return tree;
    }

    private static BudgetWindow Window(Random random) => (BudgetWindow)random.Next(5);

    private static BudgetSpec Budget(string name, string? parent, BudgetWindow window, decimal? limit) => new()
    {
        Name = new BudgetName(name),
        Parent = parent is null ? null : new BudgetName(parent),
        Window = window,
        Limit = limit is { } dollars ? Money.FromDollars(dollars) : null,
        MaxInstances = 5,
        AlertAt = [50, 90],
    };

    private static LedgerCommand.Reserve Reserve(Random random, Moment moment, List<InstanceId> open)
    {
        var lease = new InstanceId(moment.NewId(0));
        open.Add(lease);
        return new LedgerCommand.Reserve(Request(lease, random.Next(3) switch { 0 => "lab", 1 => "team", _ => "person" }, random.Next(2)));
    }

    private static LeaseRequest Request(InstanceId lease, string budget, int gpus) =>
        new(lease, new QueueName("q"), "p", new BudgetName(budget), HourlyRate.FromDollars(0.6m), TimeSpan.FromMinutes(10), gpus, 0);

    private static LedgerCommand.Renew Renew(LedgerState state, InstanceId lease, DateTimeOffset now)
    {
        var known = state.Leases.GetValueOrDefault(lease);
        return new LedgerCommand.Renew(lease, new QueueName("q"), known?.Until ?? now, known?.HeldFrom, null, HourlyRate.FromDollars(0.3m));
    }

    private static LedgerCommand.Settle Settle(LedgerState state, List<InstanceId> open, Random random, DateTimeOffset now)
    {
        var lease = open[random.Next(open.Count)];
        open.Remove(lease);
        var ran = state.Leases.ContainsKey(lease) && random.Next(4) > 0;
        return new LedgerCommand.Settle(lease, new QueueName("q"), ran ? lease.CreatedAt : null, ran ? now : null, HourlyRate.FromDollars(0.3m));
    }

    private sealed class Balances
    {
        public string Budget { get; init; } = "";

        public string Period { get; init; } = "";

        public long Start { get; init; }

        public long Held { get; init; }

        public long Spent { get; init; }

        public bool Kept { get; init; }
    }

    private sealed class Account
    {
        public string Name { get; init; } = "";

        public bool Retired { get; init; }

        public int Instances { get; init; }

        public int Gpus { get; init; }

        public long Archived { get; init; }
    }
}

public sealed class LedgerProjectorSqliteTests() : LedgerProjectorTests(StorageProvider.Sqlite);

public sealed class LedgerProjectorPostgreSqlTests() : LedgerProjectorTests(StorageProvider.PostgreSql);
