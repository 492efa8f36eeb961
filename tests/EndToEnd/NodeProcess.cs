using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ControlPlane.EndToEnd;

/// <summary>The real program as a process of its own, which may be killed and started again on the same data.</summary>
internal sealed class NodeProcess : IDisposable
{
    private readonly string folder;
    private readonly string configuration;
    private string? connectionString;
    private readonly IReadOnlyList<string> settings;
    private Process? process;

    /// <param name="folder">Where everything of it is kept.</param>
    /// <param name="configuration">The document that it is started with.</param>
    /// <param name="connectionString">A PostgreSQL database; null for SQLite in the folder.</param>
    /// <param name="settings">More settings, as <c>Section:Key=Value</c>.</param>
    public NodeProcess(string folder, string configuration, string? connectionString = null, params IReadOnlyList<string> settings)
    {
        this.folder = folder;
        this.configuration = configuration;
        this.connectionString = connectionString;
        this.settings = settings;
        Url = new Uri($"http://127.0.0.1:{FreePort()}");
        Api = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(20) };
    }

    public Uri Url { get; }

    public HttpClient Api { get; }

    /// <summary>Variables of its process, beside those that it inherits.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    public string DataFolder => Path.Combine(folder, "data");

    /// <summary>The program as this build made it, beside this test's own output.</summary>
    public static string Program
    {
        get
        {
            var pivot = Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
            for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            {
                if (File.Exists(Path.Combine(at.FullName, "ControlPlane.sln")))
                    return Path.Combine(at.FullName, "artifacts", "bin", "ControlPlane", pivot, "controlplane.dll");
            }

            throw new InvalidOperationException("The repository's root was not found.");
        }
    }

    /// <summary>Starts the node and waits until it is ready.</summary>
    public async Task StartAsync()
    {
        var log = Path.Combine(folder, "node.log");
        var start = new ProcessStartInfo("dotnet", [Program, "run", "--data", DataFolder, "--listen", Url.ToString(), "--config", configuration, "--log-file", log, .. settings.SelectMany(s => new[] { "--set", s })]);
        if (connectionString is not null)
            start.Environment["CONTROLPLANE_Storage__ConnectionString"] = connectionString;
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;
        process = Process.Start(start)!;
        await Eventually.TrueAsync(IsReadyAsync, TimeSpan.FromSeconds(90), () => Task.FromResult($"the node is ready; its log: {Tail(log)}"));
    }

    /// <summary>Another database from the next start on.</summary>
    public void UseDatabase(string other) => connectionString = other;

    /// <summary>The instances whose workers run on this machine, whatever a node believes.</summary>
    public IReadOnlySet<string> LiveMachines() => Processes()
        .Select(pid => CommandLineOf(pid).Split('\0'))
        .Select(words => Array.IndexOf(words, "--instance") is >= 0 and var at && at + 1 < words.Length ? words[at + 1] : null)
        .OfType<string>()
        .ToHashSet();

    /// <summary>What a power cut does to the process: no handler runs.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    /// <summary>Runs a verb of the command line against this node to its end.</summary>
    public Task<(int ExitCode, string Output)> RunVerbAsync(params string[] arguments) => RunProgramAsync([.. arguments, "--server", Url.ToString()]);

    /// <summary>Runs the program to its end.</summary>
    public static async Task<(int ExitCode, string Output)> RunProgramAsync(params string[] arguments)
    {
        using var verb = Process.Start(new ProcessStartInfo("dotnet", [Program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = verb.StandardOutput.ReadToEndAsync();
        var error = verb.StandardError.ReadToEndAsync();
        await verb.WaitForExitAsync();
        return (verb.ExitCode, await output + await error);
    }

    public void Dispose()
    {
        Api.Dispose();
        if (process is { HasExited: false })
        {
            process.Kill();
            process.WaitForExit();
        }

        process?.Dispose();
        process = null;

        // Whatever a failed test left behind: the groups of our own instances, found by our own folder in their command lines.
        foreach (var pid in Processes())
        {
            using var left = Process.GetProcessById(pid);
            left.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Every process of this machine whose command line or environment names our data folder.</summary>
    public IReadOnlyList<int> Processes()
    {
        List<int> found = [];
        foreach (var entry in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(entry), out var pid) || pid == System.Environment.ProcessId || pid == process?.Id)
                continue;
            if (Mentions(Path.Combine(entry, "cmdline")) || Mentions(Path.Combine(entry, "environ")))
                found.Add(pid);
        }

        return found;
    }

    private bool Mentions(string file)
    {
        try
        {
            return File.ReadAllText(file).Contains(DataFolder, StringComparison.Ordinal);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It has just ended, or is another user's.
            return false;
        }
    }

    private static string CommandLineOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline");
        }
        catch (IOException)
        {
            // It has just ended.
            return "";
        }
    }

    private async Task<bool> IsReadyAsync()
    {
        Assert.False(process!.HasExited, $"The node ended by itself with exit code {(process.HasExited ? process.ExitCode : 0)}.");
        try
        {
            return (await Api.GetAsync(new Uri("health/ready", UriKind.Relative))).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static string Tail(string file) => File.Exists(file) ? string.Join('\n', File.ReadLines(file).TakeLast(20)) : "none";

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>Waiting for real processes: the one place of a test that polls.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan limit, Func<Task<string>> what)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > limit)
                Assert.Fail($"After {limit.TotalSeconds:0} s it is still not true that {await what()}");
            await Task.Delay(200);
        }
    }
}
