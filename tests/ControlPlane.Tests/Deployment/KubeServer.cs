using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ControlPlane.Host.Tests.Deployment;

/// <summary>A real kube-apiserver with its etcd, on the loopback and free ports, in a folder of its own; ended by their process ids.</summary>
internal sealed class KubeServer : IDisposable
{
    private const string Token = "test-admin-token";
    private readonly string _folder = Directory.CreateTempSubdirectory("controlplane-kube-").FullName;
    private readonly List<Process> _processes = [];
    private readonly HttpClient _http;
    private readonly int _port = FreePort();

    private KubeServer(string programs)
    {
        var (store, peer) = (FreePort(), FreePort());
        Start(Path.Combine(programs, "etcd"), "--name", "t", "--data-dir", Path.Combine(_folder, "etcd"), "--unsafe-no-fsync",
            "--listen-client-urls", $"http://127.0.0.1:{store}", "--advertise-client-urls", $"http://127.0.0.1:{store}",
            "--listen-peer-urls", $"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{peer}", "--initial-cluster", $"t=http://127.0.0.1:{peer}");
        var key = Path.Combine(_folder, "sa.key");
        using (var rsa = RSA.Create(2048))
            File.WriteAllText(key, rsa.ExportRSAPrivateKeyPem());
        File.WriteAllText(Path.Combine(_folder, "tokens.csv"), $"{Token},admin,admin,\"system:masters\"\n");
        Start(Path.Combine(programs, "kube-apiserver"), $"--etcd-servers=http://127.0.0.1:{store}", "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", $"--secure-port={_port}", "--insecure-port=0",
            $"--cert-dir={Path.Combine(_folder, "certs")}", $"--token-auth-file={Path.Combine(_folder, "tokens.csv")}", "--authorization-mode=RBAC", "--service-account-issuer=https://kubernetes.default.svc",
            $"--service-account-signing-key-file={key}", $"--service-account-key-file={key}", "--api-audiences=https://kubernetes.default.svc", "--service-cluster-ip-range=10.0.0.0/24",
            "--endpoint-reconciler-type=none", "--disable-admission-plugins=ServiceAccount");
        // Its certificate is its own, made a moment ago in our folder.
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => IsOurs(shown) } }) { BaseAddress = new Uri($"https://127.0.0.1:{_port}/") };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
    }

    private bool IsOurs(X509Certificate? shown)
    {
        using var made = X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(_folder, "certs", "apiserver.crt")));
        return shown is not null && made.RawDataMemory.Span.SequenceEqual(shown.GetRawCertData());
    }

    /// <summary>Null where no server was built.</summary>
    public static KubeServer? StartWhereThereIsOne() =>
        Environment.GetEnvironmentVariable("CONTROLPLANE_KUBE_BIN") is { Length: > 0 } programs && File.Exists(Path.Combine(programs, "kube-apiserver")) ? new KubeServer(programs) : null;

    /// <summary>Applies a manifest as a dry run; unlike a plain creation it refuses unknown fields.</summary>
    public async Task<(HttpStatusCode Status, string Answer)> DryRunAsync(string path, string name, string manifest)
    {
        await ReadyAsync();
        // The server that can be built here is 1.20; policy/v1 came with 1.21, with the same fields.
        var old = manifest.Replace("apiVersion: policy/v1\n", "apiVersion: policy/v1beta1\n", StringComparison.Ordinal);
        using var content = new StringContent(old, Encoding.UTF8, "application/apply-patch+yaml");
        using var answer = await _http.PatchAsync(new Uri($"{path.Replace("apis/policy/v1/", "apis/policy/v1beta1/", StringComparison.Ordinal)}/{name}?dryRun=All&fieldManager=test", UriKind.Relative), content);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public void Dispose()
    {
        _http.Dispose();
        foreach (var process in Enumerable.Reverse(_processes))
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }

        Directory.Delete(_folder, true);
    }

    private async Task ReadyAsync()
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                if ((await _http.GetAsync(new Uri("readyz", UriKind.Relative))).IsSuccessStatusCode && (await _http.GetAsync(new Uri("api/v1/namespaces/default", UriKind.Relative))).IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException) when (watch.Elapsed < TimeSpan.FromSeconds(120))
            {
                // It has not begun to listen.
            }

            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(120) && _processes.All(p => !p.HasExited), "The API server does not become ready.");
            await Task.Delay(200);
        }
    }

    private void Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1", "sh", Path.Combine(_folder, $"{Path.GetFileName(program)}.log"), program, .. arguments]);
        _processes.Add(Process.Start(start)!);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
