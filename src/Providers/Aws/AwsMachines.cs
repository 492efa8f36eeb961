using System.Globalization;
using System.Text.RegularExpressions;
using Amazon.EC2.Model;
using ControlPlane.Domain.Providers;

namespace ControlPlane.Providers.Aws;

/// <summary>What EC2 shows of a machine, in our words.</summary>
internal static partial class AwsMachines
{
    /// <summary>From when on it is billed at the earliest: its launch.</summary>
    public static DateTimeOffset StartOf(Instance instance) => instance.LaunchTime is { } at ? Utc(at) : DateTimeOffset.UnixEpoch;

    /// <summary>
    /// Its state. One that somebody stopped is not ended: it may be started again, its disks are paid for, and it keeps the place of another. It counts as running, and
    /// its missing worker decides.
    /// </summary>
    public static MachineState StateOf(Instance instance) => instance.State?.Name?.Value switch
    {
        "pending" => MachineState.Pending,
        "shutting-down" => MachineState.Stopping,
        "terminated" => MachineState.Ended,
        _ => MachineState.Running,
    };

    /// <summary>
    /// When it began to end, which is when its bill ends, as whole seconds of its life: the second that EC2 tells counts in full, so that the account of a machine is never
    /// below its bill. Null if EC2 does not say or it has not ended.
    /// </summary>
    public static DateTimeOffset? EndOf(Instance instance)
    {
        if (StateOf(instance) != MachineState.Ended || !Moment().Match(instance.StateTransitionReason ?? "").Groups["time"].Success)
            return null;
        var text = Moment().Match(instance.StateTransitionReason!).Groups["time"].Value;
        if (!DateTimeOffset.TryParseExact(text, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
            return null;

        // Told without the part of the second, and begun seconds are billed in full.
        var start = StartOf(instance);
        var seconds = Math.Ceiling((at.AddSeconds(1) - start).TotalSeconds);
        return start.AddSeconds(Math.Max(0, seconds));
    }

    /// <summary>
    /// Who ended it. What the platform could not start or keep was taken back by it; what failed by its own doing (a disk that may not be decrypted, a missing
    /// snapshot) stopped by itself, so that a pool whose machines all do so is stopped.
    /// </summary>
    public static MachineEnd EndedBy(Instance instance) => instance.StateReason?.Code switch
    {
        null or "" or "Client.UserInitiatedShutdown" or "Client.UserInitiatedHibernate" => MachineEnd.Requested,
        var code when code.StartsWith("Server.", StringComparison.Ordinal) => MachineEnd.Preempted,
        _ => MachineEnd.Itself,
    };

    /// <summary>Why it ended, in EC2's words; null if it says nothing.</summary>
    public static string? ReasonOf(Instance instance) => StateOf(instance) is MachineState.Ended or MachineState.Stopping && instance.StateReason?.Message is { Length: > 0 } message ? message : null;

    public static bool IsSpot(Instance instance) => instance.InstanceLifecycle?.Value == "spot";

    /// <summary>The SDK gives some times as local.</summary>
    public static DateTimeOffset Utc(DateTime time) => new(time.Kind == DateTimeKind.Unspecified ? DateTime.SpecifyKind(time, DateTimeKind.Utc) : time.ToUniversalTime(), TimeSpan.Zero);

    [GeneratedRegex(@"\((?<time>[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}) (GMT|UTC)\)", RegexOptions.CultureInvariant)]
    private static partial Regex Moment();
}
