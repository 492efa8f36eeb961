namespace ControlPlane.Domain.Pricing;

/// <summary>How capacity is bought.</summary>
public enum Market
{
    OnDemand,
    Spot,
}

/// <summary>One thing that a provider sells: a type in a zone on a market, with its prices.</summary>
/// <param name="Type">The provider's name of the machine type, e.g. <c>g5.xlarge</c>; <c>process</c> for local instances.</param>
/// <param name="Zone">The provider's zone, or empty where it has none or chooses itself.</param>
/// <param name="Market">On demand or spot.</param>
/// <param name="WorstRate">The most that it may cost: the on-demand price, even for spot. Leases are reserved at this rate.</param>
/// <param name="Rate">The price now expected; settlements use it unless a better one was seen.</param>
/// <param name="Gpus">GPUs in one instance of the type, at least 0.</param>
public sealed record Offer(string Type, string Zone, Market Market, HourlyRate WorstRate, HourlyRate Rate, int Gpus)
{
    /// <summary>What the offer is known by in the memory of capacity: type, zone and market, without its price.</summary>
    public OfferKey Key => new(Type, Zone, Market);
}

/// <summary>Type, zone and market: that which has, or has no, capacity.</summary>
public sealed record OfferKey(string Type, string Zone, Market Market)
{
    public override string ToString() => Zone.Length == 0 ? $"{Type} {Name(Market)}" : $"{Type} {Name(Market)} in {Zone}";

    private static string Name(Market market) => market switch { Market.OnDemand => "on demand", Market.Spot => "spot" };
}
