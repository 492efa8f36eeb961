using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ControlPlane.Certificates;

/// <summary>
/// A private authority for the nodes of one cluster: ECDSA on P-256, its certificate good for ten years, a node's for as long as is asked. What it signs is good for both sides
/// of a connection, because each node calls and is called.
/// </summary>
internal static class CertificateAuthority
{
    public const string CertificateFile = "ca.crt";
    public const string KeyFile = "ca.key";

    /// <summary>How long the authority's own certificate is good: ten years.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(3652);

    // Clocks of nodes may differ a little.
    private static readonly TimeSpan Allowance = TimeSpan.FromMinutes(5);

    /// <summary>Makes an authority in a folder: <see cref="CertificateFile"/>, and <see cref="KeyFile"/>, which only its owner may read.</summary>
    /// <exception cref="IOException">There is one already, or the folder cannot be written.</exception>
    public static void Create(string folder, string name, DateTimeOffset now)
    {
        Directory.CreateDirectory(folder);
        var (certificatePath, keyPath) = (Path.Combine(folder, CertificateFile), Path.Combine(folder, KeyFile));
        if (File.Exists(certificatePath) || File.Exists(keyPath))
            throw new IOException($"There is an authority in {folder} already. What it signed would be worth nothing without it: choose another folder.");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(NameOf(name), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using var certificate = request.CreateSelfSigned(now - Allowance, now + Lifetime);
        WriteSecret(keyPath, key.ExportPkcs8PrivateKeyPem());
        Write(certificatePath, certificate.ExportCertificatePem());
    }

    /// <summary>Signs a new key for a node: <c>NAME.crt</c>, and <c>NAME.key</c>, which only its owner may read.</summary>
    /// <param name="folder">The authority's.</param>
    /// <param name="output">Where the two files go.</param>
    /// <param name="name">The node's.</param>
    /// <param name="hosts">Names and addresses under which it is called; its name if none.</param>
    /// <param name="lifetime">How long it is good; never longer than the authority.</param>
    /// <param name="now">When.</param>
    /// <exception cref="IOException">There is no authority, or the files exist or cannot be written.</exception>
    /// <exception cref="CryptographicException">The authority's files cannot be read.</exception>
    public static void Issue(string folder, string output, string name, IReadOnlyList<string> hosts, TimeSpan lifetime, DateTimeOffset now)
    {
        var (authorityPath, authorityKeyPath) = (Path.Combine(folder, CertificateFile), Path.Combine(folder, KeyFile));
        if (!File.Exists(authorityPath) || !File.Exists(authorityKeyPath))
            throw new IOException($"There is no authority in {folder}: make it with 'controlplane certs init --out {folder}'.");
        using var authority = X509Certificate2.CreateFromPemFile(authorityPath, authorityKeyPath);
        Directory.CreateDirectory(output);
        var (certificatePath, keyPath) = (Path.Combine(output, $"{name}.crt"), Path.Combine(output, $"{name}.key"));
        if (File.Exists(certificatePath) || File.Exists(keyPath))
            throw new IOException($"{certificatePath} or its key exists already: move it away, or choose another folder.");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(NameOf(name), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        // Server and client authentication: RFC 5280, 4.2.1.12.
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        request.CertificateExtensions.Add(HostsOf(hosts.Count > 0 ? hosts : [name]));
        var end = now + lifetime < authority.NotAfter.ToUniversalTime() ? now + lifetime : new DateTimeOffset(authority.NotAfter.ToUniversalTime());
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f;
        using var certificate = request.Create(authority, now - Allowance, end, serial);
        WriteSecret(keyPath, key.ExportPkcs8PrivateKeyPem());
        Write(certificatePath, certificate.ExportCertificatePem());
    }

    private static X500DistinguishedName NameOf(string name)
    {
        var built = new X500DistinguishedNameBuilder();
        built.AddCommonName(name);
        return built.Build();
    }

    private static X509Extension HostsOf(IReadOnlyList<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var address))
                names.AddIpAddress(address);
            else
                names.AddDnsName(host);
        }

        return names.Build();
    }

    private static void Write(string path, string text) => Write(path, text, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

    private static void WriteSecret(string path, string text) => Write(path, text, UnixFileMode.UserRead | UnixFileMode.UserWrite);

    private static void Write(string path, string text, UnixFileMode mode)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = mode;
        using var file = new StreamWriter(path, options);
        file.WriteLine(text);
    }
}
