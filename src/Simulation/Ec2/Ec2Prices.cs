using ControlPlane.Simulation.Engine;

namespace ControlPlane.Simulation.Ec2;

/// <summary>Spot prices, one series for each type and zone, and what a time costs at them.</summary>
public sealed class Ec2Prices(ulong seed, DateTimeOffset createdAt)
{
    private readonly Dictionary<(string Type, string Zone), List<(DateTimeOffset From, decimal Price)>> _series = [];

    /// <summary>US dollars an hour at a time.</summary>
    public decimal SpotAt(Ec2Type type, string zone, DateTimeOffset at) => Series(type, zone).Last(p => p.From <= at || p == Series(type, zone)[0]).Price;

    /// <summary>All changes of a price, oldest first.</summary>
    public IReadOnlyList<(DateTimeOffset From, decimal Price)> Changes(Ec2Type type, string zone) => Series(type, zone);

    public void Set(Ec2Type type, string zone, decimal price, DateTimeOffset now)
    {
        var series = Series(type, zone);
        series.RemoveAll(p => p.From >= now);
        series.Add((now, price));
    }

    /// <summary>What a time on the spot market costs: each part of it at the price of that part.</summary>
    public decimal CostOfSpot(Ec2Type type, string zone, DateTimeOffset from, DateTimeOffset until)
    {
        var series = Series(type, zone);
        decimal cost = 0;
        for (var i = 0; i < series.Count; i++)
        {
            var begin = i == 0 || series[i].From < from ? from : series[i].From;
            var end = i + 1 < series.Count && series[i + 1].From < until ? series[i + 1].From : until;
            if (end > begin)
                cost += Cost(series[i].Price, end - begin);
        }

        return cost;
    }

    public static decimal Cost(decimal hourly, TimeSpan time) => hourly * time.Ticks / TimeSpan.TicksPerHour;

    // A quarter to a half of the on-demand price, with two small changes in the past day.
    private List<(DateTimeOffset From, decimal Price)> Series(Ec2Type type, string zone)
    {
        if (_series.TryGetValue((type.Name, zone), out var series))
            return series;
        var dice = new Dice(seed).Split(Salt(type.Name + zone));
        var price = type.HourlyPrice * (25 + dice.Below(26)) / 100;
        return _series[(type.Name, zone)] =
        [
            (createdAt.AddHours(-20), Round(price * 1.04m)),
            (createdAt.AddHours(-8), Round(price * 0.97m)),
            (createdAt.AddHours(-1), Round(price)),
        ];
    }

    private static decimal Round(decimal price) => Math.Round(price, 4, MidpointRounding.ToPositiveInfinity);

    // FNV-1a: string.GetHashCode differs from run to run.
    private static ulong Salt(string text)
    {
        unchecked
        {
            var hash = 14695981039346656037UL;
            foreach (var c in text)
                hash = (hash ^ c) * 1099511628211UL;
            return hash;
        }
    }
}
