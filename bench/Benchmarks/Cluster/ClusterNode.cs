using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using ControlPlane.Clustering;

namespace ControlPlane.Benchmarks.Cluster;

/// <summary>The real program as a process, which may be killed, stopped in order and started again.</summary>
internal sealed class ClusterNode : IAsyncDisposable
{
    private const int Terminate = 15;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly string _folder;
    private readonly string _connectionString;
    private Process? _process;

    /// <param name="folder">Where it keeps its files; the cluster's key lies beside.</param>
    /// <param name="connectionString">Of the database that all nodes share.</param>
    public ClusterNode(string folder, string connectionString)
    {
        (_folder, _connectionString) = (folder, connectionString);
        Url = new Uri($"http://127.0.0.1:{FreePort()}");
        Api = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(120) };
    }

    public Uri Url { get; }

    public HttpClient Api { get; }

    public string LogFile => Path.Combine(_folder, "node.log");

    /// <summary>Processor time since the process was started.</summary>
    public TimeSpan Processor
    {
        get
        {
            _process!.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public double ResidentMegabytes
    {
        get
        {
            _process!.Refresh();
            return _process.WorkingSet64 / 1e6;
        }
    }

    public void Start()
    {
        Directory.CreateDirectory(_folder);
        var program = Path.Combine(AppContext.BaseDirectory, "controlplane.dll");
        var start = new ProcessStartInfo("dotnet", [program, "run", "--data", Path.Combine(_folder, "data"), "--listen", Url.ToString(), "--log-file", LogFile])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder,
        };
        start.Environment["CONTROLPLANE_Storage__ConnectionString"] = _connectionString;
        start.Environment["CONTROLPLANE_Node__ClusterKeyFile"] = Path.Combine(Path.GetDirectoryName(_folder)!, "cluster.key");
        start.Environment["AWS_ACCESS_KEY_ID"] = "AKIABENCH";
        start.Environment["AWS_SECRET_ACCESS_KEY"] = "secret";
        _process = Process.Start(start)!;

        // What it says stands in its log file as well.
        _process.OutputDataReceived += static (_, _) => { };
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public async Task ReadyAsync()
    {
        var began = Stopwatch.GetTimestamp();
        while (!await IsReadyAsync(CancellationToken.None))
        {
            if (_process!.HasExited || Stopwatch.GetElapsedTime(began) > Patience)
                throw new InvalidOperationException($"The node does not become ready:\n{string.Join('\n', File.Exists(LogFile) ? File.ReadLines(LogFile).TakeLast(20) : [])}");
            await Task.Delay(100);
        }
    }

    public async Task<bool> IsReadyAsync(CancellationToken cancel)
    {
        try
        {
            using var response = await Api.GetAsync(new Uri("health/ready", UriKind.Relative), cancel);
            return response.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    /// <summary>The cluster as this node sees it.</summary>
    public async Task<ClusterView> ClusterAsync() => (await Api.GetFromJsonAsync<ClusterView>("api/v1/cluster"))!;

    /// <summary>Asks every queue's scaler, wherever it is, until each has answered.</summary>
    /// <exception cref="InvalidOperationException">One did not in this time.</exception>
    public async Task<AnswersView> AnswersAsync(TimeSpan within)
    {
        var answers = (await Api.GetFromJsonAsync<AnswersView>($"api/v1/cluster/answers?within={within.TotalSeconds}"))!;
        return answers.Silent.Count == 0 ? answers : throw new InvalidOperationException($"{answers.Asked - answers.Answered} of {answers.Asked} queues did not answer: {string.Join(", ", answers.Silent)}.");
    }

    /// <summary>What a power cut does to the process: no handler runs.</summary>
    public void Kill() => _process!.Kill();

    public void Stop()
    {
        if (SendSignal(_process!.Id, Terminate) != 0)
            throw new InvalidOperationException($"The process {_process.Id} could not be told to stop.");
    }

    public async Task EndedAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        await _process!.WaitForExitAsync(limit.Token);
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        if (_process is null)
            return;
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int process, int signal);
}
