using System.Diagnostics.Metrics;

namespace ControlPlane.Benchmarks.Measuring;

/// <summary>The sum of one of the product's own counters in this process, such as commands decided by all entities.</summary>
internal sealed class MetricCount : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _count;

    /// <param name="name">Of the counter.</param>
    public MetricCount(string name)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == name)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref _count, value));
        _listener.Start();
    }

    public long Count => Interlocked.Read(ref _count);

    public void Dispose() => _listener.Dispose();
}
