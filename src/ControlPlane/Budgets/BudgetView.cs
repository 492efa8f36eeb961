using ControlPlane.Actors.ReadModel;
using ControlPlane.Domain.Budgets;
using ControlPlane.Http;

namespace ControlPlane.Budgets;

/// <summary>A budget and what is left of it. Money is in micro-dollars.</summary>
/// <param name="Name">Unique in the cluster.</param>
/// <param name="Ledger">The root of its tree.</param>
/// <param name="Parent">The budget that contains it.</param>
/// <param name="LimitMicros">The most that may be spent and held in one window; null for no limit of its own.</param>
/// <param name="Window">Over what time the limit is counted.</param>
/// <param name="TimeZone">In which windows begin.</param>
/// <param name="MaxInstances">The most instances at a time.</param>
/// <param name="MaxGpus">The most GPUs at a time.</param>
/// <param name="AlertAt">Percentages at which an alert is recorded.</param>
/// <param name="WhenDry">What happens to instances whose renewal it denied.</param>
/// <param name="Retired">No longer declared, with leases left.</param>
/// <param name="Instances">Instances with a lease.</param>
/// <param name="Gpus">GPUs in them.</param>
/// <param name="Waiting">Instances that wait for money.</param>
/// <param name="Current">The balance of the window that is now.</param>
public sealed record BudgetView(
    string Name, string Ledger, string? Parent, long? LimitMicros, BudgetWindow Window, string TimeZone, int? MaxInstances, int? MaxGpus, IReadOnlyList<int> AlertAt, WhenDry WhenDry,
    bool Retired, int Instances, int Gpus, int Waiting, BalanceView Current)
{
    public static BudgetView From(BudgetRow row, BudgetWindowRow? current, DateTimeOffset now) =>
        From(row, row.Declared, row.Retired, row.Instances, row.Gpus, current?.Held ?? 0, current?.Spent ?? 0, now);

    public static BudgetView From(BudgetRow row, Actors.Budgets.BudgetView live, DateTimeOffset now)
    {
        var balance = live.Windows.GetValueOrDefault(new BudgetAccount { Spec = live.Spec }.WindowOf(now), Balance.Zero);
        return From(row, live.Spec, live.Retired, live.Instances, live.Gpus, balance.Held.Micros, balance.Spent.Micros, now);
    }

    private static BudgetView From(BudgetRow row, BudgetSpec spec, bool retired, int instances, int gpus, long held, long spent, DateTimeOffset now) => new(
        row.Name,
        row.Ledger,
        spec.Parent?.Value,
        spec.Limit?.Micros,
        spec.Window,
        spec.TimeZone,
        spec.MaxInstances,
        spec.MaxGpus,
        spec.AlertAt,
        spec.WhenDry,
        retired,
        instances,
        gpus,
        row.Waiting,
        BalanceView.From(spec, now, held, spent));
}

/// <summary>The balance of one window of a budget.</summary>
/// <param name="WindowStart">When it began; null for a total.</param>
/// <param name="WindowEnd">When it ends; null for a total.</param>
/// <param name="HeldMicros">Set aside for leases.</param>
/// <param name="SpentMicros">Spent.</param>
/// <param name="LeftMicros">What may still be set aside; null without a limit.</param>
public sealed record BalanceView(DateTimeOffset? WindowStart, DateTimeOffset? WindowEnd, long HeldMicros, long SpentMicros, long? LeftMicros)
{
    public static BalanceView From(BudgetSpec spec, DateTimeOffset now, long held, long spent)
    {
        var account = new BudgetAccount { Spec = spec };
        var start = account.WindowOf(now);
        var total = spec.Window == BudgetWindow.Total;
        return new BalanceView(
            total ? null : start, total ? null : account.EndOf(start), held, spent, spec.Limit is { } limit ? Math.Max(0, limit.Micros - held - spent) : null);
    }
}

/// <summary>A budget with the windows that its ledger remembers.</summary>
/// <param name="Budget">The budget as its ledger sees it now.</param>
/// <param name="Windows">The latest first, at most 100.</param>
public sealed record BudgetDetailView(BudgetView Budget, IReadOnlyList<WindowView> Windows);

/// <summary>What was held and spent in one window.</summary>
public sealed record WindowView(string Window, DateTimeOffset Start, long HeldMicros, long SpentMicros)
{
    public static WindowView From(BudgetWindowRow row) => new(row.Period, Times.At(row.Window), row.Held, row.Spent);
}

/// <summary>One line of a budget: who, what, when, why, and the balance after it. The lines of a window add up to its balance.</summary>
/// <param name="Id">The event's number in the journal and the line's in the event.</param>
/// <param name="At">When.</param>
/// <param name="Kind">granted, renewed, settled, queued, withdrawn, denied, alert, configured or closed.</param>
/// <param name="Budget">Whose line it is.</param>
/// <param name="Ledger">The root of its tree.</param>
/// <param name="WindowStart">The window that it stands in; null if it concerns none.</param>
/// <param name="Instance">Whom it concerns.</param>
/// <param name="Queue">Its queue.</param>
/// <param name="Pool">Its pool.</param>
/// <param name="HeldMicros">Change of what is held.</param>
/// <param name="SpentMicros">Change of what is spent.</param>
/// <param name="HeldAfterMicros">Held in the window after the line.</param>
/// <param name="SpentAfterMicros">Spent in the window after the line.</param>
/// <param name="Sentence">Why, in words.</param>
public sealed record EntryView(
    string Id, DateTimeOffset At, string Kind, string Budget, string Ledger, DateTimeOffset? WindowStart, string? Instance, string? Queue, string? Pool, long HeldMicros, long SpentMicros,
    long HeldAfterMicros, long SpentAfterMicros, string Sentence)
{
    public static EntryView From(LedgerEntryRow row) => new(
        $"{row.Ordering}.{row.Line}", Times.At(row.At), row.Kind, row.Budget, row.Ledger, Times.At(row.Window), row.Instance, row.Queue, row.Pool, row.Held, row.Spent, row.HeldAfter,
        row.SpentAfter, row.Sentence);
}
