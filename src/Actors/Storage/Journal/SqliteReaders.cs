using System.Threading.Channels;

namespace ControlPlane.Actors.Storage.Journal;

/// <summary>A few connections that read for recovering entities. SQLite reads block their thread, so there are no more of them than is useful.</summary>
internal sealed class SqliteReaders : IAsyncDisposable
{
    private readonly Channel<Action<SqliteSession>> _reads = Channel.CreateUnbounded<Action<SqliteSession>>();
    private readonly Task[] _loops;

    public SqliteReaders(Database database, int count) =>
        _loops = [.. Enumerable.Range(0, count).Select(_ => Task.Run(() => RunAsync(database)))];

    public Task<T> ReadAsync<T>(Func<SqliteSession, T> read, CancellationToken cancel)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var accepted = _reads.Writer.TryWrite(session =>
        {
            if (cancel.IsCancellationRequested)
            {
                done.TrySetCanceled(cancel);
                return;
            }

            try
            {
                done.TrySetResult(read(session));
            }
            catch (Exception fault)
            {
                // Whoever waits for the read gets it; the reader goes on for the others.
                done.TrySetException(fault);
            }
        });
        return accepted ? done.Task : Task.FromException<T>(new ObjectDisposedException(nameof(SqliteReaders)));
    }

    public async ValueTask DisposeAsync()
    {
        _reads.Writer.TryComplete();
        await Task.WhenAll(_loops).ConfigureAwait(false);
    }

    private async Task RunAsync(Database database)
    {
        using var session = new SqliteSession(database);
        await foreach (var read in _reads.Reader.ReadAllAsync().ConfigureAwait(false))
            read(session);
    }
}
