namespace ControlPlane.Actors.ReadModel;

/// <summary>How far the read model is.</summary>
/// <param name="Offset">The last event that it shows.</param>
/// <param name="Head">The last event of the journal.</param>
/// <param name="OldestMissing">When the oldest event was written that it does not show; null if it shows all.</param>
public sealed record ReadModelPosition(long Offset, long Head, DateTimeOffset? OldestMissing);

/// <summary>Tells how far the read model is behind the journal.</summary>
public sealed class ReadModelStatus(ReadModelStore store, ProjectionOptions options)
{
    private const string Select = """
        SELECT COALESCE((SELECT ordering FROM projection_offset WHERE name = @name), 0) AS Position, COALESCE((SELECT MAX(ordering) FROM journal), 0) AS Head
        """;

    private const string SelectMissing = "SELECT created FROM journal WHERE ordering > @offset ORDER BY ordering LIMIT 1";

    public async Task<ReadModelPosition> PositionAsync(CancellationToken cancel)
    {
        var row = await store.FirstAsync<Row>(Select, new { name = options.Name }, cancel).ConfigureAwait(false) ?? new Row();
        var missing = row.Position < row.Head ? await store.FirstAsync<long?>(SelectMissing, new { offset = row.Position }, cancel).ConfigureAwait(false) : null;
        return new ReadModelPosition(row.Position, row.Head, Columns.Time(missing));
    }

    private sealed class Row
    {
        public long Position { get; init; }

        public long Head { get; init; }
    }
}
