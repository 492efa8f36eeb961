using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Secrets;
using ControlPlane.Domain.Tests.Kit;

namespace ControlPlane.Domain.Tests.Catalog;

public sealed class BootstrapRulesTests
{
    private static readonly ClearMlServer Server = new("https://api.example.org", null, null, new SecretReference("env:A"), new SecretReference("file:/run/s"));

    private static readonly BootstrapSpec Full = new()
    {
        ClearMl = Server,
        DockerImage = "nvidia/cuda:12.4.1-runtime-ubuntu22.04",
        Python = "/usr/bin/python3.11",
        Venv = false,
        AgentVersion = ">=1.9,<2",
        GitUser = "robot",
        GitToken = new SecretReference("env:G"),
        ClearMlConf = "agent.x: 1",
        InitScript = new string('x', 65_536),
        CpuOnly = true,
        SkipBashrc = true,
        DeadMansSwitch = TimeSpan.FromMinutes(10),
        WorkersPrefix = "dynamic_worker",
    };

    public static TheoryData<string, BootstrapSpec> Faulty => new()
    {
        { "workersPrefix", new BootstrapSpec { WorkersPrefix = "a:b" } },
        { "clearml.api", new BootstrapSpec { ClearMl = Server with { Api = "api.example.org" } } },
        { "clearml.web", new BootstrapSpec { ClearMl = Server with { Web = "ftp://x" } } },
        { "clearml.accessKey", new BootstrapSpec { ClearMl = Server with { AccessKey = new SecretReference("AKIA-THE-SECRET") } } },
        { "dockerImage", new BootstrapSpec { DockerImage = "--privileged" } },
        { "python", new BootstrapSpec { Python = "python3 -x" } },
        { "agentVersion", new BootstrapSpec { AgentVersion = "1.9; rm" } },
        { "gitUser", new BootstrapSpec { GitUser = "a\nb", GitToken = new SecretReference("env:G") } },
        { "gitToken", new BootstrapSpec { GitUser = "robot" } },
        { "gitUser", new BootstrapSpec { GitToken = new SecretReference("env:G") } },
        { "gitToken", new BootstrapSpec { GitUser = "robot", GitToken = new SecretReference("THE-SECRET") } },
        { "initScriptFrom", new BootstrapSpec { InitScript = "a", InitScriptFrom = new SecretReference("env:B") } },
        { "clearmlConf", new BootstrapSpec { ClearMlConf = new string('x', 65_537) } },
        { "initScript", new BootstrapSpec { InitScript = "a\0" } },
        { "initScript", new BootstrapSpec { InitScript = new string('x', 5_121), Mode = BootstrapMode.Embedded, ClearMl = Server } },
        { "deadMansSwitch", new BootstrapSpec { DeadMansSwitch = TimeSpan.FromSeconds(119) } },
        { "deadMansSwitch", new BootstrapSpec { DeadMansSwitch = TimeSpan.FromMinutes(5), Mode = BootstrapMode.Embedded, ClearMl = Server } },
        { "clearml", new BootstrapSpec { Mode = BootstrapMode.Embedded } },
        { "initScript", new BootstrapSpec { Worker = WorkerKind.Command } },
    };

    public static TheoryData<BootstrapSpec> Sound =>
    [
        new BootstrapSpec(),
        new BootstrapSpec { Worker = WorkerKind.Command, InitScriptFrom = new SecretReference("file:/etc/init") },
        new BootstrapSpec { Worker = WorkerKind.Command, InitScript = "x", Mode = BootstrapMode.Embedded },
        Full,
    ];

    [Theory]
    [MemberData(nameof(Faulty))]
    public void Check_Faulty_IsNamedByItsPath_AndNoSecretIsRepeated(string key, BootstrapSpec spec)
    {
        var fault = Assert.Single(Faults(spec));
        Assert.Equal($"pools[0].bootstrap.{key}", fault.Path);
        Assert.DoesNotContain("THE-SECRET", fault.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Sound))]
    public void Check_Sound_HasNoFault_AndIsPartOfTheDigest(BootstrapSpec spec)
    {
        Assert.Empty(Faults(spec));
        var pool = Given.Pool();
        Assert.NotEqual(PoolDigest.Of(pool), PoolDigest.Of(pool with { Bootstrap = spec }));
        Assert.Equal(PoolDigest.Of(pool with { Bootstrap = spec }), PoolDigest.Of(pool with { Bootstrap = Wire.Copy(spec) }));
    }

    [Fact]
    public void Digest_EveryProperty_CountsInIt()
    {
        var full = Full with { ClearMlConfFrom = new SecretReference("env:C"), InitScriptFrom = new SecretReference("env:I"), Worker = WorkerKind.Command, Mode = BootstrapMode.Embedded };
        var leftOut = new BootstrapSpec();
        foreach (var property in typeof(BootstrapSpec).GetProperties().Where(p => p.CanWrite))
        {
            var other = Wire.Copy(full);
            Assert.NotEqual(property.GetValue(full), property.GetValue(leftOut));
            property.SetValue(other, property.GetValue(leftOut));
            Assert.True(Digest(other) != Digest(full), property.Name);
        }

        static string Digest(BootstrapSpec spec) => PoolDigest.Of(Given.Pool() with { Bootstrap = spec });
    }

    private static IReadOnlyList<ConfigurationFault> Faults(BootstrapSpec spec) =>
        [.. ConfigurationRules.Check(Configuration.Empty with { Pools = [Given.Pool() with { Bootstrap = spec }] }).Where(f => f.Path.Contains("bootstrap", StringComparison.Ordinal))];
}
