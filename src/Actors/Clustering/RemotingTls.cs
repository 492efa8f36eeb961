using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Event;
using Akka.Remote.Transport.DotNetty;

namespace ControlPlane.Actors.Clustering;

/// <summary>The certificates with which nodes prove to each other that they belong together, section <c>Cluster:Tls</c>. All three files, or none.</summary>
public sealed class RemotingTls
{
    /// <summary>The node's certificate, as PEM.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>Its private key, as PEM.</summary>
    public string? KeyFile { get; set; }

    /// <summary>The certificate of the authority that signed those of all nodes, as PEM. No other authority counts, the machine's own neither.</summary>
    public string? AuthorityFile { get; set; }

    /// <summary>Whether nodes speak over TLS.</summary>
    public bool IsOn => CertificateFile is not null && KeyFile is not null && AuthorityFile is not null;

    /// <summary>What is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Faults(string at)
    {
        (string Key, string? File)[] files = [(nameof(CertificateFile), CertificateFile), (nameof(KeyFile), KeyFile), (nameof(AuthorityFile), AuthorityFile)];
        if (!IsOn && files.Any(f => f.File is not null))
            yield return $"{at} needs {string.Join(", ", files.Where(f => f.File is null).Select(f => f.Key))} too: write all three, or none.";
        foreach (var (key, file) in files.Where(f => f.File is not null && !File.Exists(f.File)))
            yield return $"{at}:{key} is '{file}', and there is no such file.";
    }

    /// <summary>Switches encryption on: both sides of each connection show a certificate, and plain connections end at once.</summary>
    public static Config Hocon { get; } = ConfigurationFactory.ParseString("akka.remote.dot-netty.tcp { enable-ssl = true, ssl.require-mutual-authentication = true }");

    /// <summary>
    /// The node's certificate, and the rule for those of others: signed by our authority, in time, and made for this. Names are not compared: nodes come and go under
    /// changing addresses, and the authority signs for nodes of one cluster only.
    /// </summary>
    /// <exception cref="ConfigurationException">A file cannot be read, or the certificate is not one of the authority's.</exception>
    public Setup Setup()
    {
        try
        {
            var authority = X509CertificateLoader.LoadCertificateFromFile(AuthorityFile!);
            using var read = X509Certificate2.CreateFromPemFile(CertificateFile!, KeyFile!);
            // A key that was only read is not taken by the platform's TLS everywhere; one from an archive is.
            var own = X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
            return IsOneOfOurs(own, authority)
                ? new DotNettySslSetup(own, suppressValidation: false, requireMutualAuthentication: true, Validator(authority))
                : throw new ConfigurationException($"Cluster:Tls:CertificateFile '{CertificateFile}' was not signed by Cluster:Tls:AuthorityFile '{AuthorityFile}', or is out of time: the other nodes would refuse this one.");
        }
        catch (Exception fault) when (fault is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The certificates of Cluster:Tls cannot be read: {fault.Message}", fault);
        }
    }

    private static CertificateValidationCallback Validator(X509Certificate2 authority) => (certificate, _, peer, errors, log) =>
    {
        // The platform's own judgement knows nothing of our authority. What counts beyond the chain is that there was a certificate at all.
        if (certificate is not null && (errors & SslPolicyErrors.RemoteCertificateNotAvailable) == 0 && IsOneOfOurs(certificate, authority))
            return true;
        log.Warning("A connection with {0} is refused: its certificate {1} is not of this cluster's authority, or out of time", peer, certificate?.Subject ?? "(none)");
        return false;
    };

    private static bool IsOneOfOurs(X509Certificate2 certificate, X509Certificate2 authority)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        // Server authentication: each certificate of ours is good for both sides, and a node must be able to be called.
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        return chain.Build(certificate) && chain.ChainElements.Count > 1;
    }
}
