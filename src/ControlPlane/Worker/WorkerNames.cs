using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Worker;

/// <summary>The names of a process's workers at the server, one for each slot.</summary>
internal static class WorkerNames
{
    public static string Of(WorkerOptions options, int slot)
    {
        int? place = options.Slots == 1 ? null : slot;
        if (options is { Instance: { } instance, Pool: { } pool, Type: { } type })
            return new WorkerName(options.NamePrefix, pool, type, new InstanceId(instance), place).Format();
        // By hand: fewer parts than an instance's name has, so that nobody takes it for one.
        var name = $"{options.NamePrefix}:{Environment.MachineName}-{Environment.ProcessId}";
        return place is null ? name : $"{name}:{place}";
    }
}
