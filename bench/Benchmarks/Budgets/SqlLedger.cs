using System.Diagnostics;
using Npgsql;

namespace ControlPlane.Benchmarks.Budgets;

/// <summary>How a grant goes to the server.</summary>
internal enum SqlWay
{
    /// <summary>Three guarded updates and an insert in one trip, the commit in another.</summary>
    Statements,

    /// <summary>One trip: a function on the server, a transaction by itself.</summary>
    Function,
}

/// <summary>
/// The ledger as one would write it in SQL: a row for each budget, held money is raised where it fits, and the lease is inserted, in one transaction. The budget that
/// pays goes first and the root last, so that the row which everybody needs is locked for the shortest time.
/// </summary>
internal sealed class SqlLedger : IAsyncDisposable
{
    private const string Schema = """
        CREATE TABLE budget (name TEXT PRIMARY KEY, held BIGINT NOT NULL, spent BIGINT NOT NULL, money BIGINT NOT NULL, instances BIGINT NOT NULL, most BIGINT NOT NULL)
            WITH (fillfactor = 10);
        CREATE TABLE lease (id TEXT PRIMARY KEY, budget TEXT NOT NULL, queue TEXT NOT NULL, rate BIGINT NOT NULL, amount BIGINT NOT NULL, since BIGINT NOT NULL, until BIGINT NOT NULL);
        INSERT INTO budget VALUES ('root', 0, 0, 1000000000000000, 0, 10000000), ('team', 0, 0, 500000000000000, 0, 10000000), ('leaf', 0, 0, 100000000000000, 0, 10000000);
        CREATE FUNCTION reserve(id TEXT, amount BIGINT, since BIGINT, until BIGINT) RETURNS VOID LANGUAGE plpgsql AS $$
        DECLARE path TEXT;
        BEGIN
            FOREACH path IN ARRAY ARRAY['leaf', 'team', 'root'] LOOP
                UPDATE budget SET held = held + amount, instances = instances + 1 WHERE name = path AND spent + held + amount <= money AND instances + 1 <= most;
                IF NOT FOUND THEN RAISE EXCEPTION 'budget % has no money left', path; END IF;
            END LOOP;
            INSERT INTO lease VALUES (id, 'leaf', 'queue', 1000000, amount, since, until);
        END $$
        """;

    private const string Update = "UPDATE budget SET held = held + $2, instances = instances + 1 WHERE name = $1 AND spent + held + $2 <= money AND instances + 1 <= most";

    private const string Insert = "INSERT INTO lease VALUES ($1, 'leaf', 'queue', 1000000, $2, $3, $4)";

    private const long Amount = 166_667;

    private readonly NpgsqlDataSource _source;
    private int _granted;

    private SqlLedger(NpgsqlDataSource source) => _source = source;

    public static async Task<SqlLedger> StartAsync(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString) { MaxPoolSize = 100, MaxAutoPrepare = 16, AutoPrepareMinUsages = 1 };
        var source = NpgsqlDataSource.Create(builder);
        await using var make = source.CreateCommand(Schema);
        await make.ExecuteNonQueryAsync();
        return new SqlLedger(source);
    }

    /// <summary>A closed loop on each connection.</summary>
    public async Task<LedgerFigures> RunAsync(SqlWay way, int connections, TimeSpan time)
    {
        var began = Stopwatch.GetTimestamp();
        var before = _granted;
        var loops = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(() => LoopAsync(way, began, time))));
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        double[] milliseconds = [.. loops.SelectMany(l => l).Order()];
        await CheckAsync(before + milliseconds.Length);
        return new LedgerFigures(milliseconds.Length / seconds, milliseconds[milliseconds.Length / 2], milliseconds[(int)(0.99 * (milliseconds.Length - 1))]);
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private async Task<List<double>> LoopAsync(SqlWay way, long began, TimeSpan time)
    {
        List<double> milliseconds = [];
        await using var connection = await _source.OpenConnectionAsync();
        while (Stopwatch.GetElapsedTime(began) < time)
        {
            var asked = Stopwatch.GetTimestamp();
            var id = $"lease-{Interlocked.Increment(ref _granted):000000000000}-------";
            if (way == SqlWay.Function)
                await CallAsync(connection, id);
            else
                await ReserveAsync(connection, id);
            milliseconds.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
        }

        return milliseconds;
    }

    private static async Task ReserveAsync(NpgsqlConnection connection, string id)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        await using var batch = new NpgsqlBatch(connection, transaction);
        foreach (var budget in new[] { "leaf", "team", "root" })
            batch.BatchCommands.Add(new NpgsqlBatchCommand(Update) { Parameters = { new() { Value = budget }, new() { Value = Amount } } });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(Insert) { Parameters = { new() { Value = id }, new() { Value = Amount }, new() { Value = 1L }, new() { Value = 2L } } });
        await batch.ExecuteNonQueryAsync();
        if (batch.BatchCommands.Cast<NpgsqlBatchCommand>().Any(c => c.RecordsAffected != 1))
            throw new InvalidOperationException("A budget refused; there is room for all.");
        await transaction.CommitAsync();
    }

    private static async Task CallAsync(NpgsqlConnection connection, string id)
    {
        await using var call = new NpgsqlCommand("SELECT reserve($1, $2, $3, $4)", connection)
        {
            Parameters = { new() { Value = id }, new() { Value = Amount }, new() { Value = 1L }, new() { Value = 2L } },
        };
        await call.ExecuteNonQueryAsync();
    }

    /// <summary>What was granted stands in every budget and as leases.</summary>
    private async Task CheckAsync(long granted)
    {
        await using var count = _source.CreateCommand($"SELECT (SELECT count(*) FROM lease) = {granted} AND (SELECT bool_and(held = {granted * Amount} AND instances = {granted}) FROM budget)");
        if (await count.ExecuteScalarAsync() is not true)
            throw new InvalidOperationException("The SQL ledger does not hold what it granted.");
    }
}
