using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ControlPlane.Providers.Local;

/// <summary>The few calls into libc that .NET has no counterpart for. Linux only: the numbers below are its numbers.</summary>
internal static class Libc
{
    private const int ReadOnly = 0;
    private const int ReadWriteCreate = 0x2 | 0x40;
    private const int CloseOnExec = 0x80000;
    private const int OwnerOnly = 0x180;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private const int WouldBlock = 11;
    private const int NoSuchProcess = 3;

    /// <summary>Makes the caller the leader of a new session and process group; false if it already leads a group.</summary>
    public static bool SetSid() => setsid() >= 0;

    /// <summary>Sends a signal; a negative <paramref name="pid"/> means a process group. False if there is no such process.</summary>
    public static bool Kill(int pid, int signal)
    {
        if (kill(pid, signal) == 0)
            return true;
        var error = Marshal.GetLastPInvokeError();
        return error == NoSuchProcess ? false : throw new Win32Exception(error, $"kill({pid}, {signal}) failed");
    }

    /// <summary>Takes an exclusive lock on a file, which it creates if need be; null if another process holds it. The lock ends with the handle, or with the process.</summary>
    /// <remarks>FileStream's own locks can be switched off by a variable of the environment, so they are no foundation for "exactly once".</remarks>
    public static SafeFileHandle? TryLock(string path)
    {
        var handle = Open(path, ReadWriteCreate);
        if (flock(handle, LockExclusive | LockNonBlocking) == 0)
            return handle;
        var error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        return error == WouldBlock ? null : throw new IOException($"Cannot lock {path}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    /// <summary>Makes the entries of a directory durable (a rename is not, until its directory is written).</summary>
    public static void SyncDirectory(string path)
    {
        using var handle = Open(path, ReadOnly);
        if (fsync(handle) != 0)
            throw new IOException($"Cannot write {path} to disk: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    private static SafeFileHandle Open(string path, int flags)
    {
        var descriptor = open(path, flags | CloseOnExec, OwnerOnly);
        if (descriptor >= 0)
            return new SafeFileHandle(descriptor, ownsHandle: true);
        var error = Marshal.GetLastPInvokeError();
        throw error == 2
            ? new DirectoryNotFoundException($"{path} does not exist")
            : new IOException($"Cannot open {path}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int setsid();

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int pid, int signal);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int flock(SafeFileHandle descriptor, int operation);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int fsync(SafeFileHandle descriptor);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, int mode);
}
