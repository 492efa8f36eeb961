namespace ControlPlane.Security;

/// <summary>What a caller may do.</summary>
public enum Role
{
    /// <summary>Runs tasks: the calls of ClearML's API, and nothing else.</summary>
    Worker,

    /// <summary>Reads everything but tokens and the audit.</summary>
    Viewer,

    /// <summary>Also submits and cancels tasks, drains and ends instances, resets pools.</summary>
    Operator,

    /// <summary>Also changes the configuration, makes and revokes tokens, reads the audit.</summary>
    Admin,
}

/// <summary>The policies of endpoints: each endpoint has exactly one, or says that it is open.</summary>
public static class Policies
{
    /// <summary>Who may read.</summary>
    public const string Viewer = "viewer";

    /// <summary>Who may operate.</summary>
    public const string Operator = "operator";

    /// <summary>Who may do everything.</summary>
    public const string Admin = "admin";

    /// <summary>Who may speak as a worker; operators submit by the same calls.</summary>
    public const string Worker = "worker";

    /// <summary>Who may scrape metrics: everybody while the node listens on the loopback only, viewers otherwise.</summary>
    public const string Metrics = "metrics";

    internal static readonly IReadOnlyDictionary<string, Role[]> Roles = new Dictionary<string, Role[]>
    {
        [Viewer] = [Role.Viewer, Role.Operator, Role.Admin],
        [Operator] = [Role.Operator, Role.Admin],
        [Admin] = [Role.Admin],
        [Worker] = [Role.Worker, Role.Operator, Role.Admin],
        [Metrics] = [Role.Viewer, Role.Operator, Role.Admin],
    };

    /// <summary>The word for a role in tokens, answers and settings.</summary>
    public static string Word(Role role) => role switch
    {
        Role.Worker => "worker",
        Role.Viewer => "viewer",
        Role.Operator => "operator",
        Role.Admin => "admin",
    };

    /// <summary>The role that a word names, in any case; null if none.</summary>
    public static Role? Parse(string? word) =>
        Enum.GetValues<Role>().Cast<Role?>().FirstOrDefault(role => string.Equals(Word(role!.Value), word, StringComparison.OrdinalIgnoreCase));
}
