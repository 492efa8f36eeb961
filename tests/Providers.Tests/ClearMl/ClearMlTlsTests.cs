using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ControlPlane.ClearMlDouble;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Providers.Tests.ClearMl;

public sealed class ClearMlTlsTests : IAsyncLifetime
{
    private static readonly QueueName Gpu = new("gpu");

    private readonly string folder = Directory.CreateTempSubdirectory("controlplane-tls-").FullName;
    private readonly ClearMlServer server = new();
    private X509Certificate2 certificate = null!;
    private ClearMlApi api = null!;

    public Task InitializeAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=clearml.test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(FileOf("ca.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(FileOf("client.pem"), $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
        server.Model.AddQueue("gpu");
        server.Certificate = certificate;
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        api?.Dispose();
        certificate.Dispose();
        await server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Certificate_OfAnUnknownAuthority_IsRefusedInWords()
    {
        var fault = await FaultAsync(s => s);
        Assert.Contains("is not trusted", fault, StringComparison.Ordinal);
        Assert.Contains("caFile", fault, StringComparison.Ordinal);
        Assert.Equal(0, server.RequestCount);
    }

    [Fact]
    public async Task Certificate_OfTheAuthorityInCaFile_IsTrusted() => Assert.Single(await LookAsync(s => s with { CaFile = FileOf("ca.pem") }));

    [Fact]
    public async Task Certificate_NotChecked_IsTakenAsItIs() => Assert.Single(await LookAsync(s => s with { Insecure = true }));

    [Fact]
    public async Task Server_AsksForOurCertificate_IsShownIt()
    {
        server.AsksForClientCertificate = true;
        Assert.Single(await LookAsync(s => s with { CaFile = FileOf("ca.pem"), ClientCertificateFile = FileOf("client.pem") }));
    }

    [Theory]
    [InlineData("missing.pem")]
    [InlineData("empty.pem")]
    public async Task CaFile_CannotBeUsed_IsSaidWithItsName(string name)
    {
        File.WriteAllText(FileOf("empty.pem"), "");
        var fault = await FaultAsync(s => s with { CaFile = FileOf(name) });
        Assert.Contains(FileOf(name), fault, StringComparison.Ordinal);
        Assert.Contains("caFile", fault, StringComparison.Ordinal);
    }

    private string FileOf(string name) => Path.Combine(folder, name);

    private async Task<IReadOnlyList<QueueObservation>> LookAsync(Func<ClearMlSpec, ClearMlSpec> change)
    {
        await server.StartAsync();
        api = new ClearMlApi(server.Url);
        using var source = api.Source(change);
        return await source.ObserveAsync([Gpu], default);
    }

    private async Task<string> FaultAsync(Func<ClearMlSpec, ClearMlSpec> change) => (await Assert.ThrowsAsync<SourceException>(() => LookAsync(change))).Message;
}
