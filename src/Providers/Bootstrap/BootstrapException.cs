namespace ControlPlane.Providers.Bootstrap;

/// <summary>What a machine needs to become a worker cannot be written: a person must mend it. The message names the remedy, and no secret.</summary>
public sealed class BootstrapException : Exception
{
    public BootstrapException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    public BootstrapException()
    {
    }

    public BootstrapException(string message)
        : base(message)
    {
    }
}
