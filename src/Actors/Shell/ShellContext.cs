using ControlPlane.Actors.Storage;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Actors.Shell;

/// <summary>What every shell needs from its host. One per node.</summary>
public sealed class ShellContext(TimeProvider time, ShellOptions options, JournalHealth health, ILoggerFactory loggers)
{
    public TimeProvider Time => time;

    public ShellOptions Options => options;

    public JournalHealth Health => health;

    public ILoggerFactory Loggers => loggers;

    /// <summary>Where the seeds of the deciders' moments come from; a test may fix it.</summary>
    public Func<ulong> NextSeed { get; init; } = static () => unchecked((ulong)Random.Shared.NextInt64(long.MinValue, long.MaxValue));

    /// <summary>Where jitter comes from, between 0 and 1; a test may fix it.</summary>
    public Func<double> NextJitter { get; init; } = Random.Shared.NextDouble;
}
