namespace ControlPlane.Domain.Secrets;

/// <summary>Reads secrets where they stand. Port: implemented in Providers.</summary>
public interface ISecretReader
{
    /// <summary>The secret as it is now, without the line end at its end. It is read anew each time, so that a changed secret takes effect without a restart.</summary>
    /// <exception cref="SecretException">It is not there, is empty, or cannot be read.</exception>
    string Read(SecretReference reference);
}

/// <summary>A secret cannot be read. The message names the reference and the remedy, never a value.</summary>
public sealed class SecretException : Exception
{
    public SecretException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    public SecretException()
    {
    }

    public SecretException(string message)
        : base(message)
    {
    }
}
