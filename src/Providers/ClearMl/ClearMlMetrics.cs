using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace ControlPlane.Providers.ClearMl;

/// <summary>What the connections to ClearML servers count: each request with its outcome, retries included.</summary>
internal static class ClearMlMetrics
{
    private static readonly Meter Meter = new("ControlPlane");

    private static readonly Counter<long> Requests = Meter.CreateCounter<long>("controlplane.clearml.requests", "{request}", "Requests to ClearML servers, by source, call and outcome.");

    private static readonly Histogram<double> Seconds = Meter.CreateHistogram<double>("controlplane.clearml.request.duration", "s", "How long requests to ClearML servers took.");

    private static readonly Counter<long> Tasks = Meter.CreateCounter<long>("controlplane.clearml.tasks_returned", "{task}", "Tasks of lost machines, by source and what became of them.");

    public static void Request(string source, string call, string outcome, TimeSpan took)
    {
        var tags = new TagList { { "source", source }, { "call", call }, { "outcome", outcome } };
        Requests.Add(1, tags);
        Seconds.Record(took.TotalSeconds, tags);
    }

    public static void Returned(string source, string what) => Tasks.Add(1, new("source", source), new("what", what));
}
