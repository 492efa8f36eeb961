using System.Diagnostics;
using System.Globalization;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Deciding;

namespace ControlPlane.Actors.ReadModel;

/// <summary>The entries of a ledger in sentences: one for each of its events. Pure.</summary>
public static class LedgerStory
{
    /// <param name="event">What happened.</param>
    /// <param name="instance">Whom it concerns; null where it concerns the whole tree.</param>
    public static string Of(LedgerEvent @event, string? instance) => @event switch
    {
        LedgerEvent.LeaseGranted e =>
            $"Instance {instance} was granted {Words.Duration(e.Until - e.At)} until {InstanceStory.Clock(e.Until)}, held at {e.Request.WorstRate}.",
        LedgerEvent.LeaseRenewed e => $"The lease of instance {instance} was renewed until {InstanceStory.Clock(e.Until)}"
            + (e.Posted.Micros == 0 ? "." : $"; {e.Posted} was spent since {InstanceStory.Clock(e.PostedFrom)} at {e.Rate}."),
        LedgerEvent.LeaseSettled e => $"Instance {instance} cost {e.Cost} in all; the rest of its hold is free again."
            + (e.Overrun.Micros == 0 ? "" : $" {e.Overrun} of it was not prepaid: the machine outlived its lease."),
        LedgerEvent.RequestQueued e => $"Instance {instance} waits for money: {e.Denial.Sentence}.",
        LedgerEvent.RequestWithdrawn => $"Instance {instance} no longer asks for a lease.",
        LedgerEvent.RenewalDenied e => $"The lease of instance {instance} was not renewed: {e.Denial.Sentence}.",
        LedgerEvent.AlertReached e => string.Create(CultureInfo.InvariantCulture, $"Budget {e.Budget} has spent {e.Percent} % of its limit."),
        LedgerEvent.Configured e when e.Tree.Count == 0 => "The budget is no longer declared.",
        LedgerEvent.Configured e => string.Create(CultureInfo.InvariantCulture, $"Revision {e.Revision} of the configuration came into force; balances were counted anew."),
        _ => throw new UnreachableException($"No sentence for {@event.GetType().Name}."),
    };
}
