using ControlPlane.Domain.Secrets;

namespace ControlPlane.Domain.Pools;

/// <summary>What makes a worker of a bare machine.</summary>
public enum WorkerKind
{
    /// <summary>ClearML's agent, installed at boot where the image does not have it.</summary>
    ClearMl,

    /// <summary>The pool's own init script, and nothing else.</summary>
    Command,
}

/// <summary>How a machine gets what it needs to become a worker.</summary>
public enum BootstrapMode
{
    /// <summary>It asks the control plane, once, on a ticket that only it can use and only while it boots. No secret stands in its user data.</summary>
    Fetch,

    /// <summary>
    /// Everything stands in its user data, for networks where machines cannot reach the control plane. So the secrets can be read by every process on the
    /// machine, and by whoever may describe instances in the cloud account, as long as the machine is listed.
    /// </summary>
    Embedded,
}

/// <summary>How the instances of a pool become workers at their first boot. Every value is valid: the catalog checked it.</summary>
public sealed record BootstrapSpec
{
    public WorkerKind Worker { get; init; } = WorkerKind.ClearMl;

    public BootstrapMode Mode { get; init; } = BootstrapMode.Fetch;

    /// <summary>The first part of the workers' names, 1 to 63 characters without a colon.</summary>
    public string WorkersPrefix { get; init; } = DefaultPrefix;

    /// <summary>The ClearML server that the agent talks to; null if that is the server of the queue's source.</summary>
    public ClearMlServer? ClearMl { get; init; }

    /// <summary>Tasks run in containers, of this image unless they name another; null if they run without containers.</summary>
    public string? DockerImage { get; init; }

    /// <summary>The Python interpreter that the agent is installed for, as a command or path.</summary>
    public string Python { get; init; } = "python3";

    /// <summary>Install the agent into a virtual environment of its own.</summary>
    public bool Venv { get; init; } = true;

    /// <summary>The agent's version, such as <c>1.9.3</c>, or a condition such as <c>&gt;=1.9,&lt;2</c>; null for the newest.</summary>
    public string? AgentVersion { get; init; }

    /// <summary>The user with which the agent clones repositories over HTTPS; null if it uses keys of the image.</summary>
    public string? GitUser { get; init; }

    /// <summary>That user's token or password.</summary>
    public SecretReference? GitToken { get; init; }

    /// <summary>Lines that are added to the agent's clearml.conf.</summary>
    public string? ClearMlConf { get; init; }

    /// <summary>Where such lines stand if they hold secrets themselves.</summary>
    public SecretReference? ClearMlConfFrom { get; init; }

    /// <summary>A Bash script that runs as root before the agent starts, in the shell that starts it; for the kind <see cref="WorkerKind.Command"/> all that runs.</summary>
    public string? InitScript { get; init; }

    /// <summary>Where that script stands if it holds secrets itself.</summary>
    public SecretReference? InitScriptFrom { get; init; }

    /// <summary>The agent uses no GPU, whatever the machine has.</summary>
    public bool CpuOnly { get; init; }

    /// <summary>Do not read root's <c>.bashrc</c> before the init script and the agent.</summary>
    public bool SkipBashrc { get; init; }

    /// <summary>
    /// The machine shuts itself down, whatever it does, when it could not reach the control plane for this long: 2 min to 24 h. Null: it does not. Only with
    /// <see cref="BootstrapMode.Fetch"/>.
    /// </summary>
    public TimeSpan? DeadMansSwitch { get; init; }

    public const string DefaultPrefix = "controlplane";
}

/// <summary>A ClearML server and the credentials of its API.</summary>
/// <param name="Api">The API server, such as <c>https://api.clear.ml</c>.</param>
/// <param name="Web">The web server; null if there is none to link to.</param>
/// <param name="Files">The file server; null if there is none.</param>
/// <param name="AccessKey">The access key.</param>
/// <param name="SecretKey">The secret key.</param>
public sealed record ClearMlServer(string Api, string? Web, string? Files, SecretReference AccessKey, SecretReference SecretKey);
