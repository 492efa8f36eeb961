using ControlPlane.Domain.Secrets;
using ControlPlane.Providers.Secrets;

namespace ControlPlane.Providers.Tests.Secrets;

public sealed class NodeSecretsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("controlplane-secrets-").FullName;
    private readonly NodeSecrets secrets = new();

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Read_Variable_IsItsValueNow()
    {
        var name = $"CONTROLPLANE_TEST_{Guid.NewGuid():N}";
        var reference = new SecretReference($"env:{name}");
        Assert.Contains(name, Assert.Throws<SecretException>(() => secrets.Read(reference)).Message, StringComparison.Ordinal);
        Environment.SetEnvironmentVariable(name, "hunter2");
        Assert.Equal("hunter2", secrets.Read(reference));
        Environment.SetEnvironmentVariable(name, null);
    }

    [Fact]
    public void Read_File_IsItsTextWithoutTheLineEnd()
    {
        var path = Path.Combine(folder, "token");
        var reference = new SecretReference($"file:{path}");
        Assert.Contains(path, Assert.Throws<SecretException>(() => secrets.Read(reference)).Message, StringComparison.Ordinal);
        File.WriteAllText(path, "hun ter2 \r\n");
        Assert.Equal("hun ter2 ", secrets.Read(reference));
        File.WriteAllText(path, "\n");
        Assert.Contains("is empty", Assert.Throws<SecretException>(() => secrets.Read(reference)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_WhatIsNoSecret_IsRefusedWithoutItsContent()
    {
        var path = Path.Combine(folder, "large");
        File.WriteAllText(path, new string('x', NodeSecrets.MaxBytes + 1));
        Assert.DoesNotContain("xx", Assert.Throws<SecretException>(() => secrets.Read(new SecretReference($"file:{path}"))).Message, StringComparison.Ordinal);
        Assert.Throws<SecretException>(() => secrets.Read(new SecretReference($"file:{folder}")));
        Assert.DoesNotContain("hunter2", Assert.Throws<SecretException>(() => secrets.Read(new SecretReference("hunter2"))).Message, StringComparison.Ordinal);
    }
}
