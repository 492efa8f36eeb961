using ControlPlane.Domain.Pricing;

namespace ControlPlane.Domain.Instances;

/// <summary>In which order the offers of a pool are asked: as declared, but those in zones that a refusal named are asked next.</summary>
internal static class OfferOrder
{
    /// <summary>The offers that are still to be asked, given the last one that was.</summary>
    public static IEnumerable<int> Left(InstanceState state)
    {
        if (state.Ahead is { } ahead)
            return ahead;
        var last = Place(state, state.Offer);
        return Allowed(state).Where(place => place > last);
    }

    /// <summary>What is left after an offer is asked; null: what follows it.</summary>
    public static IReadOnlyList<int>? Asked(InstanceState state, Offer offer)
    {
        var place = Place(state, offer);
        return state.Ahead?.Contains(place) == true ? [.. state.Ahead.Where(p => p != place)] : null;
    }

    /// <summary>What is left after the last one asked was refused; null: what follows it.</summary>
    public static IReadOnlyList<int>? Refused(InstanceState state, IReadOnlyList<string>? zones)
    {
        if (zones is null || zones.Count == 0)
            return state.Ahead;
        int[] left = [.. Left(state)];
        bool IsNamed(int place) => state.Pool.Offers[place] is var o && o.Type == state.Offer.Type && o.Market == state.Offer.Market && zones.Contains(o.Zone);
        return left.Any(IsNamed) ? [.. left.OrderByDescending(IsNamed)] : state.Ahead;
    }

    private static IEnumerable<int> Allowed(InstanceState state) =>
        Enumerable.Range(0, state.Pool.Offers.Count).Where(place => !state.SkipSpot || !state.Pool.CanFallBack || state.Pool.Offers[place].Market == Market.OnDemand);

    private static int Place(InstanceState state, Offer offer)
    {
        for (var place = 0; place < state.Pool.Offers.Count; place++)
        {
            if (state.Pool.Offers[place].Key == offer.Key)
                return place;
        }

        return -1;
    }
}
