using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Providers.Aws;

/// <summary>Makes a pool's offers of its types, zones and markets, with their prices.</summary>
public static class AwsOffers
{
    private const decimal HoursInMonth = 730m;

    /// <summary>The offers in the order in which they are tried. A type without a price has none, and a fault; its path is below <paramref name="path"/>.</summary>
    /// <param name="template">The pool's template.</param>
    /// <param name="provider">Its provider's account and region.</param>
    /// <param name="path">Where the template stands in the document.</param>
    public static (IReadOnlyList<Offer> Offers, IReadOnlyList<ConfigurationFault> Faults) Expand(PoolTemplate.Aws template, AwsSpec provider, string path)
    {
        var faults = new List<ConfigurationFault>();
        var priced = new List<(string Type, int Gpus, HourlyRate OnDemand, HourlyRate Spot)>();
        var extra = Extra(template);
        for (var i = 0; i < template.Types.Count; i++)
        {
            var type = template.Types[i];
            if (OnDemand(template, provider, type) is not { } rate)
            {
                faults.Add(Unpriced(template, provider, type, $"{path}.types[{i}]"));
                continue;
            }

            // A spot price above that on demand is never paid: it is the limit of our requests.
            var spot = template.SpotPrices.TryGetValue(type, out var expected) && expected < rate ? expected : rate;
            priced.Add((type, AwsPrices.Find(type)?.Gpus ?? 0, Sum(rate, extra), Sum(spot, extra)));
        }

        var zones = template.Subnets.Count > 0 ? [.. template.Subnets.Keys.Order(StringComparer.Ordinal)] : template.Zones.Count > 0 ? template.Zones : [""];
        IEnumerable<Offer> Of(Market market) => Ordered(
            priced.SelectMany(t => zones.Select(zone => new Offer(t.Type, zone, market, t.OnDemand, market == Market.Spot ? t.Spot : t.OnDemand, t.Gpus))), template.Order);
        IReadOnlyList<Offer> offers = template.Market switch
        {
            AwsMarket.OnDemand => [.. Of(Market.OnDemand)],
            AwsMarket.Spot => [.. Of(Market.Spot)],
            AwsMarket.SpotThenOnDemand => [.. Of(Market.Spot), .. Of(Market.OnDemand)],
        };
        return (offers, faults);
    }

    private static IEnumerable<Offer> Ordered(IEnumerable<Offer> offers, AwsOrder order) => order switch
    {
        AwsOrder.InOrder => offers,
        AwsOrder.Cheapest => offers.OrderBy(o => o.Rate),
    };

    /// <summary>What an hour on demand costs; null if that is not known.</summary>
    public static HourlyRate? OnDemand(PoolTemplate.Aws template, AwsSpec provider, string type)
    {
        if (template.Prices.TryGetValue(type, out var own))
            return own;
        var factor = provider.PriceFactor ?? (provider.Region == AwsPrices.Region ? 1 : null);
        return factor is { } known && AwsPrices.Find(type) is { } listed ? HourlyRate.FromDollars(listed.DollarsPerHour * (decimal)known) : null;
    }

    /// <summary>What is paid for each hour beside the machine: the pool's surcharge and its disks.</summary>
    public static HourlyRate Extra(PoolTemplate.Aws template)
    {
        var disks = template.DiskPrice is { } price ? HourlyRate.FromDollars(template.Disks.Sum(d => (decimal)(d.Size ?? 0)) * price.Dollars / HoursInMonth) : HourlyRate.Free;
        return Sum(template.Surcharge, disks);
    }

    private static HourlyRate Sum(HourlyRate a, HourlyRate b) => new(a.MicrosPerHour + b.MicrosPerHour);

    private static ConfigurationFault Unpriced(PoolTemplate.Aws template, AwsSpec provider, string type, string path)
    {
        if (AwsPrices.Find(type) is not null)
        {
            return new ConfigurationFault(
                path,
                $"The built-in prices are those of {AwsPrices.Region}, so what '{Shorten(type)}' costs in {provider.Region} is not known.",
                $"Write prices: {{ {type}: 1.23 }} with the price on demand there, or priceFactor in the provider's aws, such as 1.25.");
        }

        var near = Suggestion.Nearest(type, AwsPrices.All.Keys.ToArray());
        return new ConfigurationFault(
            path,
            $"The built-in prices do not have the machine type '{Shorten(type)}'.",
            $"{(near is null || template.Types.Contains(near) ? "" : $"Did you mean '{near}'? ")}If EC2 has it, write prices: {{ {Shorten(type)}: 1.23 }} with its price on demand, in dollars an hour.");
    }

    private static string Shorten(string text) => text.Length <= 80 ? text : $"{text[..77]}...";
}
