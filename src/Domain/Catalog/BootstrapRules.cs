using System.Text;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Secrets;

namespace ControlPlane.Domain.Catalog;

/// <summary>The rules of what turns a pool's machines into workers.</summary>
internal static class BootstrapRules
{
    /// <summary>The most bytes of a script or of configuration lines in a document.</summary>
    public const int MostText = 65_536;

    /// <summary>
    /// With <see cref="BootstrapMode.Embedded"/> all of it must fit into 16 KiB of user data; so much of them are left for the pool's own texts. A test of the
    /// script holds this number against the script's size.
    /// </summary>
    public const int MostEmbeddedText = 5_120;

    private const int MostShortText = 512;

    public static void Check(FaultList faults, string path, BootstrapSpec spec)
    {
        if (spec.WorkersPrefix.Contains(':', StringComparison.Ordinal) || !ObjectName.IsValid(spec.WorkersPrefix))
            faults.Add($"{path}.workersPrefix", $"'{FaultList.Shorten(spec.WorkersPrefix)}' cannot begin the name of a worker.", ObjectName.Rule);
        CheckServer(faults, $"{path}.clearml", spec.ClearMl);
        CheckWords(faults, $"{path}.dockerImage", spec.DockerImage, "the name of an image", "Write it as for docker pull, such as nvidia/cuda:12.4.1-runtime-ubuntu22.04.");
        CheckWords(faults, $"{path}.python", spec.Python, "a command", "Write a command such as python3.11, or a path.");
        CheckVersion(faults, $"{path}.agentVersion", spec.AgentVersion);
        CheckLine(faults, $"{path}.gitUser", spec.GitUser);
        CheckSecret(faults, $"{path}.gitToken", spec.GitToken);
        CheckSecret(faults, $"{path}.clearmlConfFrom", spec.ClearMlConfFrom);
        CheckSecret(faults, $"{path}.initScriptFrom", spec.InitScriptFrom);
        CheckTexts(faults, path, spec);
        if ((spec.GitUser is null) != (spec.GitToken is null))
        {
            faults.Add(
                spec.GitUser is null ? $"{path}.gitUser" : $"{path}.gitToken",
                spec.GitUser is null ? "There is a gitToken without a gitUser." : "There is a gitUser without a gitToken.",
                "Write both, or neither.");
        }

        if (spec.DeadMansSwitch is { } minutes)
        {
            faults.Range($"{path}.deadMansSwitch", minutes, TimeSpan.FromMinutes(2), TimeSpan.FromHours(24));
            if (spec.Mode == BootstrapMode.Embedded)
                faults.Add($"{path}.deadMansSwitch", "In the mode embedded a machine cannot reach the control plane, so it would shut itself down.", "Remove it, or write mode: fetch.");
        }

        switch (spec.Worker)
        {
            case WorkerKind.ClearMl:
                if (spec.ClearMl is null && spec.Mode == BootstrapMode.Embedded)
                    faults.Add($"{path}.clearml", "In the mode embedded the ClearML server must be named here.", "Write clearml: { api: ..., accessKey: env:..., secretKey: env:... }.");
                break;
            case WorkerKind.Command:
                if (spec.InitScript is null && spec.InitScriptFrom is null)
                    faults.Add($"{path}.initScript", "A worker of kind command is its init script, and there is none.", "Write initScript, or worker: clearml.");
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"No rule for {spec.Worker}.");
        }
    }

    private static void CheckServer(FaultList faults, string path, ClearMlServer? server)
    {
        if (server is null)
            return;
        CheckUrl(faults, $"{path}.api", server.Api);
        CheckUrl(faults, $"{path}.web", server.Web);
        CheckUrl(faults, $"{path}.files", server.Files);
        CheckSecret(faults, $"{path}.accessKey", server.AccessKey);
        CheckSecret(faults, $"{path}.secretKey", server.SecretKey);
    }

    private static void CheckTexts(FaultList faults, string path, BootstrapSpec spec)
    {
        CheckText(faults, path, "initScript", spec.InitScript, spec.InitScriptFrom);
        CheckText(faults, path, "clearmlConf", spec.ClearMlConf, spec.ClearMlConfFrom);
        var size = Size(spec.InitScript) + Size(spec.ClearMlConf);
        if (spec.Mode == BootstrapMode.Embedded && size > MostEmbeddedText)
        {
            faults.Add(
                $"{path}.{(spec.InitScript is null ? "clearmlConf" : "initScript")}",
                $"initScript and clearmlConf have {size:N0} bytes, and user data, which a cloud limits to 16 KiB, has room for {MostEmbeddedText:N0} beside our own script.",
                "Shorten them, let the init script download the rest, or write mode: fetch, where they are not part of the user data.");
        }
    }

    private static void CheckText(FaultList faults, string path, string key, string? text, SecretReference? from)
    {
        if (text is null)
            return;
        if (from is not null)
            faults.Add($"{path}.{key}From", $"There are both {key} and {key}From.", "Keep one of the two.");
        if (Size(text) > MostText)
            faults.Add($"{path}.{key}", $"It has {Size(text):N0} bytes.", $"Write at most {MostText:N0}.");
        else if (text.Contains('\0', StringComparison.Ordinal))
            faults.Add($"{path}.{key}", "It has a NUL character in it.", "Remove it.");
    }

    private static int Size(string? text) => text is null ? 0 : Encoding.UTF8.GetByteCount(text);

    private static void CheckUrl(FaultList faults, string path, string? url)
    {
        if (url is not null && !(Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https" && url.Length <= MostShortText && !url.Any(char.IsControl)))
            faults.Add(path, $"'{FaultList.Shorten(url)}' is not the URL of a server.", "Write it in full, such as https://api.clear.ml.");
    }

    private static void CheckSecret(FaultList faults, string path, SecretReference? reference)
    {
        // What was written may be the secret itself: it is not repeated.
        if (reference is not null && !SecretReference.TryParse(reference.Value, out _))
            faults.Add(path, "This is no reference to a secret.", SecretReference.Rule);
    }

    private static void CheckWords(FaultList faults, string path, string? text, string what, string fix)
    {
        if (text is not null && (text.Length is 0 or > MostShortText || text[0] == '-' || text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c))))
            faults.Add(path, $"'{FaultList.Shorten(text)}' is not {what}.", fix);
    }

    private static void CheckVersion(FaultList faults, string path, string? version)
    {
        if (version is not null && (version.Length is 0 or > MostShortText || !version.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '+' or '!' or '<' or '>' or '=' or '~' or '*' or ',')))
            faults.Add(path, $"'{FaultList.Shorten(version)}' is not a version.", "Write one such as 1.9.3, or a condition such as '>=1.9,<2'.");
    }

    private static void CheckLine(FaultList faults, string path, string? text)
    {
        if (text is not null && (text.Length is 0 or > MostShortText || text.Any(char.IsControl)))
            faults.Add(path, "It is empty, too long, or has control characters in it.", $"Write one line of at most {MostShortText} characters.");
    }
}
