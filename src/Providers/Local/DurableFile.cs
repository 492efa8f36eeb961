namespace ControlPlane.Providers.Local;

/// <summary>Files that are there wholly or not at all, also after a loss of power.</summary>
internal static class DurableFile
{
    /// <summary>Makes a folder that only its owner may enter, with all folders above it.</summary>
    public static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("Local instances need Linux");
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("Local instances need Linux");
        var folder = Path.GetDirectoryName(path) ?? throw new ArgumentException("The path names no folder", nameof(path));
        var draft = Path.Combine(folder, $".{Path.GetFileName(path)}.{Path.GetRandomFileName()}");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using (var stream = new FileStream(draft, options))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }

        File.Move(draft, path, overwrite: true);
        Libc.SyncDirectory(folder);
    }
}
