using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Providers.Local;

/// <summary>
/// Brings one folder up to date with what is really alive, and says what machine it is: kills what outlived its grace, ends the children that a dead
/// worker left behind, and declares an instance ended only when no process of it remains.
/// </summary>
internal sealed class InstanceSettler(LocalProviderOptions options, TimeProvider time)
{
    public static ILookup<string, ProcessEntry> Families() => ProcessTable.Families(WorkerSpawner.InstanceVariable);

    /// <summary>The platform's name of the machine: its process, once it has one.</summary>
    public static string NativeId(LocalProcess? process) => process is null ? "pid-none" : $"pid-{process.Identity.Pid}";

    public Machine Settle(InstanceFolder folder, LocalIntent intent, ILookup<string, ProcessEntry> families)
    {
        var end = folder.ReadEnd();
        var process = folder.ReadProcess();
        var state = MachineState.Ended;
        if (end is null)
        {
            state = StateOf(folder, intent, process, families[intent.Instance]);
            if (state == MachineState.Ended)
                end = folder.ReadEnd();
        }

        return new Machine(
            new InstanceId(intent.Instance),
            new QueueName(intent.Queue),
            NativeId(process),
            state,
            process?.StartedAt,
            end?.At,
            end is { Requested: false } ? MachineEnd.Itself : MachineEnd.Requested,
            InterruptionAt: null);
    }

    private MachineState StateOf(InstanceFolder folder, LocalIntent intent, LocalProcess? process, IEnumerable<ProcessEntry> family)
    {
        var termination = folder.ReadTermination();
        if (process is not null && ProcessTable.IsAlive(process.Identity))
        {
            if (termination is null)
                return folder.ReadRunning() is null ? MachineState.Pending : MachineState.Running;
            if (time.GetUtcNow() - termination.At >= options.TermGrace)
                ProcessTable.Kill(family);
            return MachineState.Stopping;
        }

        if (process is null && termination is null && time.GetUtcNow() - intent.RecordedAt < options.StartTimeout)
            return MachineState.Pending;
        if (folder.TryEnd(ran => End(folder, intent, ran)) is not null)
            return MachineState.Ended;
        return process is null && termination is null ? MachineState.Pending : MachineState.Stopping;
    }

    /// <summary>Asked under the folder's lock, so no worker holds it and none can take it.</summary>
    private LocalEnd? End(InstanceFolder folder, LocalIntent intent, LocalProcess? ran)
    {
        // A fresh look: in an older one, children of a worker that died meanwhile could be missing.
        var left = Families()[intent.Instance].ToList();
        if (left.Count > 0)
        {
            ProcessTable.Kill(left);
            return null;
        }

        var requested = folder.ReadTermination() is not null;
        if (ran is null)
            return new LocalEnd(intent.RecordedAt, requested, requested ? "ended before it started" : $"no process came of it within {options.StartTimeout}");
        return folder.ReadExit() is { } exit
            ? new LocalEnd(exit.At, requested, exit.Message)
            : new LocalEnd(time.GetUtcNow(), requested, requested ? "its process was ended" : "its process died without a word");
    }
}
