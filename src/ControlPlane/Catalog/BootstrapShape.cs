using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using ControlPlane.Domain.Pools;

namespace ControlPlane.Catalog;

[Description("What makes a worker of a bare machine.")]
internal sealed class BootstrapShape
{
    [Words("clearml", "command")]
    [LeftOut("clearml")]
    [Description("clearml: ClearML's agent, installed at boot where the image does not have it. command: initScript, and nothing else; when it ends, the machine shuts down.")]
    public string? Worker { get; set; }

    [Words("fetch", "embedded")]
    [LeftOut("fetch")]
    [Description("fetch: the machine asks the control plane for its script and its secrets, once, while it boots. embedded: both stand in its user data, for networks where machines cannot reach the control plane; every process on the machine, and whoever may describe instances in the cloud account, can then read the secrets.")]
    public string? Mode { get; set; }

    [NameText]
    [LeftOut(BootstrapSpec.DefaultPrefix)]
    [Description("The first part of the workers' names: prefix:pool:type:machine.")]
    public string? WorkersPrefix { get; set; }

    [Description("The ClearML server that the agent talks to. Left out: that of the queue's source. The mode embedded must have it.")]
    public ClearMlServerShape? Clearml { get; set; }

    [Description("Tasks run in containers, of this image unless they name another. The image needs docker, or it is installed. Left out: no containers.")]
    public string? DockerImage { get; set; }

    [LeftOut("python3")]
    [Description("The Python that the agent is installed for: a command or path.")]
    public string? Python { get; set; }

    [LeftOut("true")]
    [Description("Install the agent into a virtual environment of its own. false: into the system's Python.")]
    public bool? Venv { get; set; }

    [Description("The agent's version, such as 1.9.3, or a condition such as '>=1.9,<2'. Left out: what the image has, or the newest.")]
    public string? AgentVersion { get; set; }

    [Description("The user with which the agent clones repositories over HTTPS. Only together with gitToken.")]
    public string? GitUser { get; set; }

    [SecretText]
    [Description("That user's token.")]
    public string? GitToken { get; set; }

    [Description("Lines that are added to the agent's clearml.conf, at most 64 KiB. Not for secrets: they are shown to whoever may read the configuration.")]
    public string? ClearmlConf { get; set; }

    [SecretText]
    [Description("Where such lines stand if they hold secrets.")]
    public string? ClearmlConfFrom { get; set; }

    [Description("A Bash script that runs as root before the agent starts, in the same shell, so that what it exports reaches the agent; at most 64 KiB. Not for secrets.")]
    public string? InitScript { get; set; }

    [SecretText]
    [Description("Where that script stands if it holds secrets.")]
    public string? InitScriptFrom { get; set; }

    [LeftOut("false")]
    [Description("The agent uses no GPU, whatever the machine has.")]
    public bool? CpuOnly { get; set; }

    [LeftOut("false")]
    [Description("Do not read root's .bashrc before initScript and the agent.")]
    public bool? SkipBashrc { get; set; }

    [DurationText]
    [Description("The machine shuts itself down, whatever it does, when it could not reach the control plane for so long: 2m to 24h. Left out: it does not. Only with mode fetch.")]
    public string? DeadMansSwitch { get; set; }
}

[Description("A ClearML server.")]
internal sealed class ClearMlServerShape
{
    [Required]
    [Description("The URL of its API, such as https://api.clear.ml.")]
    public string? Api { get; set; }

    [Description("The URL of its web pages.")]
    public string? Web { get; set; }

    [Description("The URL of its file server.")]
    public string? Files { get; set; }

    [Required]
    [SecretText]
    [Description("The access key of its API.")]
    public string? AccessKey { get; set; }

    [Required]
    [SecretText]
    [Description("The secret key of its API.")]
    public string? SecretKey { get; set; }
}
