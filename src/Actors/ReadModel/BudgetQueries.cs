using System.Text.Json;
using ControlPlane.Actors.Budgets;
using ControlPlane.Domain.Budgets;

namespace ControlPlane.Actors.ReadModel;

/// <summary>A budget as the read model shows it.</summary>
public sealed class BudgetRow
{
    public required string Ledger { get; init; }

    public required string Name { get; init; }

    public string? Parent { get; init; }

    public required string Spec { get; init; }

    public bool Retired { get; init; }

    public int Instances { get; init; }

    public int Gpus { get; init; }

    public long? AlertedWindow { get; init; }

    public int AlertedPercent { get; init; }

    public int Waiting { get; init; }

    /// <summary>As declared.</summary>
    public BudgetSpec Declared => JsonSerializer.Deserialize(Spec, LedgerJson.Default.BudgetSpec)!;
}

/// <summary>The balance of one window of a budget.</summary>
public sealed class BudgetWindowRow
{
    public required string Budget { get; init; }

    public required string Period { get; init; }

    public long Window { get; init; }

    public long Held { get; init; }

    public long Spent { get; init; }
}

/// <summary>One line of a ledger.</summary>
public sealed class LedgerEntryRow
{
    public long Ordering { get; init; }

    public int Line { get; init; }

    public required string Ledger { get; init; }

    public required string Budget { get; init; }

    public required string Period { get; init; }

    public long? Window { get; init; }

    public long At { get; init; }

    public required string Kind { get; init; }

    public string? Instance { get; init; }

    public string? Queue { get; init; }

    public string? Pool { get; init; }

    public long Held { get; init; }

    public long Spent { get; init; }

    public long HeldAfter { get; init; }

    public long SpentAfter { get; init; }

    public required string Sentence { get; init; }
}

/// <summary>Which lines of a budget are wanted, at that time or later; null asks for all.</summary>
public sealed record LedgerEntryFilter(string? Instance = null, string? Queue = null, string? Pool = null, string? Kind = null, DateTimeOffset? Since = null);

/// <summary>Questions about budgets and their lines.</summary>
public sealed class BudgetQueries(ReadModelStore store)
{
    private const string Select = """
        SELECT ledger AS Ledger, name AS Name, parent AS Parent, spec AS Spec, retired AS Retired, instances AS Instances, gpus AS Gpus, alerted_window AS AlertedWindow,
            alerted_percent AS AlertedPercent,
            (SELECT CAST(COUNT(*) AS INTEGER) FROM leases l WHERE l.ledger = budgets.ledger AND l.budget = budgets.name AND l.waiting = 1) AS Waiting
        FROM budgets
        """;

    private const string SelectEntries = """
        SELECT ordering AS Ordering, line AS Line, ledger AS Ledger, budget AS Budget, period AS Period, window_start AS Window, at AS At, kind AS Kind, instance AS Instance,
            queue AS Queue, pool AS Pool, held AS Held, spent AS Spent, held_after AS HeldAfter, spent_after AS SpentAfter, sentence AS Sentence
        FROM ledger_entries
        """;

    private const string SelectWindows = """
        SELECT budget AS Budget, period AS Period, window_start AS Window, held AS Held, spent AS Spent FROM budget_windows
        """;

    /// <summary>By name.</summary>
    /// <exception cref="InvalidCursorException">The cursor is not of this list.</exception>
    public Task<Page<BudgetRow>> ListAsync(string? ledger, PageRequest page, CancellationToken cancel) => new Conditions()
        .If(ledger, "ledger = @ledger", "ledger")
        .If(page.After is { } after ? Cursor.Text(after) : null, "name > @after", "after")
        .PageAsync<BudgetRow>(store, Select, "name", page, row => Cursor.Of(row.Name), cancel);

    /// <summary>The budget of this name; of one that has moved to another tree, the one that is declared.</summary>
    public Task<BudgetRow?> FindAsync(string name, CancellationToken cancel) => store.FirstAsync<BudgetRow>($"{Select} WHERE name = @name ORDER BY retired LIMIT 1", new { name }, cancel);

    /// <summary>The latest windows of a budget, the latest first.</summary>
    public Task<IReadOnlyList<BudgetWindowRow>> WindowsAsync(string ledger, string budget, int most, CancellationToken cancel) => store.QueryAsync<BudgetWindowRow>(
        $"{SelectWindows} WHERE ledger = @ledger AND budget = @budget ORDER BY window_start DESC LIMIT @most", new { ledger, budget, most }, cancel);

    /// <summary>The balance of the window that contains the time; null if nothing was ever held or spent in it.</summary>
    public Task<BudgetWindowRow?> WindowAsync(BudgetRow budget, DateTimeOffset now, CancellationToken cancel)
    {
        var spec = budget.Declared;
        return store.FirstAsync<BudgetWindowRow>(
            $"{SelectWindows} WHERE ledger = @ledger AND budget = @name AND period = @period AND window_start = @window",
            new { ledger = budget.Ledger, name = budget.Name, period = Columns.Word(spec.Window), window = new BudgetAccount { Spec = spec }.WindowOf(now).UtcTicks },
            cancel);
    }

    /// <summary>The lines of a budget, the latest first.</summary>
    /// <exception cref="InvalidCursorException">The cursor is not of this list.</exception>
    public Task<Page<LedgerEntryRow>> EntriesAsync(string budget, LedgerEntryFilter filter, PageRequest page, CancellationToken cancel)
    {
        var conditions = new Conditions()
            .If(budget, "budget = @budget", "budget")
            .If(filter.Instance, "instance = @instance", "instance")
            .If(filter.Queue, "queue = @queue", "queue")
            .If(filter.Pool, "pool = @pool", "pool")
            .If(filter.Kind, "kind = @kind", "kind")
            .If(filter.Since?.UtcTicks, "at >= @since", "since");
        if (page.After is { } after)
        {
            var (ordering, line) = Cursor.Pair(after);
            conditions.If(ordering, "(ordering < @ordering OR (ordering = @ordering AND line < @line))", "ordering").If(line, "TRUE", "line");
        }

        return conditions.PageAsync<LedgerEntryRow>(store, SelectEntries, "ordering DESC, line DESC", page, row => Cursor.Of(row.Ordering, row.Line), cancel);
    }
}
