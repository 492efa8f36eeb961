using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace ControlPlane.Providers.Calls;

/// <summary>Counts and times the calls to a platform: <c>controlplane.provider.calls</c> and <c>controlplane.provider.call.duration</c> (seconds).</summary>
internal static class CallMetrics
{
    private static readonly Meter _meter = new("ControlPlane");

    private static readonly Counter<long> _calls =
        _meter.CreateCounter<long>("controlplane.provider.calls", "{call}", "Calls to compute providers, by provider, call and outcome.");

    private static readonly Histogram<double> _duration =
        _meter.CreateHistogram<double>("controlplane.provider.call.duration", "s", "How long calls to compute providers took.");

    private const string Thrown = "thrown";

    /// <summary>Makes the call and records it; <paramref name="outcome"/> names its result in a word.</summary>
    public static async Task<T> MeasureAsync<T>(TimeProvider time, string provider, string call, Func<Task<T>> make, Func<T, string> outcome)
    {
        var began = time.GetTimestamp();
        var word = Thrown;
        try
        {
            var result = await make();
            word = outcome(result);
            return result;
        }
        finally
        {
            Record(time.GetElapsedTime(began), provider, call, word);
        }
    }

    /// <inheritdoc cref="MeasureAsync{T}"/>
    public static T Measure<T>(TimeProvider time, string provider, string call, Func<T> make, Func<T, string> outcome)
    {
        var began = time.GetTimestamp();
        var word = Thrown;
        try
        {
            var result = make();
            word = outcome(result);
            return result;
        }
        finally
        {
            Record(time.GetElapsedTime(began), provider, call, word);
        }
    }

    private static void Record(TimeSpan elapsed, string provider, string call, string outcome)
    {
        var tags = new TagList { { "provider", provider }, { "call", call }, { "outcome", outcome } };
        _calls.Add(1, tags);
        _duration.Record(elapsed.TotalSeconds, tags);
    }
}
