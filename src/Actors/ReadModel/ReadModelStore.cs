using ControlPlane.Actors.Storage;
using Dapper;

namespace ControlPlane.Actors.ReadModel;

/// <summary>Reads the tables of the read model. Makes those that are not there yet, so a question that comes before the projection's first step finds empty ones.</summary>
public sealed class ReadModelStore(NodeStorage storage, IEnumerable<IProjector> projectors) : IDisposable
{
    private readonly SemaphoreSlim _once = new(1, 1);
    private volatile bool _made;

    public void Dispose() => _once.Dispose();

    internal async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? arguments, CancellationToken cancel)
    {
        await MakeTablesAsync(cancel).ConfigureAwait(false);
        await using var connection = await storage.Database.OpenAsync(cancel).ConfigureAwait(false);
        return (await connection.QueryAsync<T>(new CommandDefinition(sql, arguments, cancellationToken: cancel)).ConfigureAwait(false)).AsList();
    }

    internal async Task<T?> FirstAsync<T>(string sql, object? arguments, CancellationToken cancel)
    {
        await MakeTablesAsync(cancel).ConfigureAwait(false);
        await using var connection = await storage.Database.OpenAsync(cancel).ConfigureAwait(false);
        return await connection.QueryFirstOrDefaultAsync<T>(new CommandDefinition(sql, arguments, cancellationToken: cancel)).ConfigureAwait(false);
    }

    private async Task MakeTablesAsync(CancellationToken cancel)
    {
        if (_made)
            return;
        await _once.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (_made)
                return;
            var turn = storage.Database.Provider == StorageProvider.Sqlite ? storage.Database.WriteTurn : null;
            if (turn is not null)
                await turn.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                await using var connection = await storage.Database.OpenAsync(cancel).ConfigureAwait(false);
                storage.MakeReadModel(connection, projectors);
                _made = true;
            }
            finally
            {
                turn?.Release();
            }
        }
        finally
        {
            _once.Release();
        }
    }
}
