using System.Text.RegularExpressions;
using ControlPlane.Domain.Providers;

namespace ControlPlane.Domain.Sources;

/// <summary>
/// The workers of one of our instances, by what their names say of it (<see cref="WorkerName"/>): its pool and its machine, which is our id or the
/// platform's own. Workers that nobody has seen yet are covered too.
/// </summary>
/// <param name="Machine">The instance and its machine.</param>
/// <param name="Pool">The instance's pool.</param>
public sealed record InstanceWorkers(InstanceRef Machine, string Pool)
{
    /// <summary>What the fourth part of their names may be.</summary>
    public IEnumerable<string> MachineNames => Machine.NativeId is { Length: > 0 } native ? [Machine.Instance.Value, native] : [Machine.Instance.Value];

    /// <summary>Their names as a regular expression, in the words that .NET, Python and MongoDB share.</summary>
    public string Pattern => $":{Regex.Escape(Pool)}:[^:]+:({string.Join('|', MachineNames.Select(Regex.Escape))})(:.*)?$";

    /// <summary>Whether a worker of this name is one of them.</summary>
    public bool Include(string? worker) => WorkerName.PartsOf(worker) is { } parts && parts.Pool == Pool && MachineNames.Contains(parts.Machine);
}
