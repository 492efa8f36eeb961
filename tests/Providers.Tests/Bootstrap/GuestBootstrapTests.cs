using System.Diagnostics;
using System.Text;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Secrets;
using ControlPlane.Providers.Bootstrap;
using static ControlPlane.Providers.Tests.Bootstrap.Guests;

namespace ControlPlane.Providers.Tests.Bootstrap;

public sealed class GuestBootstrapTests
{
    private static readonly BootstrapSpec Embedded = new()
    {
        Mode = BootstrapMode.Embedded,
        ClearMl = Server,
        GitUser = "robot",
        GitToken = new SecretReference("env:GIT"),
        DockerImage = "nvidia/cuda:12",
        AgentVersion = "1.9.3",
    };

    [Fact]
    public void UserData_SameBatch_IsTheSameText()
    {
        var pool = Pool(new BootstrapSpec());
        Assert.Equal(Writer().UserData(Batch(pool), GuestPlatform.Ec2), Writer().UserData(Batch(pool), GuestPlatform.Ec2));
        Assert.NotEqual(Writer().UserData(Batch(pool), GuestPlatform.Ec2), Writer().UserData(Batch(pool, token: "other"), GuestPlatform.Ec2));
        Assert.NotEqual(Writer().UserData(Batch(pool), GuestPlatform.Ec2), Writer(key: new byte[32]).UserData(Batch(pool), GuestPlatform.Ec2));
        var embedded = Pool(Embedded);
        Assert.Equal(Writer().UserData(Batch(embedded), GuestPlatform.Ec2), Writer().UserData(Batch(embedded), GuestPlatform.Ec2));
    }

    [Fact]
    public void UserData_Fetch_HoldsNoSecretAndNoneOfTheScripts()
    {
        var text = Writer().UserData(Batch(Pool(Embedded with { Mode = BootstrapMode.Fetch, InitScript = "echo mine" })), GuestPlatform.Ec2)!;
        Assert.StartsWith("#!/bin/bash\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("value-of-", text, StringComparison.Ordinal);
        Assert.DoesNotContain("echo mine", text, StringComparison.Ordinal);
        Assert.Contains($"CP_URL='{Url}'", text, StringComparison.Ordinal);
        Assert.Contains("CP_PATIENCE='1800'", text, StringComparison.Ordinal);
    }

    [Fact]
    public void UserData_FetchOfTheLargestBatch_FitsIntoWhatEc2Takes() =>
        Assert.InRange(Encoding.UTF8.GetByteCount(Writer().UserData(Batch(Pool(new BootstrapSpec()), 250), GuestPlatform.Ec2)!), 1, GuestBootstrap.MostUserData);

    [Fact]
    public void UserData_EmbeddedWithAsMuchTextAsTheRulesAllow_FitsIntoWhatEc2Takes()
    {
        // As in BootstrapRules.MostEmbeddedText; quotes take four bytes each, and a script has few.
        var script = string.Concat(Enumerable.Repeat("echo 'one more line of it'\n", 5_120 / 27));
        var text = Writer().UserData(Batch(Pool(Embedded with { InitScript = script }), 100), GuestPlatform.Ec2)!;
        Assert.InRange(Encoding.UTF8.GetByteCount(text), 1, GuestBootstrap.MostUserData);
        Assert.Contains("value-of-SECRET", text, StringComparison.Ordinal);
        Assert.Contains("value-of-GIT", text, StringComparison.Ordinal);
    }

    [Fact]
    public void UserData_EmbeddedThatIsTooLarge_IsRefused()
    {
        var fault = Assert.Throws<BootstrapException>(() => Writer().UserData(Batch(Pool(Embedded with { InitScript = new string('x', 16_384) })), GuestPlatform.Ec2));
        Assert.Contains("16,384", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void UserData_PoolWithoutBootstrap_IsNone() => Assert.Null(Writer().UserData(Batch(Pool(null)), GuestPlatform.Ec2));

    [Fact]
    public void UserData_EmbeddedWithAMissingSecret_IsRefusedByItsName()
    {
        var fault = Assert.Throws<BootstrapException>(
            () => Writer().UserData(Batch(Pool(Embedded with { GitToken = new SecretReference("env:MISSING") })), GuestPlatform.Gce));
        Assert.Contains("env:MISSING", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WorkerScript_TakesTheServerOfTheSource_UnlessThePoolNamesOne()
    {
        Assert.Contains("https://api.example.org", Writer().WorkerScript(Facts(new BootstrapSpec())), StringComparison.Ordinal);
        Assert.Contains("https://own.example.org", Writer().WorkerScript(Facts(new BootstrapSpec { ClearMl = Server with { Api = "https://own.example.org" } })), StringComparison.Ordinal);
        var fault = Assert.Throws<BootstrapException>(() => Writer().WorkerScript(Facts(new BootstrapSpec()) with { Server = null }));
        Assert.Contains("bootstrap.clearml", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WorkerScript_OfTheKindCommand_NeedsNoServer()
    {
        var text = Writer().WorkerScript(Facts(new BootstrapSpec { Worker = WorkerKind.Command, InitScript = "echo mine" }) with { Server = null });
        Assert.Contains("CP_INIT='echo mine'", text, StringComparison.Ordinal);
        Assert.Contains("CP_CONF=''", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.9.3", "==1.9.3")]
    [InlineData(">=1.9,<2", ">=1.9,<2")]
    [InlineData(null, "")]
    public void WorkerScript_AgentVersion_IsARequirement(string? version, string requirement) =>
        Assert.Contains($"CP_AGENT_VERSION='{requirement}'\n", Writer().WorkerScript(Facts(new BootstrapSpec { AgentVersion = version })), StringComparison.Ordinal);

    [Fact]
    public async Task Scripts_PassShellcheck()
    {
        var texts = new[]
        {
            Writer().UserData(Batch(Pool(new BootstrapSpec())), GuestPlatform.Ec2)!,
            Writer().UserData(Batch(Pool(Embedded with { InitScript = "it's mine" })), GuestPlatform.Gce)!,
            Writer().WorkerScript(Facts(Embedded with { GitToken = new SecretReference("env:AWKWARD") })),
        };
        foreach (var text in texts)
        {
            // Values that only the other script uses are set all the same; a script of the pool is not there to be read.
            using var shellcheck = Process.Start(new ProcessStartInfo("shellcheck", ["--severity=warning", "--exclude=SC2034,SC1090,SC1091", "-"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
            await shellcheck.StandardInput.WriteAsync(text);
            shellcheck.StandardInput.Close();
            var said = await shellcheck.StandardOutput.ReadToEndAsync();
            await shellcheck.WaitForExitAsync();
            Assert.True(shellcheck.ExitCode == 0, said);
        }
    }
}
