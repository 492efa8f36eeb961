namespace ControlPlane.Simulate;

/// <summary>Which seeds are run, and how.</summary>
public sealed record FaultPlan
{
    /// <summary>The first seed; the others follow one by one.</summary>
    public required ulong First { get; init; }

    /// <summary>How many seeds at most, 1 or more.</summary>
    public long Seeds { get; init; } = 1000;

    /// <summary>No further seed is begun once so many hours were simulated; null: only the number of seeds counts.</summary>
    public double? Hours { get; init; }

    /// <summary>How many runs at a time, 1 or more. A run itself is single-threaded, so what a seed does is the same for any number.</summary>
    public int Parallel { get; init; } = 1;
}
