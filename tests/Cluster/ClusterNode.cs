using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ControlPlane.ClusterTests;

/// <summary>One node of the cluster: the real program as a process of its own. Other nodes reach it through a proxy that may be cut.</summary>
internal sealed class ClusterNode : IDisposable
{
    /// <summary>In the cluster's folder: with it nodes sign the tokens of workers.</summary>
    public const string KeyFile = "cluster.key";

    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(4);

    private readonly string _folder;
    private readonly string _connectionString;
    private readonly string _keyFile;
    private readonly int _port = FreePort();
    private Process? _process;

    /// <param name="folder">Of the whole cluster; the node has one of its own in it.</param>
    /// <param name="number">From 1.</param>
    /// <param name="connectionString">The database that all nodes share.</param>
    public ClusterNode(string folder, int number, string connectionString)
    {
        Number = number;
        _folder = Directory.CreateDirectory(Path.Combine(folder, $"node-{number}")).FullName;
        _connectionString = connectionString;
        _keyFile = Path.Combine(folder, KeyFile);
        Proxy = new CutProxy(_port);
        Url = new Uri($"http://127.0.0.1:{FreePort()}");
        Api = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(30) };
    }

    public int Number { get; }

    public Uri Url { get; }

    public HttpClient Api { get; }

    /// <summary>The way by which the others reach it.</summary>
    public CutProxy Proxy { get; }

    public string LogFile => Path.Combine(_folder, "node.log");

    private string OutputFile => Path.Combine(_folder, "output");

    public int ProcessId => _process?.Id ?? 0;

    public bool Running => _process is { HasExited: false };

    /// <summary>Whether it is started as the next release, which writes everything in forms that this one cannot read.</summary>
    public bool NextRelease { get; set; }

    /// <summary>The program as this build made it, beside this test's own output.</summary>
    private string Program
    {
        get
        {
            var (project, file) = NextRelease ? ("NextRelease", "controlplane-next.dll") : ("ControlPlane", "controlplane.dll");
            var pivot = Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
            for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            {
                if (File.Exists(Path.Combine(at.FullName, "ControlPlane.sln")))
                    return Path.Combine(at.FullName, "artifacts", "bin", project, pivot, file);
            }

            throw new InvalidOperationException("The repository's root was not found.");
        }
    }

    /// <summary>Starts it where it cannot run.</summary>
    /// <returns>The exit code, and what it has said.</returns>
    public async Task<(int Code, string Said)> RefuseAsync()
    {
        var before = File.ReadAllText(OutputFile).Length;
        Start();
        var code = await EndAsync(TimeSpan.FromSeconds(60));
        return (code, File.ReadAllText(OutputFile)[before..]);
    }

    public void Start()
    {
        List<string> arguments = [Program, "run", "--data", Path.Combine(_folder, "data"), "--listen", Url.ToString(), "--log-file", LogFile];
        // What it writes beside its log, such as the last words of a crash, is kept with the log. The shell makes way for the node: the process id stays.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "out=$1; shift; exec dotnet \"$@\" >>\"$out\" 2>&1", "sh", OutputFile, .. arguments]);
        start.Environment["CONTROLPLANE_Storage__ConnectionString"] = _connectionString;
        start.Environment["CONTROLPLANE_Storage__ProbeInterval"] = "00:00:01";
        start.Environment["CONTROLPLANE_Node__Cluster"] = "tests";
        start.Environment["CONTROLPLANE_Cluster__DrainTime"] = $"{DrainTime}";
        start.Environment["CONTROLPLANE_Node__ClusterKeyFile"] = _keyFile;
        start.Environment["CONTROLPLANE_Cluster__Port"] = $"{_port}";
        start.Environment["CONTROLPLANE_Cluster__PublicHost"] = "127.0.0.1";
        start.Environment["CONTROLPLANE_Cluster__PublicPort"] = $"{Proxy.Port}";
        start.Environment["DOTNET_gcServer"] = "0";
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["AWS_ACCESS_KEY_ID"] = "AKIATESTTESTTESTTEST";
        start.Environment["AWS_SECRET_ACCESS_KEY"] = "test";
        _process = Process.Start(start)!;
    }

    /// <summary>SIGKILL: what a power cut does to the process. No handler runs.</summary>
    public async Task KillAsync()
    {
        Signal(9);
        await EndAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>SIGTERM, and SIGKILL this long after it has begun to hand over.</summary>
    /// <returns>Whether it was there to be killed.</returns>
    public async Task<bool> KillWhileLeavingAsync(TimeSpan after)
    {
        await LeaveAsync();
        await Task.Delay(DrainTime + after);
        var there = Running;
        if (there)
            Signal(9);
        await EndAsync(TimeSpan.FromSeconds(30));
        return there;
    }

    /// <summary>SIGTERM, and waits for its end.</summary>
    /// <returns>The exit code, and whether it has said that it is about to stop while it answered still.</returns>
    public async Task<(int Code, bool Said)> StopAsync()
    {
        var said = await LeaveAsync();
        return (await EndAsync(TimeSpan.FromSeconds(90)), said);
    }

    /// <summary>SIGSTOP: the process stands still, and its connections stay.</summary>
    public void Freeze() => Signal(19);

    /// <summary>SIGCONT.</summary>
    public void Thaw() => Signal(18);

    /// <summary>Why it is not ready; null if it is.</summary>
    public async Task<string?> UnreadyAsync()
    {
        Assert.True(Running, $"Node {Number} ended by itself{(_process is { HasExited: true } ended ? $" with code {ended.ExitCode}" : "")}.");
        return await WhyUnreadyAsync();
    }

    /// <summary>The last lines of its log, without the lines of stacks.</summary>
    public string Tail(int lines = 25) =>
        File.Exists(LogFile) ? string.Join('\n', File.ReadLines(LogFile).Where(l => !l.StartsWith("   at ", StringComparison.Ordinal)).TakeLast(lines)) : "none";

    public void Dispose()
    {
        Api.Dispose();
        if (Running)
        {
            Thaw();
            _process!.Kill();
            _process.WaitForExit();
        }

        _process?.Dispose();
        Proxy.Dispose();
    }

    /// <summary>SIGTERM, and waits until it says that it is about to stop.</summary>
    /// <returns>False if it ended without a word.</returns>
    private async Task<bool> LeaveAsync()
    {
        Signal(15);
        var said = false;
        while (Running && !said)
        {
            said = (await WhyUnreadyAsync())?.Contains("about to stop", StringComparison.Ordinal) == true;
            await Task.Delay(50);
        }

        return said;
    }

    private async Task<string?> WhyUnreadyAsync()
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15));
            using var answer = await Api.GetAsync(new Uri("health/ready", UriKind.Relative), limit.Token);
            return answer.IsSuccessStatusCode ? null : await answer.Content.ReadAsStringAsync(limit.Token);
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException)
        {
            return fault.Message;
        }
    }

    private async Task<int> EndAsync(TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        await _process!.WaitForExitAsync(patience.Token);
        var code = _process.ExitCode;
        _process.Dispose();
        _process = null;
        return code;
    }

    private void Signal(int signal) => Assert.Equal(0, SendSignal(_process!.Id, signal));

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
