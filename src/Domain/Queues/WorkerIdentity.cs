using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Domain.Queues;

/// <summary>Whose a worker is. Its name may state our instance, or only the platform's id of its machine; then the machine decides.</summary>
internal static class WorkerIdentity
{
    /// <summary>
    /// The same look, with our instance at each worker that runs on a machine of ours, living or ended. A worker on a machine that this queue does not know is
    /// another's: it is left alone, and takes its share of the tasks.
    /// </summary>
    public static QueueObservation Resolve(ScalerState state, QueueObservation observation)
    {
        if (observation.Workers.All(w => w.Instance is not null || w.NativeId is null))
            return observation;
        var machines = new Dictionary<string, InstanceId>(StringComparer.Ordinal);
        foreach (var (native, departed) in state.Departed)
            machines[native] = departed.Instance;
        foreach (var instance in state.Instances.Values)
        {
            if (instance.NativeId is { } native)
                machines[native] = instance.Id;
        }

        return observation with
        {
            Workers = [.. observation.Workers.Select(w => w.Instance is null && w.NativeId is { } native && machines.TryGetValue(native, out var id) ? w with { Instance = id } : w)],
        };
    }

    /// <summary>Warns, once, of each task that two living instances have at once.</summary>
    public static void Warn(ScalerStep step, QueueObservation observation)
    {
        Dictionary<string, SortedSet<InstanceId>>? doubled = null;
        var holders = new Dictionary<string, InstanceId>(StringComparer.Ordinal);
        foreach (var worker in observation.Workers)
        {
            if (worker.Instance is not { } instance || !step.State.Instances.TryGetValue(instance, out var known) || known.Phase == Phase.Ended)
                continue;
            foreach (var task in worker.Tasks)
            {
                if (holders.TryAdd(task, instance) || holders[task] == instance)
                    continue;
                doubled ??= new Dictionary<string, SortedSet<InstanceId>>(StringComparer.Ordinal);
                if (!doubled.TryGetValue(task, out var both))
                    doubled[task] = both = [holders[task]];
                both.Add(instance);
            }
        }

        string[] tasks = doubled is null ? [] : [.. doubled.Keys.Order(StringComparer.Ordinal)];
        if (tasks.SequenceEqual(step.State.DoubledTasks, StringComparer.Ordinal))
            return;
        foreach (var task in tasks.Where(t => !step.State.DoubledTasks.Contains(t)))
            step.Say($"task {task} is on {string.Join(" and ", doubled![task].Select(i => $"instance {i}"))} at once: one of them works for nothing, or both spoil each other's results");
        step.Record(new ScalerEvent.TasksDoubled(tasks));
    }
}
