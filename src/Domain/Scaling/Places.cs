namespace ControlPlane.Domain.Scaling;

/// <summary>The places of a queue that do not take a task now, and how far they are.</summary>
/// <param name="Running">For how long each running task has been seen to run.</param>
/// <param name="Booting">For how long machines have booted, with their slots; instances whose machine has not started yet are left out, or stand there with zero.</param>
public sealed record Places(IReadOnlyList<TimeSpan> Running, IReadOnlyList<(TimeSpan Elapsed, int Slots)> Booting)
{
    public static readonly Places None = new([], []);
}
