using ControlPlane.Actors.ReadModel;
using ControlPlane.Actors.Storage;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Actors.Tests.ReadModel;

public abstract class InstanceProjectorTests(StorageProvider provider)
{
    private static readonly DateTimeOffset Start = ReadModelFixture.Start;
    private static readonly Denial Dry = new(new BudgetName("lab"), LimitKind.Money, 5, 5, 1, null);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Rows_AfterAnyEvents_AreTheFold(int seed)
    {
        await using var fixture = new ReadModelFixture(provider);
        await fixture.WriteAsync("queue-gpu", new ScalerEvent.Configured(Queue(), 1, Start));
        var random = new Random(seed);
        List<InstanceState> states = [];
        for (var i = 0; i < 12; i++)
        {
            var state = new InstanceState
            {
                Id = new InstanceId($"01ARZ3NDEKTSV4RRFFQ69G5F{seed:00}{i:00}"),
                Queue = new QueueName("gpu"),
                Source = "here",
                Pool = Queue().Pools[0],
                Budget = new BudgetName("lab"),
                Ledger = new BudgetName("lab"),
                Priority = 0,
                RequestedAt = Start,
                PhaseSince = Start,
            };
            await fixture.WriteAsync("queue-gpu", new ScalerEvent.InstanceRequested(state.Id, "small", Start));
            for (var step = 1; step <= 25; step++)
            {
                var e = Any(random, Start.AddSeconds(step));
                state = InstanceDecider.Apply(state, e);
                await fixture.WriteAsync("queue-gpu", new ScalerEvent.InstanceChanged(state.Id, e));
            }

            states.Add(state);
        }

        await fixture.ProjectAsync();
        var queries = new InstanceQueries(fixture.Store);
        foreach (var state in states)
        {
            var row = await queries.FindAsync(state.Id.Value, default);
            Assert.NotNull(row);
            Assert.Equal(
                (state.Phase.ToString().ToLowerInvariant(), state.PhaseSince.UtcTicks, state.Attempt, state.LeaseUntil?.UtcTicks, state.NativeId, state.StartedAt?.UtcTicks),
                (row.Phase, row.Since, row.Attempt, row.LeaseUntil, row.NativeId, row.StartedAt));
            Assert.Equal(
                (state.RegisteredAt?.UtcTicks, state.IdleSince?.UtcTicks, state.Leaving?.ToString(), state.LeavingBecause, state.EndedAt?.UtcTicks, state.TasksReturned, state.Settled),
                (row.RegisteredAt, row.IdleSince, row.Outcome is null ? null : Enum.Parse<Outcome>(row.Outcome, true).ToString(), row.Because, row.EndedAt, row.TasksReturned, row.Settled));
            Assert.Equal(state.Tasks, row.TaskIds);
            Assert.Equal(state.Fault?.ToString(), row.Fault is null ? null : Enum.Parse<ProviderFault>(row.Fault, true).ToString());
            Assert.Equal(("here", "lab", 2), (row.Provider, row.Budget, row.Slots));
            Assert.Equal(26, (await queries.HistoryAsync(state.Id.Value, 100, default)).Count);
        }
    }

    [Fact]
    public void Story_OfEveryEvent_IsASentence()
    {
        var told = Enumerable.Range(0, 2_000).Select(seed => Any(new Random(seed), Start)).DistinctBy(e => e.GetType()).ToList();
        var facts = typeof(InstanceEvent).GetNestedTypes().Where(t => !t.IsAssignableTo(typeof(ITransientEvent)));
        Assert.Equal(facts.Select(t => t.Name).Order(), told.Select(e => e.GetType().Name).Order());
        Assert.All(told, e => Assert.Matches(@"^[A-Z0-9].*\.$", InstanceStory.Of(e)));
    }

    [Fact]
    public async Task Pools_FailRecoverAndLackCapacity_TheRowSaysSo()
    {
        await using var fixture = new ReadModelFixture(provider);
        var pools = new PoolQueries(fixture.Store);
        await fixture.WriteAsync("queue-gpu", new ScalerEvent.Configured(Queue(), 1, Start), new ScalerEvent.PoolFailed("small", Breaker.After(null, "r", "it does not boot", Start)));
        await fixture.WriteAsync("queue-gpu", new ScalerEvent.PoolExhausted("small", new Blackout(Start.AddMinutes(1), "none left")));
        await fixture.ProjectAsync();
        var stopped = await pools.FindAsync("small", default);
        Assert.Equal((1, "it does not boot", "none left"), (stopped!.Failures, stopped.Failure, stopped.Blackout));
        await fixture.WriteAsync("queue-gpu", new ScalerEvent.PoolRecovered("small", "ada", Start));
        await fixture.ProjectAsync();
        var open = await pools.FindAsync("small", default);
        Assert.Equal((0, null, null), (open!.Failures, open.Failure, open.Blackout));
        var changes = await new ChangeQueries(fixture.Store).SinceAsync(1, [ChangeTopic.Pool], "gpu", 10, default);
        Assert.Equal(["failed", "exhausted", "recovered"], changes.Select(c => c.What));
        Assert.Contains("ada has reset pool small", changes[^1].Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cursor_OfAnotherList_IsRefused()
    {
        await using var fixture = new ReadModelFixture(provider);
        await Assert.ThrowsAsync<InvalidCursorException>(() => new DecisionQueries(fixture.Store).ListAsync(null, null, new PageRequest(5, "bm90IGEgbnVtYmVy"), default));
        await Assert.ThrowsAsync<InvalidCursorException>(() => new InstanceQueries(fixture.Store).ListAsync(new InstanceFilter(), new PageRequest(5, "%%%"), default));
    }

    private static QueueSpec Queue() => new()
    {
        Name = new QueueName("gpu"),
        Source = "here",
        Budget = new BudgetName("lab"),
        Ledger = new BudgetName("lab"),
        Pools =
        [
            new PoolSpec
            {
                Name = "small",
                Provider = "here",
                MaxInstances = 3,
                Slots = 2,
                Revision = "r",
                Offers = [.. Enumerable.Range(0, 30).Select(i => new Offer($"type{i}", "", Market.OnDemand, HourlyRate.FromDollars(1m), HourlyRate.FromDollars(1m), 0))],
                Template = new PoolTemplate.Local(TimeSpan.Zero, new Dictionary<string, string>(), TimeSpan.FromMinutes(1)),
            },
        ],
    };

    private static InstanceEvent Any(Random random, DateTimeOffset at) => random.Next(21) switch
    {
        0 => new InstanceEvent.LeaseWaits(Dry, at),
        1 => new InstanceEvent.LeaseGranted(at.AddMinutes(5), at),
        2 => new InstanceEvent.LeaseDenied(Dry, at),
        3 => new InstanceEvent.LeaseOverdue(at),
        4 => new InstanceEvent.LaunchStarted(random.Next(1, 4), new Offer("t", "z", Market.Spot, HourlyRate.Free, HourlyRate.Free, 1), at),
        5 => new InstanceEvent.LaunchRefused(1, ProviderFault.QuotaExceeded, "no quota", at),
        6 => new InstanceEvent.Launched("m-1", at, at),
        7 => new InstanceEvent.WorkerRegistered("w", at),
        8 => new InstanceEvent.WorkerBusy(["t1", "t2"], at),
        9 => new InstanceEvent.WorkerIdle(at, at),
        10 => new InstanceEvent.CancelRequested(Outcome.Policy, "nobody needs it", at),
        11 => new InstanceEvent.DrainStarted(Outcome.Idle, "it was idle", at),
        12 => new InstanceEvent.FeedingStopped(random.Next(2) == 0, at),
        13 => new InstanceEvent.TerminationStarted(Outcome.StuckBooting, "it does not boot", at),
        14 => new InstanceEvent.Ended(Outcome.Preempted, "its provider took it back", null, at, at),
        15 => new InstanceEvent.TasksReturned(["t1"], [], at),
        16 => new InstanceEvent.SpotAwaited(at.AddMinutes(1), at),
        17 => new InstanceEvent.PriceSeen(HourlyRate.Free, at),
        18 => new InstanceEvent.BootstrapFetched("claim", at),
        19 => new InstanceEvent.ConsoleKept(["cloud-init: no route to host", "login:"], at),
        _ => new InstanceEvent.Settled(at),
    };
}

public sealed class InstanceProjectorSqliteTests() : InstanceProjectorTests(StorageProvider.Sqlite);

public sealed class InstanceProjectorPostgreSqlTests() : InstanceProjectorTests(StorageProvider.PostgreSql);
