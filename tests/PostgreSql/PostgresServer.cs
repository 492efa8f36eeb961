using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Npgsql;

namespace ControlPlane.Tests.PostgreSql;

/// <summary>A PostgreSQL server of this test run's own: in a temporary folder, on a free port of the loopback, ended by its process id with the run.</summary>
internal sealed class PostgresServer : IDisposable
{
    private static readonly Lazy<PostgresServer> OfThisRun = new(() =>
    {
        var server = new PostgresServer(durable: false);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.Dispose();
        return server;
    });

    private readonly string _folder;
    private readonly bool _durable;
    private Process? _process;
    private int _databases;

    /// <summary>Makes a new cluster of databases and starts a server on it.</summary>
    /// <param name="durable">Whether commits wait for the disk; a test of a server that is killed wants that.</param>
    public PostgresServer(bool durable)
    {
        _durable = durable;
        _folder = Directory.CreateTempSubdirectory("controlplane-pg-").FullName;
        Port = FreePort();
        if (IsRoot)
            Run("chown", "postgres", _folder);
        Run(Tool("initdb"), "-D", Data, "-A", "trust", "-U", "controlplane", "--no-sync", "--locale=C", "--encoding=UTF8");
        Start();
    }

    /// <summary>One server for all tests of this process; started when the first asks for it.</summary>
    public static PostgresServer Shared => OfThisRun.Value;

    public int Port { get; }

    /// <summary>The last lines that the server wrote.</summary>
    public string Log => File.Exists(Path.Combine(_folder, "log")) ? string.Join('\n', File.ReadLines(Path.Combine(_folder, "log")).TakeLast(20)) : "none";

    private string Data => Path.Combine(_folder, "data");

    private static bool IsRoot => Environment.UserName == "root";

    /// <summary>A new, empty database.</summary>
    /// <returns>Its connection string.</returns>
    public string NewDatabase()
    {
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        connection.Open();
        using var create = connection.CreateCommand();
#pragma warning disable CA2100 // The name is made above.
        create.CommandText = $"CREATE DATABASE {name}";
#pragma warning restore CA2100
        create.ExecuteNonQuery();
        return ConnectionString(name);
    }

    /// <summary>A backup of a database as SQL, taken by pg_dump while it is used.</summary>
    /// <returns>The file.</returns>
    public string Dump(string connectionString)
    {
        var name = new NpgsqlConnectionStringBuilder(connectionString).Database!;
        var file = Path.Combine(_folder, $"{name}-{Interlocked.Increment(ref _databases)}.sql");
        Run(Tool("pg_dump"), "-h", "127.0.0.1", "-p", $"{Port}", "-U", "controlplane", "-f", file, name);
        return file;
    }

    /// <summary>A new database with the contents of a backup.</summary>
    /// <returns>Its connection string.</returns>
    public string Restore(string file)
    {
        var connectionString = NewDatabase();
        Run(Tool("psql"), "-h", "127.0.0.1", "-p", $"{Port}", "-U", "controlplane", "-d", new NpgsqlConnectionStringBuilder(connectionString).Database!, "-q", "-v", "ON_ERROR_STOP=1", "-f", file);
        return connectionString;
    }

    public string ConnectionString(string database) => $"Host=127.0.0.1;Port={Port};Username=controlplane;Database={database}";

    /// <summary>Starts the server on the data that it has, and waits until it takes connections.</summary>
    public void Start()
    {
        var fsync = _durable ? "on" : "off";
        _process = Process.Start(AsServerUser(
            Tool("postgres"), "-D", Data, "-p", $"{Port}", "-h", "127.0.0.1", "-k", _folder, "-c", $"fsync={fsync}", "-c", "max_connections=200", "-c", "logging_collector=on",
            "-c", $"log_directory={_folder}", "-c", "log_filename=log"))!;
        var watch = Stopwatch.StartNew();
        while (!Answers())
        {
            if (_process.HasExited || watch.Elapsed > TimeSpan.FromSeconds(60))
                throw new InvalidOperationException($"PostgreSQL does not start: {Log}");
            Thread.Sleep(50);
        }
    }

    /// <summary>Ends the server at once, as a crash does: connections break, nothing is shut down.</summary>
    public void Crash() => End(Signal.Quit);

    public void Dispose()
    {
        End(Signal.Interrupt);
        Directory.Delete(_folder, recursive: true);
    }

    private enum Signal
    {
        Interrupt = 2,
        Quit = 3,
    }

    private void End(Signal signal)
    {
        if (_process is { HasExited: false } process)
        {
            // The child of setpriv replaced it, so the process id is the server's own.
            _ = SendSignal(process.Id, (int)signal);
            process.WaitForExit();
        }

        _process?.Dispose();
        _process = null;
    }

    private bool Answers()
    {
        try
        {
            using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false;Timeout=2");
            connection.Open();
            return true;
        }
        catch (Exception fault) when (fault is NpgsqlException or SocketException)
        {
            return false;
        }
    }

    /// <summary>The newest installed version; Debian keeps its server's programs off the path.</summary>
    private static string Tool(string name)
    {
        string[] folders = ["/usr/lib/postgresql", "/usr/local/pgsql"];
        return folders.Where(Directory.Exists)
            .SelectMany(f => Directory.EnumerateFiles(f, name, new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 2 }))
            .OrderByDescending(f => int.TryParse(Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(f))), out var version) ? version : 0)
            .FirstOrDefault() ?? name;
    }

    /// <summary>The server refuses to run as root.</summary>
    private static ProcessStartInfo AsServerUser(string program, params string[] arguments) => IsRoot && program != "chown"
        ? new ProcessStartInfo("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", program, .. arguments]) { WorkingDirectory = "/" }
        : new ProcessStartInfo(program, arguments) { WorkingDirectory = "/" };

    private static void Run(string program, params string[] arguments)
    {
        var start = AsServerUser(program, arguments);
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} failed: {output.GetAwaiter().GetResult()}{error}");
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
