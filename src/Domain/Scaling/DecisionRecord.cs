using System.Text;
using System.Text.Json.Serialization;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;

namespace ControlPlane.Domain.Scaling;

/// <summary>What kept a queue from having more instances.</summary>
public enum HoldBack
{
    /// <summary>The pool has its maximum.</summary>
    PoolFull,

    /// <summary>The pool's instances kept failing to boot: its circuit breaker is open.</summary>
    BreakerOpen,

    /// <summary>The pool's offers had no capacity a moment ago.</summary>
    NoCapacity,

    /// <summary>Requested instances wait for money.</summary>
    Budget,

    /// <summary>The queue is paused.</summary>
    Paused,

    /// <summary>The queue was removed from the configuration.</summary>
    Removed,

    /// <summary>The source does not have the queue.</summary>
    Missing,

    /// <summary>The queue's policy threw, looped or answered nonsense.</summary>
    PolicyFailed,

    /// <summary>The policy lets tasks wait, because it expects them to be served in time without a launch.</summary>
    Patience,
}

/// <summary>One thing that held a decision back.</summary>
/// <param name="Kind">What.</param>
/// <param name="Pool">In which pool; null where it concerns the whole queue.</param>
/// <param name="Count">How many instances it concerns; 0 where that makes no sense.</param>
/// <param name="Until">When it ends by itself; null if it does not.</param>
/// <param name="Detail">The limit, or the cloud's own words.</param>
public sealed record HeldBack(HoldBack Kind, string? Pool, int Count, DateTimeOffset? Until, string Detail)
{
    /// <summary>The sentence an operator reads.</summary>
    public string Sentence()
    {
        var until = Until is { } time ? $" until {time:HH:mm:ss} UTC" : "";
        return Kind switch
        {
            HoldBack.PoolFull => $"pool {Pool} has its maximum of {Detail}",
            HoldBack.BreakerOpen => $"pool {Pool} is stopped{until} because its instances fail: {Detail}",
            HoldBack.NoCapacity => $"pool {Pool} had no capacity and is not asked{until}: {Detail}",
            HoldBack.Budget when Count == 0 => $"pool {Pool} gets no money and is not asked{until}: {Detail}",
            HoldBack.Budget => $"{Words.Count(Count, "instance")} of pool {Pool} {(Count == 1 ? "waits" : "wait")} for money: {Detail}",
            HoldBack.Paused => "the queue is paused",
            HoldBack.Removed => "the queue was removed from the configuration",
            HoldBack.Missing => "the source does not have the queue: create it there, or remove it from the configuration",
            HoldBack.PolicyFailed => $"its policy failed and nothing is changed: {Detail}",
            HoldBack.Patience => $"nothing is launched for {Words.Count(Count, "task")}{until}: {Detail}",
        };
    }
}

/// <summary>Instances that a decision asked for.</summary>
/// <param name="Pool">In which pool.</param>
/// <param name="Count">How many.</param>
/// <param name="OnDemand">Why they leave the pool's spot offers out; null if they do not.</param>
public sealed record LaunchChoice(string Pool, int Count, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? OnDemand = null);

/// <summary>An instance that a decision told to leave, and why.</summary>
public sealed record LeaveChoice(InstanceId Instance, Outcome Outcome, string Because);

/// <summary>One evaluation of a policy that changed something, as data: inputs, rule, result, and what held it back.</summary>
/// <param name="At">When.</param>
/// <param name="Rule">The policy's name.</param>
/// <param name="Inputs">What it saw.</param>
/// <param name="Wanted">What it wanted, in instances.</param>
/// <param name="Reason">The policy's own sentence.</param>
/// <param name="Launch">What was asked for, by pool.</param>
/// <param name="Leave">Who was told to leave.</param>
/// <param name="HeldBack">What kept it from more.</param>
/// <param name="By">Who asked, where it was a person and no policy.</param>
public sealed record DecisionRecord(
    DateTimeOffset At,
    string Rule,
    Situation Inputs,
    int Wanted,
    string Reason,
    IReadOnlyList<LaunchChoice> Launch,
    IReadOnlyList<LeaveChoice> Leave,
    IReadOnlyList<HeldBack> HeldBack,
    string? By = null)
{
    /// <summary>The whole decision in one or more sentences.</summary>
    public string Sentence()
    {
        var text = new StringBuilder();
        text.Append(By is null ? $"{Capital(Reason)}." : $"{By} asked: {Reason}.");
        if (Launch.Count > 0)
            text.Append($" Launching {string.Join(", ", Launch.Select(l => $"{l.Count} in pool {l.Pool}{(l.OnDemand is null ? "" : $" ({l.OnDemand})")}"))}.");
        foreach (var group in Leave.GroupBy(l => (l.Outcome, l.Because)))
            text.Append($" Ending {Words.Count(group.Count(), "instance")} because {(group.Count() == 1 ? group.Key.Because : Plural(group.Key.Because))}.");
        foreach (var held in HeldBack)
            text.Append($" {Capital(held.Sentence())}.");
        return text.ToString();
    }

    /// <summary>The reasons speak of one instance: <c>it was idle</c>.</summary>
    private static string Plural(string because) => because switch
    {
        _ when because.StartsWith("it was ", StringComparison.Ordinal) => $"they were {because[7..]}",
        _ when because.StartsWith("it is ", StringComparison.Ordinal) => $"they are {because[6..]}",
        _ => because,
    };

    private static string Capital(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];
}
