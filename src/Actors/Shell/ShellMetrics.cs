using System.Diagnostics.Metrics;

namespace ControlPlane.Actors.Shell;

internal static class ShellMetrics
{
    private static readonly Meter Meter = new("ControlPlane");

    public static readonly Counter<long> Decisions = Meter.CreateCounter<long>("controlplane.shell.decisions", description: "Commands decided by all entities of this node");

    public static readonly Counter<long> Recoveries = Meter.CreateCounter<long>("controlplane.shell.recoveries", description: "Entities recovered from the journal");

    public static readonly Counter<long> RecoveryFailures = Meter.CreateCounter<long>("controlplane.shell.recovery_failures", description: "Entities that could not be recovered");

    public static readonly Counter<long> WriteFailures = Meter.CreateCounter<long>("controlplane.shell.write_failures", description: "Writes that the journal refused or did not confirm");

    public static readonly Counter<long> Repetitions = Meter.CreateCounter<long>("controlplane.shell.repetitions", description: "Effects carried out again because the state still owed them");

    public static readonly Histogram<double> WriteSeconds = Meter.CreateHistogram<double>("controlplane.shell.write_duration", "s", "From handing events to the journal to their confirmation");
}
