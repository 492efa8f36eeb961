using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ControlPlane.Cli;
using ControlPlane.Host.Tests.Cli;

namespace ControlPlane.Host.Tests.Certificates;

/// <summary>What <c>controlplane certs</c> makes.</summary>
public sealed class CertificateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("controlplane-certs-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public async Task AnAuthority_SignsANodesCertificate_ForBothSidesAndItsNames()
    {
        await RunAsync("certs", "init", "--out", _folder, "--name", "lab");
        await RunAsync("certs", "issue", "node-1", "--ca", _folder, "--host", "node-1.lab", "--host", "10.0.0.11", "--for", "30d");

        using var authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(_folder, "ca.crt"));
        using var node = X509Certificate2.CreateFromPemFile(Path.Combine(_folder, "node-1.crt"), Path.Combine(_folder, "node-1.key"));
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        Assert.True(chain.Build(node), string.Join("; ", chain.ChainStatus.Select(s => s.StatusInformation)));

        Assert.Equal(("CN=lab", "CN=node-1"), (authority.Subject, node.Subject));
        Assert.True(node.MatchesHostname("node-1.lab") && node.MatchesHostname("10.0.0.11"));
        Assert.False(node.MatchesHostname("node-2.lab"));
        Assert.Equal(256, node.GetECDsaPrivateKey()!.KeySize);
        Assert.InRange((node.NotAfter - node.NotBefore).TotalDays, 30, 30.1);
        Assert.Equal(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"], node.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<Oid>().Select(o => o.Value));
        Assert.True(authority.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
        Assert.False(node.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task Keys_AreForTheirOwnerOnly()
    {
        await RunAsync("certs", "init", "--out", _folder);
        await RunAsync("certs", "issue", "node-1", "--ca", _folder, "--out", Path.Combine(_folder, "node-1"));

        Assert.All(new[] { "ca.key", "node-1/node-1.key" }, key => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, key))));
    }

    [Fact]
    public async Task WhatIsThere_IsNeverOverwritten()
    {
        await RunAsync("certs", "init", "--out", _folder);
        await RunAsync("certs", "issue", "node-1", "--ca", _folder);
        var before = await File.ReadAllTextAsync(Path.Combine(_folder, "ca.key"));
        using var server = new ScriptedServer();

        Assert.Equal(ExitCode.Refused, (await server.RunAsync("certs", "init", "--out", _folder)).Exit);
        Assert.Equal(ExitCode.Refused, (await server.RunAsync("certs", "issue", "node-1", "--ca", _folder)).Exit);
        Assert.Equal(ExitCode.Refused, (await server.RunAsync("certs", "issue", "node-2", "--ca", Path.Combine(_folder, "nowhere"))).Exit);
        Assert.Equal(ExitCode.Usage, (await server.RunAsync("certs", "issue", "../node", "--ca", _folder)).Exit);
        Assert.Equal(ExitCode.Usage, (await server.RunAsync("certs", "issue", "node-2", "--ca", _folder, "--for", "100000d")).Exit);
        Assert.Equal(before, await File.ReadAllTextAsync(Path.Combine(_folder, "ca.key")));
    }

    internal static async Task RunAsync(params string[] arguments)
    {
        using var server = new ScriptedServer();
        var result = await server.RunAsync(arguments);
        Assert.True(result.Exit == 0, result.Error);
    }
}
