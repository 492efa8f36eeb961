namespace ControlPlane.Cli;

/// <summary>Whether <c>get</c> takes the name of one object.</summary>
internal enum Naming
{
    None,
    Optional,
    Required,
}

/// <summary>Something that <c>get</c> prints.</summary>
/// <param name="Name">As it is typed.</param>
/// <param name="Path">In the API; <c>{0}</c> stands for the name where one is required.</param>
/// <param name="Naming">Whether there is one of it, or many.</param>
/// <param name="Columns">Of its table; none prints it as a document.</param>
internal sealed record Resource(string Name, string Path, Naming Naming, IReadOnlyList<Column> Columns)
{
    public string PathOf(string? name) => (Naming, name) switch
    {
        (Naming.Required, { } one) => Path.Replace("{0}", Uri.EscapeDataString(one), StringComparison.Ordinal),
        (Naming.Optional, { } one) => $"{Path}/{Uri.EscapeDataString(one)}",
        _ => Path,
    };
}

/// <summary>All that <c>get</c> prints, with the columns of its tables.</summary>
internal static class Resources
{
    public static Resource Tasks { get; } = new("tasks", "/api/v1/tasks", Naming.Optional,
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
    ]);

    public static IReadOnlyList<Resource> All { get; } =
    [
        new("sources", "/api/v1/sources", Naming.Optional,
        [
            Column.Of("NAME", "name"),
            Column.Of("KIND", "kind"),
            Column.Of("PACE", "pace"),
        ]),
        new("providers", "/api/v1/providers", Naming.Optional,
        [
            Column.Of("NAME", "name"),
            Column.Of("KIND", "kind"),
            Column.Of("SWEEP", "sweepEvery"),
        ]),
        new("pools", "/api/v1/pools", Naming.Optional,
        [
            Column.Of("NAME", "name"),
            Column.Of("QUEUE", "queue"),
            Column.Of("PROVIDER", "provider"),
            Column.OfNumber("INSTANCES", "instances"),
            Column.OfNumber("MAX", "maxInstances"),
            Column.OfNumber("SLOTS", "slots") with { Wide = true },
            Column.Of("STOPPED BY", "failure"),
        ]),
        new("queues", "/api/v1/queues", Naming.Optional,
        [
            Column.Of("NAME", "name"),
            Column.Of("SOURCE", "source") with { Wide = true },
            Column.Of("BUDGET", "budget"),
            Column.OfNumber("PENDING", "pending"),
            Column.OfNumber("RUNNING", "running"),
            Column.OfNumber("INSTANCES", "instances"),
            Column.OfNumber("MAX", "maxInstances"),
            Column.OfFlag("PAUSED", "paused") with { Wide = true },
            Column.OfAge("DECIDED", "decidedAt") with { Wide = true },
            Column.Of("LAST DECISION", "decision"),
        ]),
        new("instances", "/api/v1/instances", Naming.Optional,
        [
            Column.Of("ID", "id"),
            Column.Of("QUEUE", "queue"),
            Column.Of("POOL", "pool"),
            Column.Of("PHASE", "phase"),
            Column.OfAge("SINCE", "since"),
            Column.OfNumber("TASKS", "tasks"),
            Column.OfMoney("COST", "cost"),
            Column.OfTime("PREPAID UNTIL", "leaseUntil") with { Wide = true },
            Column.Of("NATIVE ID", "nativeId") with { Wide = true },
            Column.Of("OUTCOME", "outcome") with { Wide = true },
            new("BECAUSE", (item, _) => item.Text("waiting") ?? item.Text("because")),
        ]),
        new("budgets", "/api/v1/budgets", Naming.Optional,
        [
            Column.Of("NAME", "name"),
            Column.Of("PARENT", "parent") with { Wide = true },
            Column.Of("WINDOW", "window"),
            Column.OfMoney("SPENT", "spent"),
            Column.OfMoney("HELD", "held"),
            Column.OfMoney("LIMIT", "limit"),
            Column.OfNumber("INSTANCES", "instances"),
            Column.OfTime("WINDOW ENDS", "windowEnds"),
        ]),
        new("entries", "/api/v1/budgets/{0}/entries", Naming.Required,
        [
            Column.OfTime("AT", "at"),
            Column.Of("INSTANCE", "instance"),
            Column.Of("POOL", "pool"),
            Column.OfMoney("HELD", "held"),
            Column.OfMoney("SPENT", "spent"),
            Column.OfMoney("HELD AFTER", "heldAfter"),
            Column.OfMoney("SPENT AFTER", "spentAfter"),
            Column.Of("WHY", "sentence"),
        ]),
        new("decisions", "/api/v1/decisions", Naming.Optional,
        [
            Column.OfTime("AT", "at"),
            Column.Of("QUEUE", "queue"),
            Column.OfNumber("WANTED", "wanted"),
            Column.Of("RULE", "rule") with { Wide = true },
            Column.Of("DECISION", "sentence"),
        ]),
        Tasks,
        new("configuration", ConfigurationVerbs.Path, Naming.None, []),
        new("cluster", "/api/v1/cluster", Naming.None, []),
    ];

    public static Resource Find(string name) => All.First(r => r.Name == name);
}
