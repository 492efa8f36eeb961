namespace ControlPlane.Actors.ReadModel;

/// <summary>The tables of the ledgers. They hold all that a change of a tree's shape is computed from, so that its effect can be entered too.</summary>
internal static class LedgerTables
{
    public const string Schema = """
        CREATE TABLE IF NOT EXISTS budgets (
            ledger TEXT NOT NULL,
            name TEXT NOT NULL,
            parent TEXT NULL,
            spec TEXT NOT NULL,
            limit_micros BIGINT NULL,
            retired INTEGER NOT NULL,
            instances INTEGER NOT NULL,
            gpus INTEGER NOT NULL,
            archived BIGINT NOT NULL,
            alerted_window BIGINT NULL,
            alerted_percent INTEGER NOT NULL,
            revision BIGINT NOT NULL,
            PRIMARY KEY (ledger, name));
        CREATE INDEX IF NOT EXISTS budgets_name ON budgets (name);
        CREATE TABLE IF NOT EXISTS budget_windows (
            ledger TEXT NOT NULL,
            budget TEXT NOT NULL,
            period TEXT NOT NULL,
            window_start BIGINT NOT NULL,
            held BIGINT NOT NULL,
            spent BIGINT NOT NULL,
            kept INTEGER NOT NULL,
            PRIMARY KEY (ledger, budget, period, window_start));
        CREATE TABLE IF NOT EXISTS leases (
            ledger TEXT NOT NULL,
            instance TEXT NOT NULL,
            queue TEXT NOT NULL,
            pool TEXT NOT NULL,
            budget TEXT NOT NULL,
            worst_rate BIGINT NOT NULL,
            length BIGINT NOT NULL,
            gpus INTEGER NOT NULL,
            priority INTEGER NOT NULL,
            waiting INTEGER NOT NULL,
            held_from BIGINT NOT NULL,
            held_until BIGINT NOT NULL,
            posted BIGINT NOT NULL,
            last_from BIGINT NOT NULL,
            last_rate BIGINT NOT NULL,
            PRIMARY KEY (ledger, instance));
        CREATE TABLE IF NOT EXISTS ledger_entries (
            ordering BIGINT NOT NULL,
            line INTEGER NOT NULL,
            ledger TEXT NOT NULL,
            budget TEXT NOT NULL,
            period TEXT NOT NULL,
            window_start BIGINT NULL,
            at BIGINT NOT NULL,
            kind TEXT NOT NULL,
            instance TEXT NULL,
            queue TEXT NULL,
            pool TEXT NULL,
            held BIGINT NOT NULL,
            spent BIGINT NOT NULL,
            held_after BIGINT NOT NULL,
            spent_after BIGINT NOT NULL,
            sentence TEXT NOT NULL,
            PRIMARY KEY (ordering, line));
        CREATE INDEX IF NOT EXISTS ledger_entries_budget ON ledger_entries (budget, ordering, line);
        CREATE INDEX IF NOT EXISTS ledger_entries_instance ON ledger_entries (instance, ordering);
        """;

    public const string InsertEntry = """
        INSERT INTO ledger_entries (ordering, line, ledger, budget, period, window_start, at, kind, instance, queue, pool, held, spent, held_after, spent_after, sentence)
        VALUES (@Ordering, @Line, @Ledger, @Budget, @Period, @Window, @At, @Kind, @Instance, @Queue, @Pool, @Held, @Spent, @HeldAfter, @SpentAfter, @Sentence)
        """;

    public const string UpsertWindow = """
        INSERT INTO budget_windows (ledger, budget, period, window_start, held, spent, kept) VALUES (@Ledger, @Budget, @Period, @Window, @HeldAfter, @SpentAfter, 1)
        ON CONFLICT (ledger, budget, period, window_start) DO UPDATE SET held = excluded.held, spent = excluded.spent, kept = 1
        """;

    public const string UpsertLease = """
        INSERT INTO leases (ledger, instance, queue, pool, budget, worst_rate, length, gpus, priority, waiting, held_from, held_until, posted, last_from, last_rate)
        VALUES (@Ledger, @Instance, @Queue, @Pool, @Budget, @WorstRate, @Length, @Gpus, @Priority, @Waiting, @HeldFrom, @HeldUntil, 0, @HeldFrom, @WorstRate)
        ON CONFLICT (ledger, instance) DO UPDATE SET waiting = excluded.waiting, held_from = excluded.held_from, held_until = excluded.held_until, posted = 0,
            last_from = excluded.last_from, last_rate = excluded.last_rate
        """;

    public const string RenewLease = """
        UPDATE leases SET held_from = @heldFrom, held_until = @until, posted = posted + @posted,
            last_from = CASE WHEN @posted > 0 THEN @postedFrom ELSE last_from END, last_rate = CASE WHEN @posted > 0 THEN @rate ELSE last_rate END
        WHERE ledger = @ledger AND instance = @instance
        """;

    public const string SelectLease = "SELECT queue AS Queue, pool AS Pool, budget AS Budget, gpus AS Gpus, waiting AS Waiting FROM leases WHERE ledger = @ledger AND instance = @instance";

    public const string DeleteLease = "DELETE FROM leases WHERE ledger = @ledger AND instance = @instance";

    public const string SelectSpec = "SELECT spec FROM budgets WHERE ledger = @ledger AND name = @budget";

    public const string SelectBalance = """
        SELECT held AS Held, spent AS Spent FROM budget_windows WHERE ledger = @ledger AND budget = @budget AND period = @period AND window_start = @window
        """;

    /// <summary>Counts instances and GPUs along the chain from a budget to its root.</summary>
    public const string Count = Chain + """
        UPDATE budgets SET instances = instances + @instances, gpus = gpus + @gpus WHERE ledger = @ledger AND name IN (SELECT name FROM chain)
        """;

    /// <summary>The budgets of the chain, from the leaf up.</summary>
    public const string SelectChain = Chain + """
        SELECT b.name AS Name, b.spec AS Spec, b.retired AS Retired, b.instances AS Instances, b.gpus AS Gpus, b.archived AS Archived
        FROM chain c JOIN budgets b ON b.ledger = @ledger AND b.name = c.name ORDER BY c.depth
        """;

    public const string SelectBudgets =
        "SELECT name AS Name, spec AS Spec, retired AS Retired, instances AS Instances, gpus AS Gpus, archived AS Archived FROM budgets WHERE ledger = @ledger";

    public const string SelectWindows =
        "SELECT budget AS Budget, period AS Period, window_start AS Window, held AS Held, spent AS Spent, kept AS Kept FROM budget_windows WHERE ledger = @ledger";

    public const string SelectLeases = """
        SELECT instance AS Instance, queue AS Queue, pool AS Pool, budget AS Budget, worst_rate AS WorstRate, length AS Length, gpus AS Gpus, priority AS Priority,
            held_from AS HeldFrom, held_until AS HeldUntil, posted AS Posted, last_from AS LastFrom, last_rate AS LastRate
        FROM leases WHERE ledger = @ledger AND waiting = 0
        """;

    public const string UpsertBudget = """
        INSERT INTO budgets (ledger, name, parent, spec, limit_micros, retired, instances, gpus, archived, alerted_percent, revision)
        VALUES (@ledger, @name, @parent, @spec, @limit, @retired, @instances, @gpus, @archived, 0, @revision)
        ON CONFLICT (ledger, name) DO UPDATE SET parent = excluded.parent, spec = excluded.spec, limit_micros = excluded.limit_micros, retired = excluded.retired,
            instances = excluded.instances, gpus = excluded.gpus, archived = excluded.archived, revision = excluded.revision
        """;

    private const string Chain = """
        WITH RECURSIVE chain (name, depth) AS (
            SELECT CAST(@budget AS TEXT), 0
            UNION ALL
            SELECT b.parent, c.depth + 1 FROM budgets b JOIN chain c ON b.name = c.name WHERE b.ledger = @ledger AND b.parent IS NOT NULL)

        """;

    public sealed class LeaseRow
    {
        public string Instance { get; init; } = "";

        public required string Queue { get; init; }

        public required string Pool { get; init; }

        public required string Budget { get; init; }

        public long WorstRate { get; init; }

        public long Length { get; init; }

        public int Gpus { get; init; }

        public int Priority { get; init; }

        public bool Waiting { get; init; }

        public long HeldFrom { get; init; }

        public long HeldUntil { get; init; }

        public long Posted { get; init; }

        public long LastFrom { get; init; }

        public long LastRate { get; init; }
    }

    public sealed class AccountRow
    {
        public required string Name { get; init; }

        public required string Spec { get; init; }

        public bool Retired { get; init; }

        public int Instances { get; init; }

        public int Gpus { get; init; }

        public long Archived { get; init; }
    }

    public sealed class WindowRow
    {
        public required string Budget { get; init; }

        public required string Period { get; init; }

        public long Window { get; init; }

        public long Held { get; init; }

        public long Spent { get; init; }

        public bool Kept { get; init; }
    }

    public sealed class BalanceRow
    {
        public long Held { get; init; }

        public long Spent { get; init; }
    }

    public sealed class Entry
    {
        public required long Ordering { get; init; }

        public required int Line { get; init; }

        public required string Ledger { get; init; }

        public required string Budget { get; init; }

        public required string Period { get; init; }

        public required long? Window { get; init; }

        public required long At { get; init; }

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
}
