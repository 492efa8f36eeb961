using System.Text.Json.Serialization;

namespace ControlPlane.Simulation.Ec2;

/// <summary>What a fault does to the calls or launches that it hits.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Ec2FaultKind>))]
public enum Ec2FaultKind
{
    /// <summary>The call is answered with an error and has no effect.</summary>
    Error,

    /// <summary>The call takes effect, and is answered with an error all the same.</summary>
    ErrorAfter,

    /// <summary>The connection breaks before the call takes effect.</summary>
    Dropped,

    /// <summary>The connection breaks after the call took effect: the answer is lost.</summary>
    Lost,

    /// <summary>The answer comes <see cref="Ec2Fault.Delay"/> after the effect.</summary>
    Delay,

    /// <summary>The effect comes only after <see cref="Ec2Fault.Delay"/>, whether or not the caller still waits.</summary>
    LateEffect,

    /// <summary>A launch finds no capacity.</summary>
    NoCapacity,

    /// <summary>A launched instance shows in no answer for <see cref="Ec2Fault.Delay"/>: not even ending it finds it.</summary>
    ShownLate,

    /// <summary>A launched instance shows without its tags for <see cref="Ec2Fault.Delay"/>.</summary>
    TagsLate,

    /// <summary>A launched instance runs, but its guest never starts.</summary>
    NeverBoots,

    /// <summary>A launched instance goes from pending to terminated: the platform could not start it after all.</summary>
    FailsToStart,
}

/// <summary>One fault: which calls it hits, how often, and what it does to them.</summary>
public sealed record Ec2Fault
{
    public required Ec2FaultKind Kind { get; init; }

    /// <summary>The action that it hits; <c>*</c> for every one. Faults of launches hit RunInstances only.</summary>
    public string Action { get; init; } = "*";

    /// <summary>How likely it hits, 0 to 1; drawn from the seed. Faults of single instances draw for each of them.</summary>
    public double Chance { get; init; } = 1;

    /// <summary>After how many hits it is over; null for never.</summary>
    public int? Times { get; init; }

    /// <summary>The error code: <c>InternalError</c> if left out.</summary>
    public string? Code { get; init; }

    public string? Message { get; init; }

    /// <summary>The HTTP status of the error: 500, or 400 for codes of the client's making.</summary>
    public int? Status { get; init; }

    public TimeSpan Delay { get; init; }

    /// <summary>Only launches of this type; null for any.</summary>
    public string? Type { get; init; }

    /// <summary>Only launches in this zone; null for any.</summary>
    public string? Zone { get; init; }

    /// <summary>Only launches in this market, <c>spot</c> or <c>on-demand</c>; null for any.</summary>
    public string? Market { get; init; }

    /// <summary>Only the pages of a list from this one on, counted from 1: 2 lets the first page through.</summary>
    public int? FromPage { get; init; }

    internal bool IsOfLaunch => Kind is Ec2FaultKind.NoCapacity or Ec2FaultKind.ShownLate or Ec2FaultKind.TagsLate or Ec2FaultKind.NeverBoots or Ec2FaultKind.FailsToStart;

    internal Ec2RefusedException ToRefusal()
    {
        var code = Code ?? "InternalError";
        return new Ec2RefusedException(code, Message ?? Say(code), Status ?? (code switch
        {
            "InternalError" or "InsufficientInstanceCapacity" => 500,
            "Unavailable" or "ServiceUnavailable" or "RequestLimitExceeded" => 503,
            "UnauthorizedOperation" => 403,
            "AuthFailure" => 401,
            _ => 400,
        }));
    }

    /// <summary>What is wrong with it, in a sentence; null if nothing is.</summary>
    public string? Fault() => this switch
    {
        { Chance: < 0 or > 1 } => $"chance is {Chance}; write 0 to 1.",
        { Times: < 1 } => $"times is {Times}; write 1 or more, or leave it out.",
        { FromPage: < 1 } => $"fromPage is {FromPage}; write 1 or more, or leave it out.",
        { Status: < 400 or > 599 } => $"status is {Status}; write 400 to 599, or leave it out.",
        { Kind: Ec2FaultKind.Delay or Ec2FaultKind.LateEffect or Ec2FaultKind.ShownLate or Ec2FaultKind.TagsLate } when Delay <= TimeSpan.Zero =>
            $"a fault of kind {Kind} needs a delay, such as \"00:00:10\".",
        { Market: not (null or "spot" or "on-demand") } => $"market is '{Market}'; write spot or on-demand, or leave it out.",
        _ when IsOfLaunch && Action is not ("*" or "RunInstances") => $"a fault of kind {Kind} hits RunInstances only, not {Action}.",
        _ => null,
    };

    private static string Say(string code) => code switch
    {
        "InternalError" => "An internal error has occurred",
        "RequestLimitExceeded" => "Request limit exceeded.",
        "Unavailable" or "ServiceUnavailable" => "The service is unavailable. Please try again shortly.",
        "UnauthorizedOperation" => "You are not authorized to perform this operation.",
        _ => $"Injected {code}",
    };
}
