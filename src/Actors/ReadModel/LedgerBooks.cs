using System.Collections.Immutable;
using System.Data.Common;
using System.Text.Json;
using ControlPlane.Actors.Budgets;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Queues;
using Dapper;
using static ControlPlane.Actors.ReadModel.LedgerTables;

namespace ControlPlane.Actors.ReadModel;

/// <summary>Enters one event of a ledger into its books.</summary>
internal sealed class LedgerBooks(RecordedEvent recorded, DbConnection connection, DbTransaction transaction, CancellationToken cancel)
{
    /// <summary>Spent windows leave the ledger's memory after this time, as in the ledger itself; their lines stay here.</summary>
    private static readonly TimeSpan WindowMemory = TimeSpan.FromDays(40);

    private const string Prune = """
        UPDATE budget_windows SET kept = 0 WHERE ledger = @ledger AND budget = @budget AND period = @period AND kept = 1 AND window_start < @before
            AND window_start < (SELECT MAX(w.window_start) FROM budget_windows w WHERE w.ledger = @ledger AND w.budget = @budget AND w.period = @period AND w.kept = 1)
            AND window_start < COALESCE((SELECT MIN(w.window_start) FROM budget_windows w
                WHERE w.ledger = @ledger AND w.budget = @budget AND w.period = @period AND w.kept = 1 AND w.held <> 0), @before)
        """;

    private const string SelectPrunable = """
        SELECT COALESCE(SUM(spent), 0) FROM budget_windows WHERE ledger = @ledger AND budget = @budget AND period = @period AND kept = 0
        """;

    private readonly string _ledger = Columns.NameIn(recorded.PersistenceId);
    private int _lines;

    public async Task GrantAsync(LedgerEvent.LeaseGranted e)
    {
        await RunAsync(UpsertLease, LeaseOf(e.Request, waiting: false, e.At, e.Until)).ConfigureAwait(false);
        await CountAsync(e.Request.Budget.Value, +1, e.Request.Gpus).ConfigureAwait(false);
        await PostAsync("granted", e.At, e.Postings, e.Request.Lease.Value, e.Request.Queue.Value, e.Request.Pool, e.Request.Budget.Value, LedgerStory.Of(e, e.Request.Lease.Value)).ConfigureAwait(false);
    }

    public async Task RenewAsync(LedgerEvent.LeaseRenewed e)
    {
        var instance = e.Lease.Value;
        await RunAsync(RenewLease, new
        {
            ledger = _ledger,
            instance,
            heldFrom = e.HeldFrom.UtcTicks,
            until = e.Until.UtcTicks,
            posted = e.Posted.Micros,
            postedFrom = e.PostedFrom.UtcTicks,
            rate = e.Rate.MicrosPerHour,
        }).ConfigureAwait(false);
        var lease = await LeaseAsync(instance).ConfigureAwait(false);
        await PostAsync("renewed", e.At, e.Postings, instance, lease?.Queue, lease?.Pool, lease?.Budget, LedgerStory.Of(e, instance)).ConfigureAwait(false);
    }

    public async Task SettleAsync(LedgerEvent.LeaseSettled e)
    {
        var instance = e.Lease.Value;
        var lease = await LeaseAsync(instance).ConfigureAwait(false);
        await PostAsync("settled", e.At, e.Postings, instance, lease?.Queue, lease?.Pool, lease?.Budget, LedgerStory.Of(e, instance)).ConfigureAwait(false);
        if (lease is null)
            return;
        await RunAsync(DeleteLease, new { ledger = _ledger, instance }).ConfigureAwait(false);
        await CountAsync(lease.Budget, -1, -lease.Gpus).ConfigureAwait(false);
        await ForgetAsync(lease.Budget, e.At).ConfigureAwait(false);
    }

    public async Task QueueAsync(LedgerEvent.RequestQueued e)
    {
        var request = e.Request;
        await RunAsync(UpsertLease, LeaseOf(request, waiting: true, e.At, e.At)).ConfigureAwait(false);
        await NoteAsync("queued", e.At, e.Denial.Budget.Value, request.Lease.Value, request.Queue.Value, request.Pool, LedgerStory.Of(e, request.Lease.Value)).ConfigureAwait(false);
    }

    public async Task WithdrawAsync(LedgerEvent.RequestWithdrawn e)
    {
        var instance = e.Lease.Value;
        var lease = await LeaseAsync(instance).ConfigureAwait(false);
        await RunAsync(DeleteLease, new { ledger = _ledger, instance }).ConfigureAwait(false);
        await NoteAsync("withdrawn", e.At, lease?.Budget ?? _ledger, instance, lease?.Queue, lease?.Pool, LedgerStory.Of(e, instance)).ConfigureAwait(false);
    }

    public async Task DenyAsync(LedgerEvent.RenewalDenied e)
    {
        var instance = e.Lease.Value;
        var lease = await LeaseAsync(instance).ConfigureAwait(false);
        await NoteAsync("denied", e.At, e.Denial.Budget.Value, instance, lease?.Queue, lease?.Pool, LedgerStory.Of(e, instance)).ConfigureAwait(false);
    }

    public async Task AlertAsync(LedgerEvent.AlertReached e)
    {
        await RunAsync(
            "UPDATE budgets SET alerted_window = @window, alerted_percent = @percent WHERE ledger = @ledger AND name = @budget",
            new { ledger = _ledger, budget = e.Budget.Value, window = e.Window.UtcTicks, percent = e.Percent }).ConfigureAwait(false);
        await NoteAsync("alert", e.At, e.Budget.Value, null, null, null, LedgerStory.Of(e, null), e.Window).ConfigureAwait(false);
    }

    /// <summary>A new shape of the tree: the ledger counts everything anew. What that changed is entered as lines of its own.</summary>
    public async Task ConfigureAsync(LedgerEvent.Configured e)
    {
        var windows = (await connection.QueryAsync<WindowRow>(Command(SelectWindows, new { ledger = _ledger })).ConfigureAwait(false)).AsList();
        var before = await LoadAsync(windows).ConfigureAwait(false);
        var after = LedgerDecider.Apply(before, e);
        foreach (var (name, account) in after.Budgets)
        {
            await RunAsync(UpsertBudget, new
            {
                ledger = _ledger,
                name = name.Value,
                parent = account.Spec.Parent?.Value,
                spec = JsonSerializer.Serialize(account.Spec, LedgerJson.Default.BudgetSpec),
                limit = account.Spec.Limit?.Micros,
                retired = account.Retired ? 1 : 0,
                instances = account.Instances,
                gpus = account.Gpus,
                archived = account.Archived.Micros,
                revision = e.Revision,
            }).ConfigureAwait(false);
        }

        var sentence = LedgerStory.Of(e, null);
        foreach (var name in before.Budgets.Keys.Union(after.Budgets.Keys))
        {
            var old = windows.Where(w => w.Budget == name.Value);
            if (after.Budgets.TryGetValue(name, out var account))
            {
                var recounted = before.Budgets.TryGetValue(name, out var was) && was.Archived != account.Archived;
                await RecountAsync(account, [.. old], recounted, e.At, sentence).ConfigureAwait(false);
            }
            else
            {
                await CloseAsync(name.Value, [.. old], e.At).ConfigureAwait(false);
            }
        }

        if (_lines == 0)
            await NoteAsync("configured", e.At, _ledger, null, null, null, sentence).ConfigureAwait(false);
    }

    /// <param name="account">As it is counted now.</param>
    /// <param name="old">All windows that the books have of it.</param>
    /// <param name="recounted">The windows that the ledger no longer remembered were counted anew too.</param>
    /// <param name="at">When.</param>
    /// <param name="sentence">Why.</param>
    private async Task RecountAsync(BudgetAccount account, IReadOnlyList<WindowRow> old, bool recounted, DateTimeOffset at, string sentence)
    {
        var period = Columns.Word(account.Spec.Window);
        var name = account.Spec.Name.Value;
        foreach (var window in old.Where(w => (w.Kept || recounted) && (w.Period != period || !account.Windows.ContainsKey(Columns.Time(w.Window)))))
        {
            await EnterAsync(Line("configured", at, name, window.Period, window.Window, sentence, -window.Held, -window.Spent, 0, 0)).ConfigureAwait(false);
            await RunAsync(
                "DELETE FROM budget_windows WHERE ledger = @ledger AND budget = @name AND period = @period AND window_start = @window",
                new { ledger = _ledger, name, period = window.Period, window = window.Window }).ConfigureAwait(false);
        }

        foreach (var (start, balance) in account.Windows)
        {
            var was = old.FirstOrDefault(w => w.Period == period && w.Window == start.UtcTicks);
            var held = balance.Held.Micros - (was?.Held ?? 0);
            var spent = balance.Spent.Micros - (was?.Spent ?? 0);
            if (held == 0 && spent == 0 && was is { Kept: true })
                continue;
            var line = Line("configured", at, name, period, start.UtcTicks, sentence, held, spent, balance.Held.Micros, balance.Spent.Micros);
            await RunAsync(UpsertWindow, line).ConfigureAwait(false);
            if (held != 0 || spent != 0)
                await EnterAsync(line).ConfigureAwait(false);
        }
    }

    /// <summary>The budget is gone: its balances are taken out of the books, so that one of the same name begins at nothing.</summary>
    private async Task CloseAsync(string name, IReadOnlyList<WindowRow> windows, DateTimeOffset at)
    {
        foreach (var window in windows.Where(w => w.Held != 0 || w.Spent != 0))
        {
            await EnterAsync(Line(
                "closed", at, name, window.Period, window.Window, $"Budget {name} is no longer declared and nothing of it is left: its books are closed.", -window.Held, -window.Spent, 0, 0))
                .ConfigureAwait(false);
        }

        await RunAsync("DELETE FROM budget_windows WHERE ledger = @ledger AND budget = @name", new { ledger = _ledger, name }).ConfigureAwait(false);
        await RunAsync("DELETE FROM budgets WHERE ledger = @ledger AND name = @name", new { ledger = _ledger, name }).ConfigureAwait(false);
    }

    /// <summary>What the ledger forgets when a lease is settled: windows long past, and retired budgets without leases.</summary>
    private async Task ForgetAsync(string leaf, DateTimeOffset at)
    {
        var chain = await connection.QueryAsync<AccountRow>(Command(SelectChain, new { ledger = _ledger, budget = leaf })).ConfigureAwait(false);
        foreach (var account in chain)
        {
            if (account is { Retired: true, Instances: 0 })
            {
                const string sql = SelectWindows + " AND budget = @budget";
                var windows = await connection.QueryAsync<WindowRow>(Command(sql, new { ledger = _ledger, budget = account.Name })).ConfigureAwait(false);
                await CloseAsync(account.Name, windows.AsList(), at).ConfigureAwait(false);
                continue;
            }

            var spec = SpecOf(account.Spec);
            if (spec.Window == BudgetWindow.Total)
                continue;
            var scope = new { ledger = _ledger, budget = account.Name, period = Columns.Word(spec.Window), before = (at - WindowMemory).UtcTicks };
            var forgotten = await connection.ExecuteScalarAsync<long>(Command(SelectPrunable, scope)).ConfigureAwait(false);
            if (await connection.ExecuteAsync(Command(Prune, scope)).ConfigureAwait(false) == 0)
                continue;
            var archived = await connection.ExecuteScalarAsync<long>(Command(SelectPrunable, scope)).ConfigureAwait(false) - forgotten;
            await RunAsync("UPDATE budgets SET archived = archived + @archived WHERE ledger = @ledger AND name = @name", new { ledger = _ledger, name = account.Name, archived }).ConfigureAwait(false);
        }
    }

    private async Task<LedgerState> LoadAsync(IReadOnlyList<WindowRow> windows)
    {
        var budgets = await connection.QueryAsync<AccountRow>(Command(SelectBudgets, new { ledger = _ledger })).ConfigureAwait(false);
        var leases = await connection.QueryAsync<LeaseRow>(Command(SelectLeases, new { ledger = _ledger })).ConfigureAwait(false);
        return LedgerState.Initial with
        {
            Budgets = budgets.ToImmutableSortedDictionary(b => new BudgetName(b.Name), b => new BudgetAccount
            {
                Spec = SpecOf(b.Spec),
                Retired = b.Retired,
                Instances = b.Instances,
                Gpus = b.Gpus,
                Archived = new Money(b.Archived),
                Windows = windows.Where(w => w.Budget == b.Name && w.Kept)
                    .ToImmutableSortedDictionary(w => Columns.Time(w.Window), w => new Balance(new Money(w.Held), new Money(w.Spent))),
            }),
            Leases = leases.Select(LeaseOf).ToImmutableDictionary(l => l.Id),
        };
    }

    private async Task PostAsync(string kind, DateTimeOffset at, IReadOnlyList<Posting> postings, string instance, string? queue, string? pool, string? budget, string sentence)
    {
        foreach (var p in postings)
        {
            var spec = await SpecAsync(p.Budget.Value).ConfigureAwait(false);
            var line = Line(
                kind, at, p.Budget.Value, PeriodOf(spec), p.Window.UtcTicks, sentence, p.Held.Micros, p.Spent.Micros, p.HeldAfter.Micros, p.SpentAfter.Micros, instance, queue, pool);
            await RunAsync(UpsertWindow, line).ConfigureAwait(false);
            await EnterAsync(line).ConfigureAwait(false);
        }

        // A free machine changes no balance, but its lease is to be read too.
        if (postings.Count == 0)
            await NoteAsync(kind, at, budget ?? _ledger, instance, queue, pool, sentence).ConfigureAwait(false);
    }

    /// <summary>An entry that changes no balance, with the balance of the window that it stands in.</summary>
    private async Task NoteAsync(string kind, DateTimeOffset at, string budget, string? instance, string? queue, string? pool, string sentence, DateTimeOffset? start = null)
    {
        var spec = await SpecAsync(budget).ConfigureAwait(false);
        var window = start ?? (spec is null ? null : new BudgetAccount { Spec = spec }.WindowOf(at));
        var balance = window is null
            ? null
            : await connection.QueryFirstOrDefaultAsync<BalanceRow>(Command(SelectBalance, new { ledger = _ledger, budget, period = PeriodOf(spec), window = window.Value.UtcTicks })).ConfigureAwait(false);
        await EnterAsync(Line(kind, at, budget, PeriodOf(spec), window?.UtcTicks, sentence, 0, 0, balance?.Held ?? 0, balance?.Spent ?? 0, instance, queue, pool)).ConfigureAwait(false);
    }

    private Entry Line(
        string kind, DateTimeOffset at, string budget, string period, long? window, string sentence, long held, long spent, long heldAfter, long spentAfter,
        string? instance = null, string? queue = null, string? pool = null) => new()
        {
            Ordering = recorded.Ordering,
            Line = _lines,
            Ledger = _ledger,
            Budget = budget,
            Period = period,
            Window = window,
            At = at.UtcTicks,
            Kind = kind,
            Instance = instance,
            Queue = queue,
            Pool = pool,
            Held = held,
            Spent = spent,
            HeldAfter = heldAfter,
            SpentAfter = spentAfter,
            Sentence = sentence,
        };

    private async Task EnterAsync(Entry entry)
    {
        await RunAsync(InsertEntry, entry).ConfigureAwait(false);
        _lines++;
    }

    private Task<int> CountAsync(string budget, int instances, int gpus) => RunAsync(Count, new { ledger = _ledger, budget, instances, gpus });

    private async Task<BudgetSpec?> SpecAsync(string budget) =>
        await connection.ExecuteScalarAsync<string?>(Command(SelectSpec, new { ledger = _ledger, budget })).ConfigureAwait(false) is { } json ? SpecOf(json) : null;

    private Task<LeaseRow?> LeaseAsync(string instance) => connection.QueryFirstOrDefaultAsync<LeaseRow>(Command(SelectLease, new { ledger = _ledger, instance }));

    private Task<int> RunAsync(string sql, object arguments) => connection.ExecuteAsync(Command(sql, arguments));

    private CommandDefinition Command(string sql, object arguments) => new(sql, arguments, transaction, cancellationToken: cancel);

    private static BudgetSpec SpecOf(string json) => JsonSerializer.Deserialize(json, LedgerJson.Default.BudgetSpec)!;

    private static string PeriodOf(BudgetSpec? spec) => Columns.Word(spec?.Window ?? BudgetWindow.Total);

    private object LeaseOf(LeaseRequest request, bool waiting, DateTimeOffset from, DateTimeOffset until) => new
    {
        Ledger = _ledger,
        Instance = request.Lease.Value,
        Queue = request.Queue.Value,
        request.Pool,
        Budget = request.Budget.Value,
        WorstRate = request.WorstRate.MicrosPerHour,
        Length = request.Length.Ticks,
        request.Gpus,
        request.Priority,
        Waiting = waiting ? 1 : 0,
        HeldFrom = from.UtcTicks,
        HeldUntil = until.UtcTicks,
    };

    private static Lease LeaseOf(LeaseRow row) => new(
        new LeaseRequest(
            new InstanceId(row.Instance), new QueueName(row.Queue), row.Pool, new BudgetName(row.Budget), new HourlyRate(row.WorstRate), TimeSpan.FromTicks(row.Length), row.Gpus, row.Priority),
        Columns.Time(row.HeldFrom), Columns.Time(row.HeldUntil), new Money(row.Posted), Columns.Time(row.LastFrom), new HourlyRate(row.LastRate));
}
