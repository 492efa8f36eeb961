using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Secrets;

namespace ControlPlane.Catalog;

/// <summary>Shape to specification and back, of how machines become workers.</summary>
internal static class BootstrapMapping
{
    /// <param name="shape">As it stands in the document; the binder has let only known words through.</param>
    /// <param name="duration">Reads a duration, and notes a fault.</param>
    public static BootstrapSpec Map(BootstrapShape shape, Func<string, TimeSpan> duration)
    {
        var leftOut = new BootstrapSpec();
        return new BootstrapSpec
        {
            Worker = shape.Worker is null ? leftOut.Worker : Enum.Parse<WorkerKind>(shape.Worker, ignoreCase: true),
            Mode = shape.Mode is null ? leftOut.Mode : Enum.Parse<BootstrapMode>(shape.Mode, ignoreCase: true),
            WorkersPrefix = shape.WorkersPrefix ?? leftOut.WorkersPrefix,
            ClearMl = shape.Clearml is { } server
                ? new ClearMlServer(server.Api ?? "", server.Web, server.Files, Secret(server.AccessKey ?? "")!, Secret(server.SecretKey ?? "")!)
                : null,
            DockerImage = shape.DockerImage,
            Python = shape.Python ?? leftOut.Python,
            Venv = shape.Venv ?? leftOut.Venv,
            AgentVersion = shape.AgentVersion,
            GitUser = shape.GitUser,
            GitToken = Secret(shape.GitToken),
            ClearMlConf = shape.ClearmlConf,
            ClearMlConfFrom = Secret(shape.ClearmlConfFrom),
            InitScript = shape.InitScript,
            InitScriptFrom = Secret(shape.InitScriptFrom),
            CpuOnly = shape.CpuOnly ?? leftOut.CpuOnly,
            SkipBashrc = shape.SkipBashrc ?? leftOut.SkipBashrc,
            DeadMansSwitch = shape.DeadMansSwitch is { } text ? duration(text) : null,
        };
    }

    public static BootstrapShape Unmap(BootstrapSpec spec) => new()
    {
        Worker = Word(spec.Worker),
        Mode = Word(spec.Mode),
        WorkersPrefix = spec.WorkersPrefix,
        Clearml = spec.ClearMl is { } server
            ? new ClearMlServerShape { Api = server.Api, Web = server.Web, Files = server.Files, AccessKey = server.AccessKey.Value, SecretKey = server.SecretKey.Value }
            : null,
        DockerImage = spec.DockerImage,
        Python = spec.Python,
        Venv = spec.Venv,
        AgentVersion = spec.AgentVersion,
        GitUser = spec.GitUser,
        GitToken = spec.GitToken?.Value,
        ClearmlConf = spec.ClearMlConf,
        ClearmlConfFrom = spec.ClearMlConfFrom?.Value,
        InitScript = spec.InitScript,
        InitScriptFrom = spec.InitScriptFrom?.Value,
        CpuOnly = spec.CpuOnly,
        SkipBashrc = spec.SkipBashrc,
        DeadMansSwitch = spec.DeadMansSwitch is { } time ? DurationText.Format(time) : null,
    };

    /// <summary>What is no reference is found by the rules, which name its place.</summary>
    private static SecretReference? Secret(string? text) => text is null ? null : new SecretReference(text);

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
