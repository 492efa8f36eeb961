using System.Globalization;
using Npgsql;

namespace ControlPlane.Benchmarks.Cluster;

/// <summary>The processes of a PostgreSQL server on this machine.</summary>
internal sealed class ServerProcesses
{
    /// <summary>Of <c>/proc/PID/stat</c>, counted from the field behind the name: the parent, and the processor time of the process and of its children that have ended.</summary>
    private const int Parent = 1;
    private const int User = 11;
    private const int Fields = 4;

    /// <summary>Linux counts in hundredths of a second, whatever the kernel's own clock.</summary>
    private const double TicksPerSecond = 100;

    private readonly int _postmaster;

    private ServerProcesses(int postmaster) => _postmaster = postmaster;

    /// <summary>Processor time of all processes that the server has or had.</summary>
    public TimeSpan Processor
    {
        get
        {
            var ticks = 0L;
            foreach (var folder in Directory.EnumerateDirectories("/proc"))
            {
                if (!int.TryParse(Path.GetFileName(folder), out var process) || Stat(process) is not { } stat)
                    continue;

                // What has ended is counted by its parent.
                if (process == _postmaster)
                    ticks += stat.Skip(User).Take(Fields).Sum(Number);
                else if (Number(stat[Parent]) == _postmaster)
                    ticks += stat.Skip(User).Take(Fields / 2).Sum(Number);
            }

            return TimeSpan.FromSeconds(ticks / TicksPerSecond);
        }
    }

    public static async Task<ServerProcesses> OfAsync(NpgsqlDataSource database)
    {
        await using var ask = database.CreateCommand("SELECT pg_backend_pid()");
        var backend = (int)(await ask.ExecuteScalarAsync())!;
        return new ServerProcesses((int)Number((Stat(backend) ?? throw new InvalidOperationException("The server does not run on this machine."))[Parent]));
    }

    private static string[]? Stat(int process)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{process}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It has just ended.
            return null;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
