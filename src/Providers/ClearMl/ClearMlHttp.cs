using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Providers.ClearMl;

/// <summary>The HTTP connection to one server, with its certificates.</summary>
internal static class ClearMlHttp
{
    /// <exception cref="SourceException">A certificate file cannot be read.</exception>
    public static HttpClient Connect(ClearMlSpec spec)
    {
        var tls = new SslClientAuthenticationOptions();
        if (spec.Insecure)
        {
#pragma warning disable CA5359 // What the declaration asks for in so many words, and each node warns of.
            tls.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (spec.CaFile is { } file)
        {
            tls.CertificateChainPolicy = Trusting(Read("caFile", file, ReadAll));
        }

        if (spec.ClientCertificateFile is { } own)
            tls.ClientCertificates = [Read("clientCertificateFile", own, path => X509Certificate2.CreateFromPemFile(path))];
        var handler = new SocketsHttpHandler
        {
            AutomaticDecompression = DecompressionMethods.All,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ConnectTimeout = spec.Timeout,
            SslOptions = tls,

            // The credentials go to the server that was declared, and to no other.
            AllowAutoRedirect = false,
        };
        return new HttpClient(handler) { BaseAddress = new Uri(spec.Url.TrimEnd('/') + "/"), Timeout = Timeout.InfiniteTimeSpan };
    }

    private static X509ChainPolicy Trusting(X509Certificate2Collection roots)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(roots);
        return policy;
    }

    private static X509Certificate2Collection ReadAll(string path)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPemFile(path);
        return certificates.Count > 0 ? certificates : throw new CryptographicException("there is no certificate in it");
    }

    private static T Read<T>(string key, string path, Func<string, T> read)
    {
        try
        {
            return read(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new SourceException($"The file {path} that {key} names cannot be used: {fault.Message}", fault);
        }
    }
}
