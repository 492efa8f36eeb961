using ControlPlane.Actors.ReadModel;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Scaling;
using ControlPlane.Http;

namespace ControlPlane.Scaling;

/// <summary>One decision of a queue: what it saw, what it wanted, what it did and what held it back.</summary>
/// <param name="Id">Its number in the journal.</param>
/// <param name="Queue">Whose decision it was.</param>
/// <param name="At">When.</param>
/// <param name="Rule">The policy, or <c>operator</c>.</param>
/// <param name="By">Who asked, where it was a person.</param>
/// <param name="Wanted">Instances that it wanted.</param>
/// <param name="Sentence">All of it in words.</param>
/// <param name="Inputs">What it saw.</param>
/// <param name="Launch">What it asked for.</param>
/// <param name="Leave">Who was told to leave.</param>
/// <param name="HeldBack">What kept it from more.</param>
public sealed record DecisionView(
    long Id, string Queue, DateTimeOffset At, string Rule, string? By, int Wanted, string Sentence, SituationView Inputs, IReadOnlyList<LaunchView> Launch,
    IReadOnlyList<LeaveView> Leave, IReadOnlyList<HeldBackView> HeldBack)
{
    public static DecisionView From(DecisionRow row)
    {
        var record = row.Record;
        return new DecisionView(
            row.Ordering,
            row.Queue,
            Times.At(row.At),
            row.Rule,
            row.AskedBy,
            row.Wanted,
            row.Sentence,
            SituationView.From(record.Inputs),
            [.. record.Launch.Select(l => new LaunchView(l.Pool, l.Count))],
            [.. record.Leave.Select(l => new LeaveView(l.Instance.Value, l.Outcome, l.Because))],
            [.. record.HeldBack.Select(HeldBackView.From)]);
    }
}

/// <summary>A queue's situation in numbers: tasks, slots and instances.</summary>
public sealed record SituationView(
    int Pending, string OldestWait, int Running, int FreeSlots, int IdleSlots, int BootingSlots, int Booting, int Idle, int Busy, int Leaving, int MinInstances, int MaxInstances)
{
    public static SituationView From(Situation s) => new(
        s.Pending, DurationText.Format(TimeSpan.FromSeconds(Math.Floor(s.OldestWait.TotalSeconds))), s.Running, s.FreeSlots, s.IdleSlots, s.BootingSlots, s.Booting, s.Idle, s.Busy, s.Leaving,
        s.MinInstances, s.MaxInstances);
}

/// <summary>Instances asked for in a pool.</summary>
public sealed record LaunchView(string Pool, int Count);

/// <summary>An instance told to leave.</summary>
public sealed record LeaveView(string Instance, Outcome Outcome, string Because);

/// <summary>One thing that held a decision back.</summary>
public sealed record HeldBackView(HoldBack Kind, string? Pool, int Count, DateTimeOffset? Until, string Sentence)
{
    public static HeldBackView From(HeldBack held) => new(held.Kind, held.Pool, held.Count, held.Until, held.Sentence());
}
