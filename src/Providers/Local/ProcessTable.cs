using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace ControlPlane.Providers.Local;

/// <summary>Names one process for ever: its id may be used again, but not with the same start within the same boot of the machine.</summary>
/// <param name="Pid">The process id.</param>
/// <param name="StartTicks">When it started, in clock ticks since the boot (field 22 of <c>/proc/pid/stat</c>).</param>
/// <param name="BootId">The boot of the machine that it belongs to.</param>
public sealed record ProcessIdentity(int Pid, long StartTicks, string BootId);

/// <summary>A living process as <c>/proc</c> shows it.</summary>
/// <param name="Pid">The process id.</param>
/// <param name="Parent">The id of its parent; 1 or that of a reaper if its parent is gone.</param>
/// <param name="Session">The id of its session's leader.</param>
/// <param name="StartTicks">When it started, in clock ticks since the boot.</param>
public sealed record ProcessEntry(int Pid, int Parent, int Session, long StartTicks);

/// <summary>The processes of this machine, read from <c>/proc</c>. Linux only.</summary>
public static class ProcessTable
{
    private const int Sigkill = 9;
    private const int Sigterm = 15;
    private static readonly TimeSpan _settling = TimeSpan.FromMilliseconds(50);
    private static readonly Lazy<string> _bootId = new(() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim());

    /// <summary>Changes with each boot of the machine.</summary>
    public static string BootId => _bootId.Value;

    /// <summary>The identity of the calling process.</summary>
    public static ProcessIdentity Self => Identify(Environment.ProcessId) ?? throw new IOException("/proc does not show this process");

    /// <summary>The identity of the process with this id; null if there is none, or only its remains (a zombie).</summary>
    public static ProcessIdentity? Identify(int pid) => Find(pid) is { } entry ? new ProcessIdentity(pid, entry.StartTicks, BootId) : null;

    public static bool IsAlive(ProcessIdentity process) =>
        process.BootId == BootId && Find(process.Pid) is { } entry && entry.StartTicks == process.StartTicks;

    /// <summary>Leaves the session of whoever started us, so that neither its terminal nor its group takes us along. Repeating it changes nothing.</summary>
    public static void BecomeSessionLeader() => Libc.SetSid();

    /// <summary>Asks a process to end (SIGTERM), with its whole group if it leads one. False if it is gone.</summary>
    public static bool Terminate(ProcessIdentity process) =>
        IsAlive(process) && (Libc.Kill(-process.Pid, Sigterm) || Libc.Kill(process.Pid, Sigterm));

    /// <summary>Ends each of the processes (SIGKILL) that is still the one that was seen.</summary>
    public static void Kill(IEnumerable<ProcessEntry> processes)
    {
        foreach (var process in processes)
        {
            if (Find(process.Pid) is { } now && now.StartTicks == process.StartTicks)
                Libc.Kill(process.Pid, Sigkill);
        }
    }

    /// <summary>
    /// All living processes that bear the variable in their environment, by its value, each with its descendants and the members of its session:
    /// a child that changed its group, its session or its environment still belongs to its family.
    /// </summary>
    public static ILookup<string, ProcessEntry> Families(string variable)
    {
        var all = All();
        var byPid = all.ToDictionary(p => p.Pid);
        var marks = new Dictionary<int, string?>();

        string? MarkOf(ProcessEntry process)
        {
            if (marks.TryGetValue(process.Pid, out var known))
                return known;
            // Set before the recursion: two snapshots of a changing table could form a circle of parents.
            marks[process.Pid] = null;
            var mark = Variable(process.Pid, variable)
                ?? (byPid.TryGetValue(process.Parent, out var parent) ? MarkOf(parent) : null)
                ?? (process.Session != process.Pid && byPid.TryGetValue(process.Session, out var leader) ? MarkOf(leader) : null);
            marks[process.Pid] = mark;
            return mark;
        }

        return all.Select(p => (Process: p, Mark: MarkOf(p))).Where(p => p.Mark is not null).ToLookup(p => p.Mark!, p => p.Process);
    }

    /// <summary>All living processes.</summary>
    public static IReadOnlyList<ProcessEntry> All() =>
    [
        .. Directory.EnumerateDirectories("/proc")
            .Select(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? Find(pid) : null)
            .OfType<ProcessEntry>(),
    ];

    /// <summary>The living process with this id, if there is one.</summary>
    public static ProcessEntry? Find(int pid)
    {
        if (Read(pid, "stat") is not { } bytes)
            return null;
        var stat = Encoding.UTF8.GetString(bytes);
        // The name, in parentheses, may hold spaces and parentheses itself. After it: state, parent, group, session, ... start (field 22).
        var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length < 20 || fields[0] is "Z" or "X"
            ? null
            : new ProcessEntry(pid, Number(fields[1]), Number(fields[3]), long.Parse(fields[19], CultureInfo.InvariantCulture));
    }

    private static int Number(string field) => int.Parse(field, CultureInfo.InvariantCulture);

    /// <summary>
    /// The value in the environment of a process. While a process becomes another program (<c>execve</c>), its environment reads as empty for a moment; a process that
    /// is missed then, and that has left its session, would be nobody's. So an empty one is read again for a while: it may also be empty for good. A busy machine can
    /// still hide a process from one look.
    /// </summary>
    private static string? Variable(int pid, string name)
    {
        var began = Stopwatch.GetTimestamp();
        byte[]? bytes;
        while ((bytes = Read(pid, "environ")) is { Length: 0 } && Stopwatch.GetElapsedTime(began) < _settling)
            Thread.Yield();
        if (bytes is null)
            return null;
        var prefix = name + "=";
        return Encoding.UTF8.GetString(bytes).Split('\0').FirstOrDefault(v => v.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..];
    }

    /// <summary>
    /// Null if the process is gone, or not ours to read. It is read in one call: the kernel makes up what it shows for each, so that two could show two programs.
    /// </summary>
    private static byte[]? Read(int pid, string file)
    {
        try
        {
            using var handle = File.OpenHandle($"/proc/{pid}/{file}");
            for (var buffer = new byte[16 * 1024]; ; buffer = new byte[2 * buffer.Length])
            {
                if (RandomAccess.Read(handle, buffer, 0) is var read && read < buffer.Length)
                    return buffer[..read];
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
