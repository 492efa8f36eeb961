using System.Globalization;

namespace ControlPlane.Worker;

/// <summary>The names of a process's workers at the server, one for each slot, in ClearML's form.</summary>
internal static class WorkerNames
{
    public static string Of(WorkerOptions options, int slot)
    {
        // By hand: fewer parts than an instance's name has, so that nobody takes it for one.
        var name = options.Instance is null
            ? $"{options.NamePrefix}:{Environment.MachineName}-{Environment.ProcessId}"
            : $"{options.NamePrefix}:{options.Pool}:{options.Type}:{options.Instance}";
        return options.Slots == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}:{slot}");
    }
}
