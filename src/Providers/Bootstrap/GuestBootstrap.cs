using System.Text;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Secrets;

namespace ControlPlane.Providers.Bootstrap;

/// <summary>What a machine that asked for it is told of itself.</summary>
/// <param name="NativeId">Its id at its cloud.</param>
/// <param name="Queue">The queue that it serves.</param>
/// <param name="Type">Its machine type.</param>
/// <param name="Pool">The template that it was launched from.</param>
/// <param name="Server">The ClearML server of its queue's source, for a pool that names none; null if the source has none.</param>
public sealed record GuestFacts(string NativeId, string Queue, string Type, PoolSpec Pool, ClearMlServer? Server);

/// <summary>
/// Writes what a machine runs at its first boot: its user data, and the script that it fetches. Both are functions of their arguments, the settings and, where
/// secrets are part of it, of these. Thread safe.
/// </summary>
/// <param name="url">The control plane's address as machines see it, without a slash at its end; null if it is not known, and then no machine can be told to ask.</param>
/// <param name="tickets">Writes the tickets.</param>
/// <param name="secrets">Reads secrets at the moment when a machine is told them.</param>
public sealed class GuestBootstrap(string? url, BootstrapTickets tickets, ISecretReader secrets)
{
    /// <summary>What EC2 takes as user data, in bytes before base64. GCE takes more.</summary>
    public const int MostUserData = 16 * 1024;

    private const int RenewSeconds = 60;

    private static readonly string Common = Script("common.sh");
    private static readonly string Fetch = Script("fetch.sh");
    private static readonly string Worker = Script("worker.sh");

    /// <summary>
    /// The user data of a launch: one text for all its machines, always the same for the same batch and settings. Null if the pool leaves the boot to its image.
    /// </summary>
    /// <exception cref="BootstrapException">
    /// In the mode fetch: machines do not know where to ask. In the mode embedded: a secret is not there, or all of it is too large. Nothing may be launched.
    /// </exception>
    public string? UserData(LaunchBatch batch, GuestPlatform platform)
    {
        if (batch.Pool.Bootstrap is not { } spec)
            return null;
        var text = spec.Mode switch
        {
            BootstrapMode.Fetch => new ScriptText()
                .Set("CP_PLATFORM", Word(platform))
                .Set("CP_URL", url ?? throw new BootstrapException($"Pool {batch.Pool.Name} has machines ask the control plane, and Node:GuestUrl, its address as they see it, is not set. Set it, or write mode: embedded."))
                .Set("CP_TICKET", tickets.Write(BootstrapTicket.Of(batch)))
                .Set("CP_PATIENCE", (int)batch.Pool.MaxBootTime.TotalSeconds)
                .With(Common, Fetch),
            BootstrapMode.Embedded => WorkerText(new GuestFacts("", batch.Intents[0].Queue.Value, batch.Offer.Type, batch.Pool, null), spec, platform),
        };
        var size = Encoding.UTF8.GetByteCount(text);
        return size <= MostUserData
            ? text
            : throw new BootstrapException($"The user data of pool {batch.Pool.Name} has {size:N0} bytes and may have {MostUserData:N0}. Shorten initScript and clearmlConf, or write mode: fetch.");
    }

    /// <summary>The script that makes a worker of one machine, with every secret that it needs. Not to be stored, logged or shown to anybody else.</summary>
    /// <exception cref="BootstrapException">A secret is not there, or the pool needs a ClearML server and none is known.</exception>
    public string WorkerScript(GuestFacts guest) =>
        WorkerText(guest, guest.Pool.Bootstrap ?? throw new BootstrapException($"Pool {guest.Pool.Name} leaves the boot to its image."), GuestPlatform.Hostname);

    private string WorkerText(GuestFacts guest, BootstrapSpec spec, GuestPlatform platform) => new ScriptText()
        .Set("CP_PLATFORM", Word(platform))
        .Set("CP_NATIVE_ID", guest.NativeId)
        .Set("CP_WORKER", spec.Worker switch { WorkerKind.ClearMl => "clearml", WorkerKind.Command => "command" })
        .Set("CP_PREFIX", spec.WorkersPrefix)
        .Set("CP_POOL", guest.Pool.Name)
        .Set("CP_TYPE", guest.Type.Replace(':', '-'))
        .Set("CP_QUEUE", guest.Queue)
        .Set("CP_SLOTS", guest.Pool.Slots)
        .Set("CP_DOCKER_IMAGE", spec.DockerImage ?? "")
        .Set("CP_PYTHON", spec.Python)
        .Set("CP_VENV", spec.Venv ? 1 : 0)
        .Set("CP_AGENT_VERSION", Requirement(spec.AgentVersion))
        .Set("CP_CPU_ONLY", spec.CpuOnly ? 1 : 0)
        .Set("CP_SKIP_BASHRC", spec.SkipBashrc ? 1 : 0)
        .Set("CP_URL", url ?? "")
        .Set("CP_DEAD_SECONDS", (int)(spec.DeadMansSwitch ?? TimeSpan.Zero).TotalSeconds)
        .Set("CP_RENEW_SECONDS", RenewSeconds)
        .Set("CP_CONF", spec.Worker == WorkerKind.ClearMl ? Conf(guest, spec) : "")
        .Set("CP_INIT", Text(spec.InitScript, spec.InitScriptFrom))
        .With(Common, Worker);

    private string Conf(GuestFacts guest, BootstrapSpec spec)
    {
        var server = spec.ClearMl ?? guest.Server
            ?? throw new BootstrapException($"Pool {guest.Pool.Name} names no ClearML server, and the source of queue {guest.Queue} has none. Write bootstrap.clearml in the pool.");
        return AgentConf.Write(
            server,
            Read(server.AccessKey),
            Read(server.SecretKey),
            spec.GitUser,
            spec.GitToken is { } token ? Read(token) : null,
            Text(spec.ClearMlConf, spec.ClearMlConfFrom));
    }

    private string Text(string? text, SecretReference? from) => text ?? (from is null ? "" : Read(from));

    private string Read(SecretReference reference)
    {
        try
        {
            return secrets.Read(reference);
        }
        catch (SecretException fault)
        {
            throw new BootstrapException(fault.Message, fault);
        }
    }

    private static string Requirement(string? version) => version is null ? "" : char.IsAsciiDigit(version[0]) ? $"=={version}" : version;

    private static string Word(GuestPlatform platform) => platform switch { GuestPlatform.Ec2 => "ec2", GuestPlatform.Gce => "gce", GuestPlatform.Hostname => "hostname" };

    private static string Script(string name)
    {
        using var stream = typeof(GuestBootstrap).Assembly.GetManifestResourceStream($"ControlPlane.Providers.Bootstrap.{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
