using System.Diagnostics.Metrics;

namespace ControlPlane.Providers.Embedded;

/// <summary>What the embedded queue counts, under the meter of the whole product.</summary>
internal static class EmbeddedMetrics
{
    private static readonly Meter Meter = new("ControlPlane");

    public static Counter<long> Submitted { get; } = Meter.CreateCounter<long>("controlplane.tasks.submitted", description: "Tasks put into the embedded queue.");

    public static Counter<long> Claimed { get; } = Meter.CreateCounter<long>("controlplane.tasks.claimed", description: "Attempts begun by workers of the embedded queue.");

    public static Counter<long> Lost { get; } = Meter.CreateCounter<long>("controlplane.tasks.lost", description: "Attempts whose worker was lost.");

    public static Counter<long> Refused { get; } = Meter.CreateCounter<long>("controlplane.tasks.late_results", description: "Results that came too late to count.");
}
