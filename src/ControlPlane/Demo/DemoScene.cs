using System.Text.Json.Nodes;
using ControlPlane.Cli;

namespace ControlPlane.Demo;

/// <summary>A task as the API shows it, as far as the demonstration tells it.</summary>
internal sealed record SeenTask(string Id, string Queue, string Name, string State, int Attempt, DateTimeOffset? EnqueuedAt, DateTimeOffset? StartedAt)
{
    public bool HasEnded => State is "succeeded" or "failed" or "cancelled";

    public static SeenTask From(JsonNode task) => new(
        task.Text("id") ?? "",
        task.Text("queue") ?? "",
        task.Text("name") ?? "",
        task.Text("state") ?? "",
        (int)(task.Number("attempt") ?? 0),
        task.Time("enqueuedAt") ?? task.Time("createdAt"),
        task.Time("startedAt"));
}

/// <summary>An instance as the API shows it. Waiting: why it has to wait for its lease, or cannot renew it; null if it does not.</summary>
internal sealed record SeenInstance(string Id, string Queue, string Pool, string Phase, DateTimeOffset? Since, int Tasks, string? Waiting, string? Because, decimal Cost, bool Settled)
{
    public bool IsLive => Phase != "ended";

    public bool WaitsForMoney => Phase == "requested" && Waiting is not null;

    public static SeenInstance From(JsonNode instance) => new(
        instance.Text("id") ?? "",
        instance.Text("queue") ?? "",
        instance.Text("pool") ?? "",
        instance.Text("phase") ?? "",
        instance.Time("since"),
        instance.Items("tasks").Count(),
        instance.Text("waiting"),
        instance.Text("because"),
        Amounts.Dollars(instance, "costMicros") ?? 0,
        instance.Flag("settled"));
}

/// <summary>A budget in its current window.</summary>
internal sealed record SeenBudget(string Name, string? Parent, string Window, decimal Spent, decimal Held, decimal? Limit)
{
    public static SeenBudget From(JsonNode budget) => new(
        budget.Text("name") ?? "",
        budget.Text("parent"),
        budget.Text("window") ?? "",
        Amounts.Dollars(budget, "current.spentMicros") ?? 0,
        Amounts.Dollars(budget, "current.heldMicros") ?? 0,
        Amounts.Dollars(budget, "limitMicros"));
}

/// <summary>A decision in words, and what kept it from more: the kind and, if it concerns one, the pool; with the sentence.</summary>
internal sealed record SeenDecision(DateTimeOffset? At, string Queue, string Sentence, IReadOnlyList<(string Kind, string? Pool, string Sentence)> HeldBack)
{
    public static SeenDecision From(JsonNode decision) => new(
        decision.Time("at"),
        decision.Text("queue") ?? "",
        decision.Text("sentence") ?? "",
        [.. decision.Items("heldBack").Select(h => (h.Text("kind") ?? "", h.Text("pool"), h.Text("sentence") ?? h.Text("detail") ?? ""))]);
}

/// <summary>What the API says at one moment.</summary>
internal sealed record DemoScene
{
    /// <summary>Since the play began.</summary>
    public required TimeSpan Elapsed { get; init; }

    public required DateTimeOffset Now { get; init; }

    /// <summary>By name, as declared.</summary>
    public required IReadOnlyList<string> Queues { get; init; }

    public required IReadOnlyList<SeenTask> Tasks { get; init; }

    /// <summary>Newest first, also those that have ended.</summary>
    public required IReadOnlyList<SeenInstance> Instances { get; init; }

    public required IReadOnlyList<SeenBudget> Budgets { get; init; }

    /// <summary>Newest first.</summary>
    public required IReadOnlyList<SeenDecision> Decisions { get; init; }

    /// <summary>What the play itself did, newest last.</summary>
    public IReadOnlyList<DemoNote> Notes { get; init; } = [];

    public IEnumerable<SeenInstance> Live => Instances.Where(i => i.IsLive);

    /// <summary>Tasks wait because instances wait for money.</summary>
    public bool BudgetBites => Instances.Any(i => i.WaitsForMoney);

    public static async Task<DemoScene> ReadAsync(ApiClient api, DateTimeOffset began, TimeProvider time, CancellationToken cancel)
    {
        var queues = await AllAsync(api, "/api/v1/queues", q => q.Text("name") ?? "", cancel);
        var tasks = await AllAsync(api, "/api/v1/tasks", SeenTask.From, cancel);
        var instances = await AllAsync(api, "/api/v1/instances", SeenInstance.From, cancel);
        var budgets = await AllAsync(api, "/api/v1/budgets", SeenBudget.From, cancel);
        var decisions = await AllAsync(api, "/api/v1/decisions", SeenDecision.From, cancel);
        var now = time.GetUtcNow();
        return new DemoScene { Elapsed = now - began, Now = now, Queues = queues, Tasks = tasks, Instances = instances, Budgets = budgets, Decisions = decisions };
    }

    public static async Task<List<T>> AllAsync<T>(ApiClient api, string path, Func<JsonNode, T> read, CancellationToken cancel)
    {
        List<T> all = [];
        await foreach (var item in api.ListAsync(path, 1_000, cancel))
            all.Add(read(item));
        return all;
    }
}

/// <summary>Something that the play did.</summary>
internal sealed record DemoNote(TimeSpan At, string Text);
