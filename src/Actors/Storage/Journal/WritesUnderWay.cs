using System.Collections.Concurrent;

namespace ControlPlane.Actors.Storage.Journal;

/// <summary>The last write of each entity that is under way: an incarnation that starts must see what its predecessor on this node still writes. Thread safe.</summary>
internal sealed class WritesUnderWay
{
    private readonly ConcurrentDictionary<string, Task> _writes = new(StringComparer.Ordinal);

    /// <returns>The write itself.</returns>
    public Task Add(string persistenceId, Task write)
    {
        _writes[persistenceId] = write;
        write.ContinueWith(
            done => _writes.TryRemove(new KeyValuePair<string, Task>(persistenceId, done)),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        return write;
    }

    /// <summary>Ends when the write of this entity has, whatever came of it.</summary>
    public async Task EndedAsync(string persistenceId, CancellationToken cancel)
    {
        if (_writes.TryGetValue(persistenceId, out var write))
            await Task.WhenAny(write).WaitAsync(cancel).ConfigureAwait(false);
    }
}
