namespace ControlPlane.Simulation.Invariants;

/// <summary>A promise that was broken.</summary>
/// <param name="Promise">P1 to P4, or <c>liveness</c>, <c>quiescence</c>, <c>replay</c>, <c>defect</c>.</param>
/// <param name="At">When.</param>
/// <param name="Sentence">How.</param>
public sealed record Violation(string Promise, DateTimeOffset At, string Sentence);
