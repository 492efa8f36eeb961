namespace ControlPlane.Cli;

/// <summary>What the process tells its caller. docs/cli.md lists them.</summary>
public static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>The server refused, the input is faulty, or the task that was waited for did not succeed.</summary>
    public const int Refused = 1;

    /// <summary>The command line itself is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The server cannot be reached, is not ready, or is no ControlPlane.</summary>
    public const int Unreachable = 3;

    /// <summary>Interrupted by a signal.</summary>
    public const int Interrupted = 130;
}
