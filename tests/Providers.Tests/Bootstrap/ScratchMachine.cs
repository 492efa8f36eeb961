using System.Diagnostics;

namespace ControlPlane.Providers.Tests.Bootstrap;

/// <summary>
/// A bare machine in a folder: everything that the scripts touch lies below it, and what they call is a stand-in that writes down how it was called. What a real
/// machine would install, the stand-in of apt-get "installs" by putting a stand-in where there was none.
/// </summary>
internal sealed class ScratchMachine : IDisposable
{
    private const string NativeId = "i-0123456789abcdef0";

    // Each stand-in logs its name and arguments, one line a call.
    private const string Head = "#!/bin/bash\nprintf '%s\\n' \"${0##*/} $*\" >>\"$CP_ROOT/calls\"\n";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public ScratchMachine()
    {
        foreach (var tool in (string[])["bash", "od", "tr", "mkdir", "date", "head", "mv", "cat", "tee", "rm", "touch", "cp", "chmod"])
            File.CreateSymbolicLink(In("bin", tool), Directory.GetFiles("/usr/bin", tool).Concat(Directory.GetFiles("/bin", tool)).First());
        StandIn("apt-get", """
            if [[ -s $CP_ROOT/apt-fails ]]; then
              read -r left <"$CP_ROOT/apt-fails"
              if ((left > 0)); then echo $((left - 1)) >"$CP_ROOT/apt-fails"; exit 100; fi
            fi
            for package in "$@"; do
              if [[ -f $CP_ROOT/packages/$package ]]; then cp "$CP_ROOT/packages/$package" "$CP_ROOT/bin/${package%.io}"; fi
              case $package in *-venv) touch "$CP_ROOT/has-venv" ;; esac
            done
            """);
        StandIn("shutdown", "");
        StandIn("hostname", "echo a-host");
        StandIn("sleep", "");
        StandIn("service", "touch \"$CP_ROOT/docker-runs\"");
        StandIn("python3", Python);
        StandIn("curl", Curl);
        Package("git", "");
        Package("docker.io", "[[ -e $CP_ROOT/docker-runs ]]");
        Directory.CreateDirectory(In("root", ""));
        File.WriteAllText(In("root", ".bashrc"), "export FROM_BASHRC=yes\n[ -z \"$PS1\" ] && true\nfalse\n");
    }

    public string Root { get; } = Directory.CreateTempSubdirectory("controlplane-machine-").FullName;

    /// <summary>What was called, in order.</summary>
    public IReadOnlyList<string> Calls => File.Exists(In("", "calls")) ? File.ReadAllLines(In("", "calls")) : [];

    /// <summary>How agents were started: their arguments, then what they found in their environment.</summary>
    public IReadOnlyList<string> Agents => File.Exists(In("", "agents")) ? File.ReadAllLines(In("", "agents")) : [];

    public void Dispose() => Directory.Delete(Root, recursive: true);

    public string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    public bool Has(string path) => File.Exists(Path.Combine(Root, path));

    public void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Root, path))!);
        File.WriteAllText(Path.Combine(Root, path), text);
    }

    public void Remove(string tool) => File.Delete(In("bin", tool));

    /// <summary>The control plane's answers to the next requests: a status and a body each. The last is repeated.</summary>
    public void Answer(params (int Status, string Body)[] answers)
    {
        for (var i = 0; i < answers.Length; i++)
        {
            Write($"answers/{i + 1}.status", answers[i].Status.ToString(System.Globalization.CultureInfo.InvariantCulture));
            Write($"answers/{i + 1}.body", answers[i].Body);
        }

        Write("answers/count", answers.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>Runs a script as root's first boot would.</summary>
    public (int ExitCode, string Console) Run(string script)
    {
        Write("user-data", script);
        var start = new ProcessStartInfo(In("bin", "bash"), [In("", "user-data")]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Root };
        start.Environment.Clear();
        start.Environment["PATH"] = In("bin", "");
        start.Environment["CP_ROOT"] = Root;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience) || !Task.WaitAll([output, errors], Patience))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"The script did not end within {Patience.TotalSeconds} s. It called:\n{string.Join('\n', Calls)}");
        }

        return (process.ExitCode, output.Result + errors.Result);
    }

    /// <summary>The folder is made here, as many are not there at first.</summary>
    public string In(string folder, string name)
    {
        Directory.CreateDirectory(Path.Combine(Root, folder));
        return Path.Combine(Root, folder, name);
    }

    public void StandIn(string name, string body) => Executable(In("bin", name), Head + body + "\n");

    private void Package(string name, string body) => Executable(In("packages", name), Head + body + "\n");

    private static void Executable(string path, string text)
    {
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Python with venv, pip and the agent, as far as the scripts go.</summary>
    private const string Python = """
        case "$1 $2" in
          "-c import venv, ensurepip") [[ -e $CP_ROOT/has-venv ]]; exit ;;
          "-c import clearml_agent") [[ -e $CP_ROOT/has-agent ]]; exit ;;
          "-m venv") mkdir -p "$3/bin"; cp "$CP_ROOT/bin/python3" "$3/bin/python"; exit ;;
          "-m pip")
            if [[ $3 == --version ]]; then exit 0; fi
            if [[ -s $CP_ROOT/pip-fails ]]; then
              read -r left <"$CP_ROOT/pip-fails"
              if ((left > 0)); then echo $((left - 1)) >"$CP_ROOT/pip-fails"; exit 1; fi
            fi
            touch "$CP_ROOT/has-agent"
            exit
            ;;
          "-m clearml_agent")
            printf '%s | %s gpu=%s bashrc=%s init=%s\n' "$*" "$CLEARML_WORKER_ID" "${NVIDIA_VISIBLE_DEVICES:-}" "${FROM_BASHRC:-}" "${FROM_INIT:-}" >>"$CP_ROOT/agents"
            if [[ -e $CP_ROOT/agent-stays ]]; then
              trap 'exit 143' TERM
              for ((i = 0; i < 50; i++)); do sleep 1; done
            fi
            if [[ -s $CP_ROOT/agent-status ]]; then exit "$(<"$CP_ROOT/agent-status")"; fi
            exit 0
            ;;
        esac
        exit 64
        """;

    /// <summary>The metadata service in its second version only, and the control plane.</summary>
    private const string Curl = $$"""
        out= url= code=0
        for ((i = 1; i <= $#; i++)); do
          case ${!i} in
            -o) j=$((i + 1)); out=${!j} ;;
            http*) url=${!i} ;;
          esac
        done
        case $url in
          */latest/api/token)
            if [[ -s $CP_ROOT/metadata-fails ]]; then
              read -r left <"$CP_ROOT/metadata-fails"
              if ((left > 0)); then echo $((left - 1)) >"$CP_ROOT/metadata-fails"; exit 7; fi
            fi
            if [[ $* != *"-X PUT"* || $* != *ttl-seconds* ]]; then exit 22; fi
            printf 'a-token'
            ;;
          */latest/meta-data/instance-id)
            if [[ $* != *"X-aws-ec2-metadata-token: a-token"* ]]; then exit 22; fi
            printf '{{NativeId}}'
            ;;
          */computeMetadata/v1/instance/name)
            if [[ $* != *"Metadata-Flavor: Google"* ]]; then exit 22; fi
            printf 'gce-name'
            ;;
          */api/v1/bootstrap/renew) if [[ -e $CP_ROOT/unreachable ]]; then exit 7; fi ;;
          */api/v1/bootstrap)
            cat "$CP_ROOT/var/lib/controlplane/request.json" >>"$CP_ROOT/requests"
            echo >>"$CP_ROOT/requests"
            count=$(<"$CP_ROOT/answers/count")
            asked=1
            if [[ -s $CP_ROOT/answers/asked ]]; then asked=$(($(<"$CP_ROOT/answers/asked") + 1)); fi
            echo "$asked" >"$CP_ROOT/answers/asked"
            if ((asked > count)); then asked=$count; fi
            status=$(<"$CP_ROOT/answers/$asked.status")
            if [[ $status == 000 || $status == 0 ]]; then printf '000'; exit 7; fi
            cat "$CP_ROOT/answers/$asked.body" >"$out"
            printf '%s' "$status"
            ;;
          *) exit 6 ;;
        esac
        """;
}
