using System.Text.Json;
using ControlPlane.Domain.Pools;

namespace ControlPlane.Domain.Catalog;

/// <summary>The part of a pool's digest that says how its machines become workers. Its form never changes: a new property is written only where it differs from its default.</summary>
internal static class BootstrapDigest
{
    private static readonly BootstrapSpec LeftOut = new();

    public static void Write(Utf8JsonWriter json, BootstrapSpec spec)
    {
        json.WriteStartObject("bootstrap");
        foreach (var (name, value) in Fields(spec))
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
    }

    /// <summary>What differs from the defaults, by the names of the document. Texts are told in full.</summary>
    public static IEnumerable<(string Name, string Value)> Fields(BootstrapSpec spec)
    {
        foreach (var ((name, value), (_, leftOut)) in All(spec).Zip(All(LeftOut)))
        {
            if (value != leftOut)
            {
                yield return (name, value ?? "");
            }
        }
    }

    private static IEnumerable<(string Name, string? Value)> All(BootstrapSpec spec) =>
    [
        ("worker", spec.Worker switch { WorkerKind.ClearMl => "clearml", WorkerKind.Command => "command" }),
        ("mode", spec.Mode switch { BootstrapMode.Fetch => "fetch", BootstrapMode.Embedded => "embedded" }),
        ("workersPrefix", spec.WorkersPrefix),
        ("clearml.api", spec.ClearMl?.Api),
        ("clearml.web", spec.ClearMl?.Web),
        ("clearml.files", spec.ClearMl?.Files),
        ("clearml.accessKey", spec.ClearMl?.AccessKey.Value),
        ("clearml.secretKey", spec.ClearMl?.SecretKey.Value),
        ("dockerImage", spec.DockerImage),
        ("python", spec.Python),
        ("venv", spec.Venv ? "true" : "false"),
        ("agentVersion", spec.AgentVersion),
        ("gitUser", spec.GitUser),
        ("gitToken", spec.GitToken?.Value),
        ("clearmlConf", spec.ClearMlConf),
        ("clearmlConfFrom", spec.ClearMlConfFrom?.Value),
        ("initScript", spec.InitScript),
        ("initScriptFrom", spec.InitScriptFrom?.Value),
        ("cpuOnly", spec.CpuOnly ? "true" : "false"),
        ("skipBashrc", spec.SkipBashrc ? "true" : "false"),
        ("deadMansSwitch", spec.DeadMansSwitch is { } time ? DurationText.Format(time) : null),
    ];
}
