namespace ControlPlane.Simulation.Ec2;

/// <summary>A request as it came in.</summary>
/// <param name="AccessKey">Of whom, as the signature says; null if it is not signed.</param>
/// <param name="Parameters">The form's fields.</param>
public sealed record Ec2Request(string? AccessKey, IReadOnlyDictionary<string, string> Parameters);

/// <summary>An answer to send.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">The document.</param>
/// <param name="Delay">How long to wait before it is sent.</param>
/// <param name="IsLost">Nothing is sent: the connection breaks.</param>
public sealed record Ec2Answer(int Status, string Body, TimeSpan Delay, bool IsLost)
{
    public string ContentType { get; init; } = "text/xml;charset=UTF-8";
}

/// <summary>A request that was let in, and what is to become of it. Made by <see cref="Ec2Region.Receive"/>.</summary>
public sealed class Ec2Ticket
{
    internal Ec2Request Request { get; init; } = new(null, new Dictionary<string, string>());

    internal string Action { get; init; } = "";

    internal Ec2RefusedException? Refusal { get; init; }

    internal Ec2Fault? Fault { get; init; }

    internal TimeSpan AnswerDelay { get; init; }

    /// <summary>How long to wait before it is served.</summary>
    public TimeSpan WaitBefore { get; init; }
}

/// <summary>One call as the emulator's own book has it.</summary>
/// <param name="At">When it was served.</param>
/// <param name="Action">The action.</param>
/// <param name="Code">The error code of its answer; null for success.</param>
/// <param name="Fault">The injected fault that hit it; null for none.</param>
/// <param name="Type">A launch's type.</param>
/// <param name="Zone">A launch's zone; null if it named none.</param>
/// <param name="Market">A launch's market.</param>
/// <param name="Instances">How many instances it started or began to end.</param>
public sealed record Ec2CallRecord(DateTimeOffset At, string Action, string? Code, Ec2FaultKind? Fault, string? Type, string? Zone, string? Market, int Instances);

/// <summary>One call while it is served.</summary>
internal sealed class Ec2Call(Ec2Request request, string action, DateTimeOffset now)
{
    public Ec2Parameters Parameters { get; } = new(request.Parameters);

    public string Action => action;

    public DateTimeOffset Now => now;

    public string Caller => request.AccessKey ?? "";

    /// <summary>How many instances it started or began to end.</summary>
    public int Instances { get; set; }

    public bool IsReady { get; private set; }

    /// <summary>All parameters are read and valid: from here on the call may take effect. A parameter that no rule knows ends it here, and so does a dry run.</summary>
    public void Ready()
    {
        var isDry = Parameters.Flag("DryRun") ?? false;
        if (Parameters.FirstUnread is { } name)
            throw new Ec2RefusedException("UnknownParameter", $"The parameter {name} is not recognized by the emulator's {action}");
        IsReady = true;
        if (isDry)
            throw new Ec2RefusedException("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
    }
}
