using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ControlPlane.Simulation.Ec2;
using Dapper;
using Npgsql;

namespace ControlPlane.ClusterTests;

/// <summary>Finds out whether anything was lost, doubled or overspent: from the emulator's own book and bill, the tasks, and the journal itself.</summary>
internal sealed class Judge(Arena arena)
{
    /// <summary>Every task that was submitted ends well, and its one attempt that counts is its last.</summary>
    public async Task TasksAsync(TimeSpan limit)
    {
        HashSet<string> expected = [.. arena.Load.Submitted];
        await Arena.EventuallyAsync(
            async () => await OpenTasksAsync() == 0,
            limit,
            async () => $"all {expected.Count} tasks have ended; {await OpenTasksAsync()} have not");
        await using var connection = new NpgsqlConnection(arena.ConnectionString);
        var states = (await connection.QueryAsync<(string Id, string State)>("SELECT id, state::text FROM embedded_task")).ToDictionary(t => t.Id, t => t.State);
        Assert.All(expected, id => Assert.Contains(id, states.Keys));
        foreach (var task in await ItemsAsync("api/v1/tasks?limit=1000"))
            Assert.True(task["state"]!.GetValue<string>() == "succeeded", task.ToJsonString());
        Assert.All(arena.Players.Completed, done => Assert.True(done.Value == 1, $"task {done.Key} was completed {done.Value} times"));
    }

    /// <summary>No intent has two machines; what lives is known, and what is unknown is gone.</summary>
    public async Task MachinesAsync()
    {
        var book = await arena.Emulator.LogAsync();
        var doubled = book.Select(m => (Id: IdOf(m), m)).GroupBy(m => m.Id).Where(g => g.Count() > 1).ToList();
        Assert.True(doubled.Count == 0, $"Intents with more than one machine: {string.Join("; ", doubled.Select(g => $"{g.Key}: {string.Join(", ", g.Select(m => $"{m.m.Id} launched {m.m.LaunchedAt:HH:mm:ss} state {m.m.State}"))}"))}");
        await Arena.EventuallyAsync(
            async () => (await OrphansAsync()).Count == 0,
            TimeSpan.FromSeconds(60),
            async () => $"every living machine is known: {string.Join(", ", await OrphansAsync())}");
    }

    /// <summary>The budget holds at every line of the ledger, its lines add up to its balance, and it has paid for what the emulator has billed.</summary>
    public async Task MoneyAsync()
    {
        var entries = (await ItemsAsync("api/v1/budgets/lab/entries?limit=1000")).Reverse();
        long held = 0, spent = 0;
        foreach (var entry in entries)
        {
            held += entry["heldMicros"]!.GetValue<long>();
            spent += entry["spentMicros"]!.GetValue<long>();
            Assert.InRange(held + spent, 0, Arena.Limit);
        }

        Assert.True((decimal)(held + spent) / 1_000_000 <= Arena.Limit / 1_000_000m);
        var bill = await arena.Emulator.BillAsync();
        Assert.True(bill.Total <= Arena.Limit / 1_000_000m, $"the emulator billed {bill.Total}");
    }

    /// <summary>No stream of the journal has a hole, and the read model shows every decision.</summary>
    public async Task DecisionsAsync()
    {
        await Arena.EventuallyAsync(
            async () => await MissingDecisionsAsync() == 0, TimeSpan.FromSeconds(60), async () => $"every decision of the journal is shown: {await MissingDecisionsAsync()} are not");
        await using var connection = new NpgsqlConnection(arena.ConnectionString);
        var holes = (await connection.QueryAsync<string>(
            "SELECT persistence_id FROM journal GROUP BY persistence_id HAVING COUNT(*) <> MAX(sequence_number) OR MIN(sequence_number) <> 1")).ToList();
        Assert.Empty(holes);
    }

    /// <summary>The same question has the same answer on each node.</summary>
    public async Task SameAnswersAsync()
    {
        foreach (var path in new[] { "api/v1/queues?limit=1000", "api/v1/pools?limit=1000", "api/v1/decisions?limit=100", "api/v1/budgets", "api/v1/tasks?limit=100", "api/v1/configuration", "api/v1/configuration/revisions" })
        {
            await Arena.EventuallyAsync(
                async () => (await AnswersAsync(path)).Distinct().Count() == 1,
                TimeSpan.FromSeconds(60),
                () => Task.FromResult($"{path} is answered the same by all nodes"));
        }
    }

    /// <summary>Machines that live and that no node knows as living.</summary>
    private async Task<IReadOnlyList<string>> OrphansAsync()
    {
        var known = (await ItemsAsync("api/v1/instances?limit=1000")).Where(i => i["phase"]!.GetValue<string>() != "ended").Select(i => i["id"]!.GetValue<string>()).ToHashSet();
        return [.. (await arena.Emulator.InstancesAsync()).Where(m => m.State is "pending" or "running" && !known.Contains(IdOf(m))).Select(m => $"{m.Id} ({IdOf(m)})")];
    }

    private async Task<long> OpenTasksAsync()
    {
        await using var connection = new NpgsqlConnection(arena.ConnectionString);
        return await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM embedded_task WHERE ended IS NULL");
    }

    private async Task<long> MissingDecisionsAsync()
    {
        await using var connection = new NpgsqlConnection(arena.ConnectionString);
        return await connection.ExecuteScalarAsync<long>(
            "SELECT COUNT(*) FROM journal j WHERE j.manifest = 'scaler.decided.v1' AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.ordering = j.ordering)");
    }

    private async Task<IReadOnlyList<string>> AnswersAsync(string path) => [.. await Task.WhenAll(arena.Nodes.Select(n => n.Api.GetStringAsync(path)))];

    private async Task<IReadOnlyList<JsonObject>> ItemsAsync(string path)
    {
        List<JsonObject> items = [];
        string? next = null;
        do
        {
            var page = (await arena.Nodes[0].Api.GetFromJsonAsync<JsonObject>(next is null ? path : $"{path}&after={Uri.EscapeDataString(next)}"))!;
            items.AddRange(page["items"]!.AsArray().Select(i => i!.AsObject()));
            next = page["next"]?.GetValue<string>();
        }
        while (next is not null);
        return items;
    }

    /// <summary>All machines of a launch have the same tags, with the ids of all its intents; the place in the launch says which is a machine's.</summary>
    private static string IdOf(Ec2LogEntry machine)
    {
        var ids = machine.Tags.Where(t => t.Key.StartsWith("controlplane:instance", StringComparison.Ordinal)).OrderBy(t => t.Key.Length).ThenBy(t => t.Key, StringComparer.Ordinal)
            .SelectMany(t => t.Value.Split(',')).ToArray();
        return machine.LaunchIndex < ids.Length ? ids[machine.LaunchIndex] : machine.Id;
    }
}
