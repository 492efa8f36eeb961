using System.Collections.Concurrent;
using System.Threading.Channels;

namespace ControlPlane.Actors.ReadModel;

/// <summary>Tells whoever listens on this node which events the read model now shows. Thread safe.</summary>
public sealed class Changes
{
    private readonly ConcurrentDictionary<ChannelWriter<RecordedEvent>, bool> _listeners = new();

    /// <summary>Listens from now on. A listener that does not keep up loses the oldest changes; it finds out by the gap in <see cref="RecordedEvent.Ordering"/>.</summary>
    /// <param name="capacity">Changes that may wait for this listener.</param>
    public Subscription Subscribe(int capacity = 1024)
    {
        var channel = Channel.CreateBounded<RecordedEvent>(new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        _listeners[channel.Writer] = true;
        return new Subscription(channel.Reader, () =>
        {
            _listeners.TryRemove(channel.Writer, out _);
            channel.Writer.TryComplete();
        });
    }

    internal void Publish(IReadOnlyList<RecordedEvent> batch)
    {
        foreach (var listener in _listeners.Keys)
        {
            foreach (var change in batch)
                listener.TryWrite(change);
        }
    }

    /// <summary>A listener's end of the line. Dispose it to stop listening.</summary>
    public sealed class Subscription(ChannelReader<RecordedEvent> reader, Action end) : IDisposable
    {
        public ChannelReader<RecordedEvent> Reader => reader;

        public void Dispose() => end();
    }
}
