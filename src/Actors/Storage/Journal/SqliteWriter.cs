using System.Diagnostics.Metrics;
using System.Threading.Channels;

namespace ControlPlane.Actors.Storage.Journal;

/// <summary>
/// The one writer of a SQLite database: takes all that waits, up to a limit, into one transaction. If that transaction fails, each write is tried in one of
/// its own, so that only the culprit fails.
/// </summary>
internal sealed class SqliteWriter : IAsyncDisposable
{
    private static readonly Histogram<int> GroupSize = new Meter("ControlPlane")
        .CreateHistogram<int>("controlplane.journal.group_size", description: "Writes of entities in one transaction");

    private readonly Database _database;
    private readonly Action _written;
    private readonly int _maxGroup;
    private readonly Channel<Write> _writes;
    private readonly Task _loop;
    private SqliteSession? _session;

    public SqliteWriter(Database database, StorageOptions options, Action written)
    {
        _database = database;
        _written = written;
        _maxGroup = options.MaxWritesPerTransaction;
        _writes = Channel.CreateBounded<Write>(new BoundedChannelOptions(options.MaxQueuedWrites) { SingleReader = true });
        _loop = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Default).Unwrap();
    }

    private sealed class Write(Action<SqliteSession> apply)
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Done => _done.Task;

        public void Apply(SqliteSession session) => apply(session);

        public void Succeed() => _done.TrySetResult();

        public void Fail(Exception fault) => _done.TrySetException(fault);
    }

    /// <summary>Has something written. The task ends when it is committed, or fails with the reason why it is not.</summary>
    public Task WriteAsync(Action<SqliteSession> apply, CancellationToken cancel)
    {
        var write = new Write(apply);
        return _writes.Writer.TryWrite(write) ? write.Done : WaitAsync(write, cancel);
    }

    public async ValueTask DisposeAsync()
    {
        _writes.Writer.TryComplete();
        await _loop.ConfigureAwait(false);
        _session?.Dispose();
    }

    private async Task WaitAsync(Write write, CancellationToken cancel)
    {
        await _writes.Writer.WriteAsync(write, cancel).ConfigureAwait(false);
        await write.Done.ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        var group = new List<Write>(_maxGroup);
        while (await _writes.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (group.Count < _maxGroup && _writes.Reader.TryRead(out var write))
                group.Add(write);
            await _database.WriteTurn.WaitAsync().ConfigureAwait(false);
            try
            {
                Commit(group);
            }
            finally
            {
                _database.WriteTurn.Release();
            }

            GroupSize.Record(group.Count);
            group.Clear();
            _written();
        }
    }

    private void Commit(List<Write> group)
    {
        var fault = TryCommit(group);
        if (fault is null)
        {
            group.ForEach(static w => w.Succeed());
        }
        else if (group.Count == 1)
        {
            group[0].Fail(fault);
        }
        else
        {
            foreach (var write in group)
            {
                if (TryCommit([write]) is { } own)
                    write.Fail(own);
                else
                    write.Succeed();
            }
        }
    }

    /// <summary>Every fault is handed to those who wait for the write: the loop itself must go on, for all other entities.</summary>
    private Exception? TryCommit(List<Write> group)
    {
        try
        {
            _session ??= new SqliteSession(_database);
            _session.Begin();
            foreach (var write in group)
                write.Apply(_session);
            _session.Commit();
            return null;
        }
        catch (Exception fault)
        {
            if (_session is not null && !_session.TryRollback())
            {
                _session.Dispose();
                _session = null;
            }

            return fault;
        }
    }
}
