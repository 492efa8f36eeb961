using System.Diagnostics;
using ControlPlane.Emulators.Ec2;
using ControlPlane.Simulation.Ec2;

namespace ControlPlane.EndToEnd;

/// <summary>
/// What runs on the machines of an emulated region: for each that has booted a real worker, which knows its instance by its machine's tags. Its machine's end ends it,
/// and nothing else: it outlives the nodes that a test kills.
/// </summary>
internal sealed class Ec2Guests : IAsyncDisposable
{
    private readonly Ec2Emulator emulator;
    private readonly NodeProcess node;
    private readonly string folder;
    private readonly CancellationTokenSource stop = new();
    private readonly Dictionary<string, Process> workers = [];
    private readonly Task keeper;

    public Ec2Guests(Ec2Emulator emulator, NodeProcess node, string folder)
    {
        (this.emulator, this.node, this.folder) = (emulator, node, folder);
        keeper = KeepAsync();
    }

    /// <summary>All machines of a launch bear the ids of all its intents, in order; the machine's place in the launch says which is its own.</summary>
    public static string IntentOf(Ec2LogEntry machine)
    {
        string[] ids = [.. machine.Tags.Where(t => t.Key.StartsWith("controlplane:instance", StringComparison.Ordinal)).OrderBy(t => t.Key, StringComparer.Ordinal).SelectMany(t => t.Value.Split(','))];
        return ids[machine.LaunchIndex];
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await keeper;
        foreach (var worker in workers.Values)
            End(worker);
        stop.Dispose();
    }

    private async Task KeepAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            var machines = (await emulator.InstancesAsync()).Where(m => m is { HasBooted: true, LeftAt: null }).ToDictionary(m => m.Id);
            foreach (var gone in workers.Keys.Where(id => !machines.ContainsKey(id)).ToArray())
            {
                End(workers[gone]);
                workers.Remove(gone);
            }

            foreach (var (id, machine) in machines.Where(m => !workers.ContainsKey(m.Key)))
                workers[id] = Start(machine);
            await Task.Delay(TimeSpan.FromMilliseconds(200), CancellationToken.None);
        }
    }

    private Process Start(Ec2LogEntry machine) => Process.Start(new ProcessStartInfo(
        "dotnet",
        [
            NodeProcess.Program, "worker", "--server", node.Url.ToString(), "--queue", machine.Tags["controlplane:queue"], "--instance", IntentOf(machine),
            "--pool", machine.Tags["controlplane:pool"], "--type", machine.Type, "--state", Path.Combine(folder, "guests", machine.Id), "--orphan-timeout", "5m",
        ]))!;

    private static void End(Process worker)
    {
        if (!worker.HasExited)
        {
            worker.Kill(entireProcessTree: true);
            worker.WaitForExit();
        }

        worker.Dispose();
    }
}
