using System.Collections;
using System.Diagnostics;
using System.Globalization;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Providers;

namespace ControlPlane.Providers.Local;

/// <summary>Starts the processes of workers, so that they outlive us and take nothing of ours along.</summary>
internal sealed class WorkerSpawner(LocalProviderOptions options)
{
    /// <summary>The variable that marks every process of an instance.</summary>
    public const string InstanceVariable = "CONTROLPLANE_INSTANCE";

    /// <summary>The variable that holds the worker's token; the worker keeps it from its tasks.</summary>
    public const string TokenVariable = "CONTROLPLANE_TOKEN";

    // Our streams are replaced before the worker's first instruction; the shell then becomes the worker, under the same process id.
    private const string Script = "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-";

    /// <exception cref="System.ComponentModel.Win32Exception">The system cannot start a process.</exception>
    public Process Start(InstanceFolder folder, LaunchIntent intent, LaunchBatch batch, PoolTemplate.Local template)
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, WorkingDirectory = folder.Path };
        string[] arguments =
        [
            "-c", Script, "sh", folder.ConsolePath,
            .. options.WorkerCommand,
            "--server", options.ServerUrl,
            "--queue", intent.Queue.Value,
            "--instance", intent.Instance.Value,
            "--pool", batch.Pool.Name,
            "--type", batch.Offer.Type,
            "--slots", batch.Pool.Slots.ToString(CultureInfo.InvariantCulture),
            "--state", folder.Path,
            "--boot-delay", template.BootDelay.ToString("c", CultureInfo.InvariantCulture),
            "--orphan-timeout", template.OrphanTimeout.ToString("c", CultureInfo.InvariantCulture),
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        SetEnvironment(start.Environment, template, intent.Instance);
        return Process.Start(start) ?? throw new UnreachableException("A new process was asked for, and none was made.");
    }

    private void SetEnvironment(IDictionary<string, string?> environment, PoolTemplate.Local template, InstanceId instance)
    {
        environment.Clear();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            var name = (string)variable.Key;
            if (options.InheritedVariables.Any(pattern => Matches(pattern, name)))
                environment[name] = (string?)variable.Value;
        }

        foreach (var (name, value) in template.Environment)
            environment[name] = value;
        if (options.TokenOf is { } tokenOf)
            environment[TokenVariable] = tokenOf(instance);
        environment[InstanceVariable] = instance.Value;
    }

    private static bool Matches(string pattern, string name) =>
        pattern.EndsWith('*') ? name.StartsWith(pattern[..^1], StringComparison.Ordinal) : name == pattern;
}
