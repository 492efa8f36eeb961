using ControlPlane.Actors.Clustering;
using ControlPlane.Health;

namespace ControlPlane.Clustering;

/// <summary>A node that is about to stop is unready before it stops answering.</summary>
internal sealed class DrainCheck(Membership membership) : IReadinessCheck
{
    public ReasonView? Reason => membership.Draining ? new ReasonView("stopping", "This node is about to stop.") : null;
}
