using Microsoft.Win32.SafeHandles;

namespace ControlPlane.Providers.Local;

/// <summary>The right of the calling process to be its instance. Lasts until it is disposed of, or the process dies.</summary>
public sealed class InstanceClaim : IDisposable
{
    private readonly InstanceFolder _folder;
    private readonly SafeFileHandle _lock;
    private readonly TimeProvider _time;

    internal InstanceClaim(InstanceFolder folder, SafeFileHandle handle, TimeProvider time)
    {
        _folder = folder;
        _lock = handle;
        _time = time;
    }

    /// <summary>Whether somebody asked for the instance's end: then a SIGTERM means now, not after the running task.</summary>
    public bool TerminationRequested => _folder.ReadTermination() is not null;

    /// <summary>The machine has booted and serves its queue.</summary>
    public void MarkRunning() => _folder.MarkRunning(_time.GetUtcNow());

    /// <summary>The process is about to exit, and why.</summary>
    public void MarkExit(string message) => _folder.MarkExit(_time.GetUtcNow(), message);

    /// <summary>Keeps the console within <paramref name="maxBytes"/>: the older part is dropped, the newer half stays.</summary>
    /// <remarks>The console is opened for appending, so that writing goes on at the new end. Only its one writer may call this, between two lines.</remarks>
    public void CapConsole(int maxBytes)
    {
        var file = new FileInfo(_folder.ConsolePath);
        if (!file.Exists || file.Length <= maxBytes)
            return;
        using var stream = new FileStream(file.FullName, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        stream.Seek(-(maxBytes / 2), SeekOrigin.End);
        var kept = new byte[maxBytes / 2];
        stream.ReadExactly(kept);
        var firstLine = Array.IndexOf(kept, (byte)'\n') + 1;
        stream.SetLength(0);
        stream.Write("(older lines were dropped)\n"u8);
        stream.Write(kept.AsSpan(firstLine));
    }

    public void Dispose() => _lock.Dispose();
}
