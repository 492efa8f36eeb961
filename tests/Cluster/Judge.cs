using ControlPlane.Simulation.Ec2;
using Dapper;
using Npgsql;

namespace ControlPlane.ClusterTests;

/// <summary>Finds out whether anything was lost, doubled or overspent: from the emulator's own book and bill, the tasks, the journal, and what listeners heard.</summary>
internal sealed class Judge(Arena arena)
{
    /// <summary>EC2 tells ends in whole seconds and bills begun ones: the account of each machine may be two seconds short.</summary>
    private const int SecondsShort = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    /// <summary>A pool would hand out connections that broke when a scenario stopped the database.</summary>
    private readonly string _unpooled = $"{arena.ConnectionString};Pooling=false";

    private long _tightSince;

    /// <summary>Sets the limit of the budget that bites to little more than what it has spent.</summary>
    public async Task TightenAsync()
    {
        const string Held = "SELECT COALESCE(SUM(held), 0)::bigint FROM ledger_entries WHERE budget = 'tight'";
        await Arena.EventuallyAsync(async () => await CountAsync(Held) == 0, Patience, async () => $"the machines of the tight queues have ended: {await CountAsync(Held)} are held for them");
        await arena.LimitAsync(await CountAsync("SELECT COALESCE(SUM(spent), 0)::bigint FROM ledger_entries WHERE budget = 'tight'") + Document.SomeMachines);
        _tightSince = await CountAsync("SELECT MAX(ordering) FROM journal");
    }

    /// <summary>While its budget was dry: what the machines of the tight queues have cost so far is within the limit, and tasks wait for money.</summary>
    public async Task BudgetHasBittenAsync()
    {
        var waiting = await CountAsync("SELECT COUNT(*) FROM embedded_task t JOIN embedded_queue q ON q.id = t.queue_id WHERE t.ended IS NULL AND q.name LIKE 't%'");
        Assert.True(waiting > 0, "No task waits for money: the budget 'tight' did not bite, and its test shows nothing.");
        await TightBillAsync();
    }

    /// <summary>Every task that was submitted ends well and is done once, and no machine was ended under a task.</summary>
    public async Task TasksAsync()
    {
        const string Open = "SELECT COUNT(*) FROM embedded_task WHERE ended IS NULL";
        await Arena.EventuallyAsync(
            async () => await CountAsync(Open) == 0,
            Patience,
            async () => $"all tasks have ended: {await CountAsync(Open)} have not, of the queues {string.Join(", ", await TextsAsync("SELECT q.name || ' ' || t.state || COALESCE(' at ' || t.worker, '') FROM embedded_task t LEFT JOIN embedded_queue q ON q.id = t.queue_id WHERE t.ended IS NULL LIMIT 20"))}");
        var succeeded = (await TextsAsync("SELECT id FROM embedded_task WHERE state = 'succeeded'")).ToHashSet();
        var lost = arena.Load.Submitted.Where(id => !succeeded.Contains(id)).ToList();
        Assert.True(lost.Count == 0, $"{lost.Count} tasks that a node had taken did not succeed: {string.Join(", ", lost.Take(5))}");
        Assert.Empty(await TextsAsync("SELECT id || ' ' || state FROM embedded_task WHERE state <> 'succeeded'"));
        Assert.Equal([], arena.Players.Completed.Where(done => done.Value != 1).Select(done => $"task {done.Key} was completed {done.Value} times"));

        // A worker may not have heard that its report was taken; only a task that had to be tried again was interrupted.
        var attempts = (await TextsAsync("SELECT id || ' ' || attempt FROM embedded_task")).ToHashSet();
        Assert.Equal([], arena.Players.Interrupted.Select(i => $"{i.Task} {i.Attempt}").Where(i => !attempts.Contains(i)));
    }

    /// <summary>With nothing to do every queue scales in: no machine is left in the emulator, and none is thought to be.</summary>
    public async Task NoMachineIsLeftAsync() => await Arena.EventuallyAsync(
        async () => (await arena.Emulator.InstancesAsync()).Count == 0 && (await LivingAsync()).Count == 0,
        Patience,
        async () => $"no machine is left: the emulator has {string.Join(", ", (await arena.Emulator.InstancesAsync()).Take(10).Select(m => $"{m.Id} of {IntentOf(m)} ({m.State})"))}; the nodes have {string.Join(", ", (await LivingAsync()).Take(10))}");

    /// <summary>A task for each queue makes each queue launch a machine.</summary>
    public async Task EveryQueueScalesAsync()
    {
        var before = (await arena.Emulator.LogAsync()).Select(m => m.Id).ToHashSet();
        await arena.Load.OneEachAsync(Document.Queues);
        await TasksAsync();
        var scaled = (await arena.Emulator.LogAsync()).Where(m => !before.Contains(m.Id)).Select(m => m.Tags["controlplane:queue"]).ToHashSet();
        Assert.Equal([], Document.Queues.Where(q => !scaled.Contains(q)));
    }

    /// <summary>No intent has two machines, and every machine is that of an intent in the journal.</summary>
    public async Task MachinesAsync()
    {
        var book = await arena.Emulator.LogAsync();
        var doubled = book.GroupBy(IntentOf).Where(g => g.Count() > 1).ToList();
        Assert.True(doubled.Count == 0, $"Intents with more than one machine: {string.Join("; ", doubled.Select(g => $"{g.Key}: {string.Join(", ", g.Select(m => $"{m.Id} launched {m.LaunchedAt:HH:mm:ss} {m.State} {m.Cause}"))}"))}");
        var known = (await TextsAsync("SELECT id FROM instances")).ToHashSet();
        Assert.Equal([], book.Where(m => !known.Contains(IntentOf(m))).Select(m => $"{m.Id} of {IntentOf(m)}"));
    }

    /// <summary>Each budget holds at every line of its ledger, its lines add up, and it has paid what the emulator has billed. Asked when no machine is left.</summary>
    public async Task MoneyAsync()
    {
        const string Held = "SELECT COALESCE(SUM(held), 0)::bigint FROM ledger_entries";
        await Arena.EventuallyAsync(async () => await CountAsync(Held) == 0, Patience, async () => $"no money is held when no machine is left: {await CountAsync(Held)} micro-dollars are");
        await using var connection = new NpgsqlConnection(_unpooled);
        var balances = (await connection.QueryAsync<(string Budget, long Held, long Spent)>("SELECT budget, SUM(held)::bigint, SUM(spent)::bigint FROM ledger_entries GROUP BY budget")).ToDictionary(b => b.Budget);
        var wrong = await TextsAsync("""
            SELECT budget || ' ' || ordering FROM (
                SELECT budget, ordering, line, held_after, spent_after, SUM(held) OVER sofar AS held_sum, SUM(spent) OVER sofar AS spent_sum
                FROM ledger_entries WINDOW sofar AS (PARTITION BY budget ORDER BY ordering, line)) AS lines
            WHERE held_after <> held_sum OR spent_after <> spent_sum OR held_after < 0
            """);
        Assert.Empty(wrong);
        Assert.Empty(await TextsAsync($"SELECT budget || ' ' || ordering FROM ledger_entries WHERE held_after + spent_after > {Document.Limit}"));
        var book = await arena.Emulator.LogAsync();
        foreach (var (budget, queues) in new[] { ("lab", Document.Free), ("tight", Document.Tight) })
        {
            var machines = book.Where(m => queues.Contains(m.Tags["controlplane:queue"])).ToList();
            var bill = machines.Sum(m => m.Cost);
            var spent = balances[budget].Spent / 1_000_000m;
            Assert.Equal(0, balances[budget].Held);
            Assert.True(spent >= bill - (machines.Sum(m => m.MaxPrice) * SecondsShort / 3_600), $"{budget} has paid {spent}, and the emulator has billed {bill}");
        }
    }

    /// <summary>No stream of the journal has a hole; every decision is in the log, and a listener that went from node to node has heard each of them once, in order.</summary>
    public async Task DecisionsAsync()
    {
        const string Missing = "SELECT COUNT(*) FROM journal j WHERE j.manifest LIKE 'scaler.decided.v%' AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.ordering = j.ordering)";
        await Arena.EventuallyAsync(
            async () => await CountAsync(Missing) == 0, Patience, async () => $"every decision of the journal is shown: {await CountAsync(Missing)} are not");
        Assert.Empty(await TextsAsync("SELECT persistence_id FROM journal GROUP BY persistence_id HAVING COUNT(*) <> MAX(sequence_number) OR MIN(sequence_number) <> 1"));
        var decided = await OrderingsAsync();
        await Arena.EventuallyAsync(
            () => Task.FromResult(arena.Decisions.Events.LastOrDefault().Id >= decided[^1]), Patience, () => Task.FromResult($"a listener has heard of decision {decided[^1]}, the last; it has heard {arena.Decisions.Events.LastOrDefault().Id}"));
        Assert.Equal(decided, arena.Decisions.Events.Select(e => e.Id).TakeWhile(id => id <= decided[^1]));
    }

    /// <summary>All of these listeners have heard the same events, in the same order, and each event once.</summary>
    public async Task HeardTheSameAsync(IReadOnlyList<Follower> followers)
    {
        var last = (await OrderingsAsync())[^1];
        await Arena.EventuallyAsync(
            () => Task.FromResult(followers.All(f => f.Events.LastOrDefault().Id >= last)),
            Patience,
            () => Task.FromResult($"all have heard of event {last}; they have heard {string.Join(", ", followers.Select(f => f.Events.LastOrDefault().Id))}"));
        var heard = followers.Select(f => f.Events.TakeWhile(e => e.Id <= last).ToList()).ToList();
        Assert.All(heard, events => Assert.Equal(heard[0], events));
        Assert.Equal(heard[0].Select(e => e.Id).Distinct().Order(), heard[0].Select(e => e.Id));
    }

    /// <summary>Events, and snapshots, that only the next release can read.</summary>
    public async Task<long> OfNextReleaseAsync() =>
        await CountAsync("SELECT (SELECT COUNT(*) FROM journal WHERE manifest LIKE '%.v2') + (SELECT COUNT(*) FROM snapshot WHERE manifest LIKE '%.v2')");

    /// <summary>What machines of the tight queues have cost is within the limit of their budget.</summary>
    private async Task TightBillAsync()
    {
        var bill = (await arena.Emulator.LogAsync()).Where(m => Document.Tight.Contains(m.Tags["controlplane:queue"])).Sum(m => m.Cost);
        Assert.InRange(bill, 0, arena.TightLimit / 1_000_000m);
        var most = await CountAsync($"SELECT COALESCE(MAX(held_after + spent_after), 0) FROM ledger_entries WHERE budget = 'tight' AND ordering > {_tightSince}");
        Assert.InRange(most, 0, arena.TightLimit);
    }

    private Task<IReadOnlyList<string>> LivingAsync() => TextsAsync("SELECT id || ' ' || phase FROM instances WHERE phase <> 'ended'");

    private async Task<IReadOnlyList<long>> OrderingsAsync()
    {
        await using var connection = new NpgsqlConnection(_unpooled);
        return (await connection.QueryAsync<long>("SELECT ordering FROM decisions ORDER BY ordering")).AsList();
    }

    private async Task<long> CountAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_unpooled);
        return await connection.ExecuteScalarAsync<long>(sql);
    }

    private async Task<IReadOnlyList<string>> TextsAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_unpooled);
        return (await connection.QueryAsync<string>(sql)).AsList();
    }

    /// <summary>All machines of a launch have the same tags, with the ids of all its intents; the place in the launch says which is a machine's.</summary>
    private static string IntentOf(Ec2LogEntry machine)
    {
        string[] ids = [.. machine.Tags.Where(t => t.Key.StartsWith("controlplane:instance", StringComparison.Ordinal)).OrderBy(t => t.Key.Length).ThenBy(t => t.Key, StringComparer.Ordinal).SelectMany(t => t.Value.Split(','))];
        return machine.LaunchIndex < ids.Length ? ids[machine.LaunchIndex] : machine.Id;
    }
}
