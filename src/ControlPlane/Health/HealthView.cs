namespace ControlPlane.Health;

/// <summary>Whether a node may be given work.</summary>
/// <param name="Status"><c>ready</c> or <c>unready</c>; <c>live</c> for the other question.</param>
/// <param name="Reasons">Why not; empty if it may.</param>
public sealed record HealthView(string Status, IReadOnlyList<ReasonView> Reasons);

/// <summary>One reason for being unready.</summary>
/// <param name="Check">journal, cluster, entities or readModel.</param>
/// <param name="Reason">A sentence for the operator.</param>
public sealed record ReasonView(string Check, string Reason);
