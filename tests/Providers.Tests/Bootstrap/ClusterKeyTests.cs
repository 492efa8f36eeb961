using ControlPlane.Providers.Bootstrap;

namespace ControlPlane.Providers.Tests.Bootstrap;

public sealed class ClusterKeyTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("controlplane-key-").FullName;

    private string Path => System.IO.Path.Combine(folder, ClusterKey.FileName);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void ReadOrCreate_FirstTime_MakesAKeyThatOnlyItsOwnerReads()
    {
        var key = ClusterKey.ReadOrCreate(Path);
        Assert.Equal(ClusterKey.Length, key.Length);
        Assert.Equal(key, ClusterKey.ReadOrCreate(Path));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path));
        Assert.Equal([Path], Directory.GetFiles(folder));
    }

    [Fact]
    public void ReadOrCreate_FileThatHoldsNoKey_IsRefused()
    {
        File.WriteAllText(Path, "hunter2");
        Assert.DoesNotContain("hunter2", Assert.Throws<IOException>(() => ClusterKey.ReadOrCreate(Path)).Message, StringComparison.Ordinal);
    }
}
