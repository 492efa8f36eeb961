using System.Security.Cryptography;

namespace ControlPlane.Providers.Bootstrap;

/// <summary>The key with which the nodes of one cluster sign what only they may sign: 32 bytes.</summary>
public static class ClusterKey
{
    public const int Length = 32;

    /// <summary>The name of the file in the data folder of a node that was given no key.</summary>
    public const string FileName = "cluster.key";

    /// <summary>The key in a file; makes it, readable by its owner only, where there is none.</summary>
    /// <exception cref="IOException">The file cannot be read or made, or does not hold a key.</exception>
    public static byte[] ReadOrCreate(string path)
    {
        if (!File.Exists(path))
        {
            // Made whole under another name first: who finds the file finds a key.
            var made = $"{path}.{Environment.ProcessId}.new";
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var file = new FileStream(made, options))
            {
                file.Write(System.Text.Encoding.ASCII.GetBytes(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Length)) + "\n"));
                file.Flush(flushToDisk: true);
            }

            try
            {
                File.Move(made, path, overwrite: false);
            }
            catch (IOException) when (File.Exists(path))
            {
                File.Delete(made);
            }
        }

        return TryParse(File.ReadAllText(path), out var key) ? key : throw new IOException($"{path} does not hold a key of {Length * 2} hexadecimal digits. Restore it from a backup, or remove it for a new one.");
    }

    /// <summary>Reads a key as it is written in settings and files: 64 hexadecimal digits.</summary>
    public static bool TryParse(string? text, out byte[] key)
    {
        var digits = (text ?? "").Trim();
        var valid = digits.Length == Length * 2 && digits.All(char.IsAsciiHexDigit);
        key = valid ? Convert.FromHexString(digits) : [];
        return valid;
    }
}
