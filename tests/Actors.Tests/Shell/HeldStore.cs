using ControlPlane.Actors.Storage.Journal;
using Microsoft.Data.Sqlite;

namespace ControlPlane.Actors.Tests.Shell;

/// <summary>An event store in memory, whose writes wait until the test lets them through or has them fail.</summary>
internal sealed class HeldStore : EventStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<EventRow>> _streams = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SnapshotRow> _snapshots = new(StringComparer.Ordinal);
    private readonly Queue<(string Id, IReadOnlyList<EventRow> Rows, TaskCompletionSource Done)> _held = new();
    private readonly List<int> _sizes = [];
    private bool _holding;

    /// <summary>The number of events of each write that was asked for.</summary>
    public IReadOnlyList<int> Sizes
    {
        get
        {
            lock (_lock)
                return [.. _sizes];
        }
    }

    public int HeldCount
    {
        get
        {
            lock (_lock)
                return _held.Count;
        }
    }

    public int SnapshotsSaved { get; private set; }

    public IReadOnlyList<string> Manifests(string id)
    {
        lock (_lock)
            return [.. Stream(id).Select(r => r.Manifest)];
    }

    public SnapshotRow? Snapshot(string id)
    {
        lock (_lock)
            return _snapshots.GetValueOrDefault(id);
    }

    public void Replace(SnapshotRow snapshot)
    {
        lock (_lock)
            _snapshots[snapshot.PersistenceId] = snapshot;
    }

    public void Hold()
    {
        lock (_lock)
            _holding = true;
    }

    /// <summary>Lets the oldest held write through.</summary>
    public void LetOne()
    {
        lock (_lock)
        {
            var (id, rows, done) = _held.Dequeue();
            Complete(id, rows, done);
        }
    }

    public void FailOne(Exception fault)
    {
        lock (_lock)
            _held.Dequeue().Done.SetException(fault);
    }

    /// <summary>Lets all held writes through, and all that follow.</summary>
    public void LetAll()
    {
        lock (_lock)
        {
            _holding = false;
            while (_held.TryDequeue(out var held))
                Complete(held.Id, held.Rows, held.Done);
        }
    }

    protected override Task WriteAsync(string persistenceId, IReadOnlyList<EventRow> events, CancellationToken cancel)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _sizes.Add(events.Count);
            if (_holding)
                _held.Enqueue((persistenceId, events, done));
            else
                Complete(persistenceId, events, done);
        }

        return done.Task;
    }

    protected override Task<EventStream> ReadWrittenAsync(string persistenceId, long fromSequenceNr, long toSequenceNr, long max, CancellationToken cancel)
    {
        lock (_lock)
        {
            var all = Stream(persistenceId);
            var highest = all.Count == 0 ? 0 : all[^1].SequenceNr;
            return Task.FromResult(new EventStream([.. all.Where(e => e.SequenceNr >= fromSequenceNr && e.SequenceNr <= toSequenceNr)], highest));
        }
    }

    public override Task DeleteToAsync(string persistenceId, long toSequenceNr, CancellationToken cancel)
    {
        lock (_lock)
            Stream(persistenceId).RemoveAll(e => e.SequenceNr <= toSequenceNr);
        return Task.CompletedTask;
    }

    protected override Task WriteManifestAsync(string manifest, CancellationToken cancel) => Task.CompletedTask;

    protected override Task WriteSnapshotAsync(SnapshotRow snapshot, CancellationToken cancel)
    {
        lock (_lock)
        {
            _snapshots[snapshot.PersistenceId] = snapshot;
            SnapshotsSaved++;
        }

        return Task.CompletedTask;
    }

    public override Task<SnapshotRow?> LoadSnapshotAsync(string persistenceId, long maxSequenceNr, long maxCreatedTicks, CancellationToken cancel) =>
        Task.FromResult(Snapshot(persistenceId));

    public override Task DeleteSnapshotsAsync(string persistenceId, long minSequenceNr, long maxSequenceNr, CancellationToken cancel) => Task.CompletedTask;

    public override Task ProbeAsync(long atTicks, CancellationToken cancel) => Task.CompletedTask;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Complete(string id, IReadOnlyList<EventRow> rows, TaskCompletionSource done)
    {
        var stream = Stream(id);
        if (stream.Count > 0 && rows[0].SequenceNr <= stream[^1].SequenceNr)
        {
            done.SetException(new SqliteException("UNIQUE constraint failed", 19));
            return;
        }

        stream.AddRange(rows);
        done.SetResult();
    }

    private List<EventRow> Stream(string id)
    {
        if (!_streams.TryGetValue(id, out var stream))
            _streams.Add(id, stream = []);
        return stream;
    }
}
