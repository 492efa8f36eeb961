using System.Text.Json.Nodes;

namespace ControlPlane.Cli;

/// <summary>What <c>get</c> prints without a name, and with one.</summary>
internal enum Naming
{
    /// <summary>There is one of it, and it has no name.</summary>
    Single,

    /// <summary>A list whose items have no names.</summary>
    Many,

    /// <summary>A list, or one item of it.</summary>
    ManyOrOne,

    /// <summary>A list that belongs to something with a name.</summary>
    ManyOfOne,
}

/// <summary>Something that <c>get</c> prints.</summary>
/// <param name="Name">As it is typed.</param>
/// <param name="Path">In the API; <c>{0}</c> stands for the name where one is required.</param>
/// <param name="Naming">What it is without a name, and with one.</param>
/// <param name="Columns">Of its table; none prints it as a document.</param>
internal sealed record Resource(string Name, string Path, Naming Naming, IReadOnlyList<Column> Columns)
{
    /// <summary>Its list can be narrowed to one queue.</summary>
    public bool ByQueue { get; init; }

    public string PathOf(string? name) => (Naming, name) switch
    {
        (Naming.ManyOfOne, { } one) => Path.Replace("{0}", Uri.EscapeDataString(one), StringComparison.Ordinal),
        (Naming.ManyOrOne, { } one) => $"{Path}/{Uri.EscapeDataString(one)}",
        _ => Path,
    };
}

/// <summary>All that <c>get</c> prints, with the columns of its tables.</summary>
internal static class Resources
{
    public static Resource Tasks { get; } = new("tasks", "/api/v1/tasks", Naming.ManyOrOne,
    [
        Column.Of("ID", "id"),
        Column.Of("QUEUE", "queue"),
        Column.Of("STATE", "state"),
        Column.OfNumber("ATTEMPT", "attempt"),
        Column.OfNumber("EXIT", "exitCode"),
        Column.OfAge("AGE", "createdAt"),
        Column.Of("WORKER", "worker") with { Wide = true },
        Column.OfNumber("PRIORITY", "priority") with { Wide = true },
        Column.Of("REASON", "reason") with { Wide = true },
        Column.Of("NAME", "name"),
    ])
    { ByQueue = true };

    public static IReadOnlyList<Resource> All { get; } =
    [
        new("sources", "/api/v1/sources", Naming.ManyOrOne,
        [
            Column.Of("NAME", "name"),
            Column.Of("KIND", "kind"),
            Column.Of("PACE", "pace"),
            Column.OfAge("LOOKED AT", "state.lookedAt"),
            Column.OfList("MISSING QUEUES", "state.missingQueues") with { Wide = true },
            Column.Of("FAULT", "state.fault"),
        ]),
        new("providers", "/api/v1/providers", Naming.ManyOrOne,
        [
            Column.Of("NAME", "name"),
            Column.Of("KIND", "kind"),
            Column.OfNumber("MACHINES", "state.machines"),
            Column.OfNumber("ORPHANS", "state.orphans"),
            Column.OfNumber("LAUNCHING", "state.launchesInFlight") with { Wide = true },
            Column.OfNumber("ENDING", "state.terminating") with { Wide = true },
            Column.Of("FAULT", "state.fault"),
        ]),
        new("pools", "/api/v1/pools", Naming.ManyOrOne,
        [
            Column.Of("NAME", "name"),
            Column.Of("QUEUE", "queue"),
            Column.Of("PROVIDER", "provider"),
            Column.OfNumber("INSTANCES", "instances"),
            Column.OfNumber("MAX", "maxInstances"),
            Column.OfNumber("SLOTS", "slots") with { Wide = true },
            new("PRICE/HOUR", (item, _) => Printable.Dollars(Amounts.Dollars(item.Items("offers").FirstOrDefault(), "rateMicrosPerHour"))) { Number = true },
            new("STOPPED BY", (item, _) => item.Text("breaker.message") ?? item.Text("blackout.message")),
        ])
        { ByQueue = true },
        new("queues", "/api/v1/queues", Naming.ManyOrOne,
        [
            Column.Of("NAME", "name"),
            Column.Of("SOURCE", "source") with { Wide = true },
            Column.Of("BUDGET", "budget"),
            new("INSTANCES", (item, _) => $"{PhasesOf(item).Sum(p => p.Count)}") { Number = true },
            Column.OfNumber("MAX", "maxInstances"),
            new("PHASES", (item, _) => string.Join(", ", PhasesOf(item).Select(p => $"{p.Count} {p.Phase}"))),
            Column.OfFlag("PAUSED", "paused") with { Wide = true },
            Column.OfAge("DECIDED", "decidedAt"),
            Column.Of("LAST DECISION", "lastDecision"),
        ]),
        new("instances", "/api/v1/instances", Naming.ManyOrOne,
        [
            Column.Of("ID", "id"),
            Column.Of("QUEUE", "queue"),
            Column.Of("POOL", "pool"),
            Column.Of("PHASE", "phase"),
            Column.OfAge("FOR", "since"),
            new("TASKS", (item, _) => $"{item.Items("tasks").Count()}") { Number = true },
            Column.OfMoney("COST", "costMicros"),
            Column.OfTime("PREPAID UNTIL", "leaseUntil") with { Wide = true },
            Column.Of("NATIVE ID", "nativeId") with { Wide = true },
            Column.Of("OUTCOME", "outcome") with { Wide = true },
            new("WHY", (item, _) => item.Text("waiting") ?? item.Text("because")),
        ])
        { ByQueue = true },
        new("budgets", "/api/v1/budgets", Naming.ManyOrOne,
        [
            Column.Of("NAME", "name"),
            Column.Of("PARENT", "parent") with { Wide = true },
            Column.OfMoney("SPENT", "current.spentMicros"),
            Column.OfMoney("HELD", "current.heldMicros"),
            Column.OfMoney("LIMIT", "limitMicros"),
            Column.Of("WINDOW", "window"),
            Column.OfNumber("INSTANCES", "instances"),
            Column.OfNumber("WAITING", "waiting"),
            Column.OfTime("WINDOW ENDS", "current.windowEnd"),
        ]),
        new("entries", "/api/v1/budgets/{0}/entries", Naming.ManyOfOne,
        [
            Column.OfTime("AT", "at"),
            Column.Of("KIND", "kind"),
            Column.Of("INSTANCE", "instance"),
            Column.Of("POOL", "pool") with { Wide = true },
            Column.OfMoney("HELD", "heldMicros"),
            Column.OfMoney("SPENT", "spentMicros"),
            Column.OfMoney("HELD AFTER", "heldAfterMicros"),
            Column.OfMoney("SPENT AFTER", "spentAfterMicros"),
            Column.Of("WHY", "sentence"),
        ])
        { ByQueue = true },
        new("decisions", "/api/v1/decisions", Naming.Many,
        [
            Column.OfTime("AT", "at"),
            Column.Of("QUEUE", "queue"),
            Column.OfNumber("WANTED", "wanted"),
            Column.Of("RULE", "rule") with { Wide = true },
            Column.Of("DECISION", "sentence"),
        ])
        { ByQueue = true },
        Tasks,
        new("configuration", ConfigurationVerbs.Path, Naming.Single, []),
        new("cluster", "/api/v1/cluster", Naming.Single, []),
        new("audit", "/api/v1/audit", Naming.Many,
        [
            Column.OfTime("AT", "at"),
            Column.Of("BY", "by"),
            Column.Of("ROLE", "role") with { Wide = true },
            Column.Of("ADDRESS", "address") with { Wide = true },
            Column.Of("NODE", "node") with { Wide = true },
            Column.Of("ACT", "act"),
            Column.Of("KIND", "kind"),
            Column.Of("SUBJECT", "subject"),
            Column.Of("OUTCOME", "outcome"),
            new("CHANGES", (item, _) => string.Join("; ", item.Items("changes").Select(c => $"{c.Text("field")}: {c.Text("before") ?? "none"} -> {c.Text("after") ?? "none"}"))),
        ]),
    ];

    /// <summary>How many instances of a queue are in which phase.</summary>
    private static IEnumerable<(string Phase, int Count)> PhasesOf(JsonNode queue) =>
        queue.At("instances") is JsonObject phases ? phases.Select(p => (p.Key, int.TryParse(p.Value.Scalar(), out var count) ? count : 0)) : [];

    public static Resource Find(string name) => All.First(r => r.Name == name);
}
