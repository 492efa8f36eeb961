using ControlPlane.Domain.Secrets;

namespace ControlPlane.Providers.Secrets;

/// <summary>Secrets from the environment and the files of this node. Thread safe.</summary>
public sealed class NodeSecrets : ISecretReader
{
    /// <summary>The largest file that is taken for a secret, in bytes: one that is longer is some other file.</summary>
    public const int MaxBytes = 64 * 1024;

    public string Read(SecretReference reference) => reference switch
    {
        { Variable: { } name } => Present(reference, Environment.GetEnvironmentVariable(name), $"Set the variable {name} in the node's environment."),
        { File: { } path } => Present(reference, ReadFile(reference, path), $"Write the secret into {path}."),
        _ => throw new SecretException($"A reference to a secret is malformed. {SecretReference.Rule}"),
    };

    private static string Present(SecretReference reference, string? value, string remedy) => value?.TrimEnd('\r', '\n') is { Length: > 0 } present
        ? present
        : throw new SecretException($"The secret {reference} is not there or is empty. {remedy}");

    private static string? ReadFile(SecretReference reference, string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            if (file.Length > MaxBytes)
                throw new SecretException($"The secret {reference} is a file of more than {MaxBytes} bytes, which is no secret. Name another file.");
            using var reader = new StreamReader(file);
            return reader.ReadToEnd();
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SecretException($"The secret {reference} cannot be read: {fault.Message}", fault);
        }
    }
}
