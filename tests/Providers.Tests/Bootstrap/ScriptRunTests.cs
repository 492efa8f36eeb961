using System.Text.Json;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Secrets;
using ControlPlane.Providers.Bootstrap;
using static ControlPlane.Providers.Tests.Bootstrap.Guests;

namespace ControlPlane.Providers.Tests.Bootstrap;

/// <summary>The scripts themselves, run by a real Bash on a scratch machine.</summary>
public sealed class ScriptRunTests : IDisposable
{
    private const string NativeId = "i-0123456789abcdef0";
    private const string Shutdown = "shutdown -h now";

    private readonly ScratchMachine machine = new();

    public void Dispose() => machine.Dispose();

    [Fact]
    public void Fetch_BareMachine_AsksOnce_RunsItsAgent_AndShutsDown()
    {
        machine.Answer((200, Script(new BootstrapSpec())));
        var (status, console) = machine.Run(UserData(new BootstrapSpec()));

        Assert.True(status == 0, console);
        var request = JsonDocument.Parse(Assert.Single(machine.Read("requests").Trim().Split('\n'))).RootElement;
        Assert.Equal(NativeId, request.GetProperty("nativeId").GetString());
        Assert.Matches("^[0-9a-f]{64}$", request.GetProperty("claim").GetString()!);
        Assert.True(new BootstrapTickets(Key).TryRead(request.GetProperty("ticket").GetString(), out _));

        var agent = Assert.Single(machine.Agents);
        Assert.StartsWith($"-m clearml_agent --config-file {Path.Combine(machine.Root, "root", "clearml.conf")} daemon --queue train --foreground | controlplane:gpu:g5.xlarge:{NativeId} ", agent, StringComparison.Ordinal);
        Assert.Contains("\"access_key\": \"value-of-ACCESS\"", machine.Read("root/clearml.conf"), StringComparison.Ordinal);
        Assert.Equal(Shutdown, machine.Calls[^1]);
        Assert.Single(machine.Calls, Shutdown);
        Assert.Contains("becomes a worker of pool gpu", console, StringComparison.Ordinal);
        Assert.DoesNotContain("value-of-", console, StringComparison.Ordinal);
        Assert.DoesNotContain(machine.Calls, c => c.Contains("value-of-", StringComparison.Ordinal));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(machine.Root, "root/clearml.conf")));
    }

    [Fact]
    public void Fetch_LostAnswers_AreAskedForAgainWithTheSameClaim()
    {
        machine.Answer((0, ""), (503, "busy"), (425, "too early"), (200, "<html>a proxy</html>"), (200, Script(new BootstrapSpec())));
        var (status, console) = machine.Run(UserData(new BootstrapSpec()));
        Assert.True(status == 0, console);
        var requests = machine.Read("requests").Trim().Split('\n');
        Assert.Equal(5, requests.Length);
        Assert.Single(requests.Distinct());
        Assert.Single(machine.Agents);
    }

    [Fact]
    public void Fetch_Refused_ShutsDownAtOnceAndSaysWhy()
    {
        machine.Answer((403, """{"detail":"This machine's ticket was used already."}"""));
        var (status, console) = machine.Run(UserData(new BootstrapSpec()));
        Assert.NotEqual(0, status);
        Assert.Contains("used already", console, StringComparison.Ordinal);
        Assert.Single(machine.Read("requests").Trim().Split('\n'));
        Assert.Empty(machine.Agents);
        Assert.Equal(Shutdown, machine.Calls[^1]);
    }

    [Fact]
    public void Fetch_NobodyAnswers_GivesUpAfterTheBootTimeAndShutsDown()
    {
        machine.Answer((0, ""));
        var (status, console) = machine.Run(UserData(new BootstrapSpec()));
        Assert.NotEqual(0, status);
        Assert.Contains("gave up after 18", console, StringComparison.Ordinal);
        Assert.Equal(Shutdown, machine.Calls[^1]);
    }

    [Fact]
    public void Fetch_SecondRun_AsksNobodyAgain()
    {
        machine.Answer((200, Script(new BootstrapSpec { Venv = false })), (403, "used"));
        Assert.Equal(0, machine.Run(UserData(new BootstrapSpec())).ExitCode);
        var installs = machine.Calls.Count(c => c.Contains("pip install", StringComparison.Ordinal));
        var (status, console) = machine.Run(UserData(new BootstrapSpec()));
        Assert.True(status == 0, console);
        Assert.Single(machine.Read("requests").Trim().Split('\n'));
        Assert.Equal(2, machine.Agents.Count);
        Assert.Equal((1, 1), (installs, machine.Calls.Count(c => c.Contains("pip install", StringComparison.Ordinal))));
    }

    [Fact]
    public void Embedded_BareMachine_NeedsNoControlPlane()
    {
        var spec = new BootstrapSpec { Mode = BootstrapMode.Embedded, ClearMl = Server, GitUser = "robot", GitToken = new SecretReference("env:GIT"), ClearMlConf = "agent.force_git_ssh_protocol: true" };
        var (status, console) = machine.Run(UserData(spec));
        Assert.True(status == 0, console);
        Assert.False(machine.Has("requests"));
        Assert.Contains($":{NativeId} ", Assert.Single(machine.Agents), StringComparison.Ordinal);
        var conf = machine.Read("root/clearml.conf");
        Assert.Contains("agent.git_user: \"robot\"", conf, StringComparison.Ordinal);
        Assert.Contains("agent.git_pass: \"value-of-GIT\"", conf, StringComparison.Ordinal);
        Assert.EndsWith("agent.force_git_ssh_protocol: true\n", conf, StringComparison.Ordinal);
        Assert.Equal(Shutdown, machine.Calls[^1]);
    }

    [Fact]
    public void Embedded_OnComputeEngine_AsksItsMetadataServer()
    {
        var (status, console) = machine.Run(Writer().UserData(Batch(Pool(new BootstrapSpec { Mode = BootstrapMode.Embedded, ClearMl = Server })), GuestPlatform.Gce)!);
        Assert.True(status == 0, console);
        Assert.Contains(":gce-name ", Assert.Single(machine.Agents), StringComparison.Ordinal);
    }

    [Fact]
    public void Metadata_InItsSecondVersion_IsAskedAgainUntilItAnswers()
    {
        machine.Write("metadata-fails", "2");
        Assert.Equal(0, machine.Run(UserData(new BootstrapSpec { Mode = BootstrapMode.Embedded, ClearMl = Server })).ExitCode);
        Assert.Equal(3, machine.Calls.Count(c => c.Contains("-X PUT", StringComparison.Ordinal) && c.Contains("X-aws-ec2-metadata-token-ttl-seconds", StringComparison.Ordinal)));
        Assert.Single(machine.Calls, c => c.Contains("X-aws-ec2-metadata-token: a-token", StringComparison.Ordinal));
    }

    [Fact]
    public void Packages_AptAndPipFailAtFirst_AreTriedAgain()
    {
        machine.Write("apt-fails", "2");
        machine.Write("pip-fails", "2");
        Assert.Equal(0, machine.Run(Script(new BootstrapSpec())).ExitCode);
        Assert.Equal(3, machine.Calls.Count(c => c.Contains("pip install", StringComparison.Ordinal)));
        Assert.Contains(machine.Calls, c => c.StartsWith("apt-get", StringComparison.Ordinal) && c.EndsWith(" install -y --no-install-recommends git", StringComparison.Ordinal));
        Assert.Single(machine.Agents);
    }

    [Fact]
    public void Packages_AptNeverWorks_ShutsDown()
    {
        machine.Write("apt-fails", "1000");
        var (status, console) = machine.Run(Script(new BootstrapSpec()));
        Assert.NotEqual(0, status);
        Assert.Contains("gave up", console, StringComparison.Ordinal);
        Assert.Empty(machine.Agents);
        Assert.Equal(Shutdown, machine.Calls[^1]);
    }

    [Fact]
    public void Docker_Mode_InstallsAndStartsDocker()
    {
        Assert.Equal(0, machine.Run(Script(new BootstrapSpec { DockerImage = "nvidia/cuda:12" })).ExitCode);
        Assert.Contains(machine.Calls, c => c.EndsWith("git docker.io", StringComparison.Ordinal));
        Assert.Contains("service docker start", machine.Calls);
        Assert.Contains("--foreground --docker nvidia/cuda:12 |", Assert.Single(machine.Agents), StringComparison.Ordinal);
    }

    [Fact]
    public void Docker_NotAskedFor_IsNotTouched()
    {
        Assert.Equal(0, machine.Run(Script(new BootstrapSpec())).ExitCode);
        Assert.DoesNotContain(machine.Calls, c => c.Contains("docker", StringComparison.Ordinal));
    }

    [Fact]
    public void Venv_IsMadeAndUsed_AndItsPackageInstalledWhereItIsMissing()
    {
        Assert.Equal(0, machine.Run(Script(new BootstrapSpec())).ExitCode);
        Assert.Contains(machine.Calls, c => c.EndsWith(" install -y --no-install-recommends python3-venv", StringComparison.Ordinal));
        Assert.Contains(machine.Calls, c => c == $"python3 -m venv {machine.Root}/opt/controlplane/venv");
        Assert.Contains(machine.Calls, c => c.StartsWith("python -m pip install", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("1.9.3", "clearml-agent==1.9.3")]
    [InlineData(">=1.9,<2", "clearml-agent>=1.9,<2")]
    [InlineData(null, "clearml-agent")]
    public void Agent_InTheVersionThatIsAskedFor(string? version, string requirement)
    {
        Assert.Equal(0, machine.Run(Script(new BootstrapSpec { Venv = false, AgentVersion = version })).ExitCode);
        Assert.Single(machine.Calls, c => c.StartsWith("python3 -m pip install", StringComparison.Ordinal) && c.EndsWith($" {requirement}", StringComparison.Ordinal));
        Assert.DoesNotContain(machine.Calls, c => c.Contains("-m venv", StringComparison.Ordinal));
    }

    [Fact]
    public void InitScript_ReachesTheAgent_AndItsFailureIsOnlySaid()
    {
        var (status, console) = machine.Run(Script(new BootstrapSpec { InitScript = "export FROM_INIT=\"it's here\"\necho 'from init' >\"$CP_ROOT/init-ran\"\nfalse\nunset NO_SUCH_VARIABLE\necho $NO_SUCH_VARIABLE\n(exit 3)" }));
        Assert.True(status == 0, console);
        Assert.True(machine.Has("init-ran"));
        Assert.Contains("init=it's here", Assert.Single(machine.Agents), StringComparison.Ordinal);
        Assert.Contains("status 3; going on", console, StringComparison.Ordinal);
    }

    [Fact]
    public void Command_IsTheInitScriptAndNothingElse()
    {
        var (status, _) = machine.Run(Writer().WorkerScript(Facts(new BootstrapSpec { Worker = WorkerKind.Command, InitScript = "echo mine >\"$CP_ROOT/mine\"; (exit 5)" }) with { Server = null }));
        Assert.Equal(5, status);
        Assert.True(machine.Has("mine"));
        Assert.DoesNotContain(machine.Calls, c => c.StartsWith("apt-get", StringComparison.Ordinal) || c.StartsWith("python", StringComparison.Ordinal));
        Assert.Equal(Shutdown, machine.Calls[^1]);
    }

    [Fact]
    public void CpuMode_HidesTheGpus()
    {
        Assert.Equal(0, machine.Run(Script(new BootstrapSpec { CpuOnly = true })).ExitCode);
        var agent = Assert.Single(machine.Agents);
        Assert.Contains("--cpu-only", agent, StringComparison.Ordinal);
        Assert.Contains("gpu=none", agent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "bashrc=yes")]
    [InlineData(true, "bashrc= ")]
    public void Bashrc_IsReadUnlessItIsExcluded(bool skip, string seen)
    {
        Assert.Equal(0, machine.Run(Script(new BootstrapSpec { SkipBashrc = skip })).ExitCode);
        Assert.Contains(seen, Assert.Single(machine.Agents), StringComparison.Ordinal);
    }

    [Fact]
    public void Slots_EachHasAnAgentOfItsOwn()
    {
        Assert.Equal(0, machine.Run(Writer().WorkerScript(Facts(new BootstrapSpec(), slots: 2))).ExitCode);
        Assert.Equal(2, machine.Agents.Count);
        Assert.Contains(machine.Agents, a => a.Contains($"{NativeId}:0 ", StringComparison.Ordinal));
        Assert.Contains(machine.Agents, a => a.Contains($"{NativeId}:1 ", StringComparison.Ordinal));
    }

    [Fact]
    public void AgentThatFails_ShutsTheMachineDownToo()
    {
        machine.Write("agent-status", "9");
        var (status, _) = machine.Run(Script(new BootstrapSpec()));
        Assert.Equal(9, status);
        Assert.Equal(Shutdown, machine.Calls[^1]);
    }

    [Fact]
    public void DeadMansSwitch_ControlPlaneOutOfReach_EndsTheAgentAndShutsDown()
    {
        machine.Write("agent-stays", "");
        machine.Write("unreachable", "");
        var (status, console) = machine.Run(Quick(Script(new BootstrapSpec { DeadMansSwitch = TimeSpan.FromMinutes(2) })));
        Assert.Equal(143, status);
        Assert.Contains("was out of reach", console, StringComparison.Ordinal);
        Assert.Equal(Shutdown, machine.Calls[^1]);
    }

    [Fact]
    public void DeadMansSwitch_ControlPlaneThere_LetsTheAgentWork()
    {
        machine.StandIn("sleep", "exec /bin/sleep \"$@\"");
        var script = Quick(Script(new BootstrapSpec { DeadMansSwitch = TimeSpan.FromMinutes(2), InitScript = "/bin/sleep 4" }));
        var (status, console) = machine.Run(script);
        Assert.True(status == 0, console);
        Assert.Contains(machine.Calls, c => c.Contains("/api/v1/bootstrap/renew", StringComparison.Ordinal));
        Assert.Single(machine.Agents);
    }

    /// <summary>The same script with a switch of two seconds: what it does is what counts here.</summary>
    private string Quick(string script)
    {
        machine.StandIn("sleep", "exec /bin/sleep \"$@\"");
        return script.Replace("CP_DEAD_SECONDS='120'", "CP_DEAD_SECONDS='2'", StringComparison.Ordinal).Replace("CP_RENEW_SECONDS='60'", "CP_RENEW_SECONDS='1'", StringComparison.Ordinal);
    }

    private static string UserData(BootstrapSpec spec) => Writer().UserData(Batch(Pool(spec)), GuestPlatform.Ec2)!;

    private static string Script(BootstrapSpec spec) => Writer().WorkerScript(Facts(spec));
}
