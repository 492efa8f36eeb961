using ControlPlane.Actors.ReadModel;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pricing;
using ControlPlane.Http;

namespace ControlPlane.Pools;

/// <summary>A pool as it is declared, with what stops it. Money is in micro-dollars.</summary>
/// <param name="Name">Unique in the cluster.</param>
/// <param name="Queue">The queue that it belongs to.</param>
/// <param name="Position">Its place in the order in which the queue's pools are tried, from 0.</param>
/// <param name="Provider">Who launches its instances.</param>
/// <param name="Instances">Instances that have not ended.</param>
/// <param name="MaxInstances">The most that it may have.</param>
/// <param name="Slots">Tasks that an instance works on at once.</param>
/// <param name="MaxBootTime">A boot that takes longer is stuck.</param>
/// <param name="LeaseLength">How much time a lease prepays.</param>
/// <param name="MinimumBilling">The least time that the platform bills.</param>
/// <param name="Offers">What it may be launched as, in this order.</param>
/// <param name="Breaker">Failures to boot; null while there are none.</param>
/// <param name="Blackout">When it last had no capacity; null if it had.</param>
public sealed record PoolView(
    string Name, string Queue, int Position, string Provider, int Instances, int MaxInstances, int Slots, string MaxBootTime, string LeaseLength, string MinimumBilling,
    IReadOnlyList<OfferView> Offers, BreakerView? Breaker, BlackoutView? Blackout)
{
    public static PoolView From(PoolRow row)
    {
        var template = row.Template;
        return new PoolView(
            row.Name,
            row.Queue,
            row.Position,
            row.Provider,
            row.Instances,
            row.MaxInstances,
            row.Slots,
            DurationText.Format(template.MaxBootTime),
            DurationText.Format(template.LeaseLength),
            DurationText.Format(template.Billing.Minimum),
            [.. template.Offers.Select(OfferView.From)],
            row.FailedAt is { } failedAt ? new BreakerView(row.Failures, Times.At(failedAt), Times.At(row.OpenUntil), row.Tripped, row.Failure ?? "") : null,
            row.BlackoutUntil is { } until ? new BlackoutView(Times.At(until), row.Blackout ?? "") : null);
    }
}

/// <summary>One thing that a pool may be launched as.</summary>
public sealed record OfferView(string Type, string Zone, Market Market, long RateMicrosPerHour, long WorstRateMicrosPerHour, int Gpus)
{
    public static OfferView From(Offer offer) => new(offer.Type, offer.Zone, offer.Market, offer.Rate.MicrosPerHour, offer.WorstRate.MicrosPerHour, offer.Gpus);
}

/// <summary>A pool's failures to boot, one after the other.</summary>
/// <param name="Failures">How many.</param>
/// <param name="LastFailureAt">When the last was.</param>
/// <param name="OpenUntil">Nothing is launched before.</param>
/// <param name="Tripped">Nothing is launched until it is reset or its template changes.</param>
/// <param name="Message">What was the matter.</param>
public sealed record BreakerView(int Failures, DateTimeOffset LastFailureAt, DateTimeOffset? OpenUntil, bool Tripped, string Message);

/// <summary>Until when a pool without capacity is not asked.</summary>
public sealed record BlackoutView(DateTimeOffset Until, string Message);
