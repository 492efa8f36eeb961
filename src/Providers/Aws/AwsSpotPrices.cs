using System.Globalization;
using Amazon.EC2;
using Amazon.EC2.Model;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Providers.Aws;

/// <summary>The spot prices of the types and zones that machines run in, read from EC2 and kept for some minutes.</summary>
internal sealed class AwsSpotPrices(IAmazonEC2 ec2, TimeProvider time)
{
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(5);

    /// <summary>After a failure it is not tried again at each look.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    /// <summary>What is older is not needed: no machine is asked about that began before.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromDays(30);

    private const int MostPages = 20;

    private Dictionary<(string Type, string Zone), List<(DateTimeOffset From, HourlyRate Rate)>> _series = [];
    private HashSet<(string Type, string Zone)> _covered = [];
    private DateTimeOffset _since;
    private DateTimeOffset _nextAt;
    private DateTimeOffset _pausedUntil;

    /// <summary>Sees to it that the prices of these machines are known from their starts on, as far as EC2 tells them. A failure leaves what was known.</summary>
    /// <returns>What went wrong; null if nothing did.</returns>
    public async Task<Exception?> RefreshAsync(IReadOnlyCollection<(string Type, string Zone, DateTimeOffset Since)> machines, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (machines.Count == 0)
            return null;
        var wanted = machines.Select(m => (m.Type, m.Zone)).ToHashSet();
        var since = machines.Min(m => m.Since);
        if (since < now - Memory)
            since = now - Memory;
        var isKnown = now < _nextAt && wanted.IsSubsetOf(_covered) && since >= _since;
        if (isKnown || now < _pausedUntil)
            return null;
        try
        {
            var series = await ReadAsync([.. wanted.Select(w => w.Type).Distinct()], since, now, cancel).ConfigureAwait(false);
            (_series, _covered, _since, _nextAt) = (series, wanted, since, now + Kept);
            return null;
        }
        catch (Exception fault) when (AwsErrors.Sort(fault) is not null)
        {
            _pausedUntil = now + Pause;
            return fault;
        }
    }

    /// <summary>The highest price in a span; null if none is known.</summary>
    public HourlyRate? Highest(string type, string zone, DateTimeOffset from, DateTimeOffset until)
    {
        if (!_series.TryGetValue((type, zone), out var series))
            return null;
        HourlyRate? highest = null;
        for (var i = 0; i < series.Count; i++)
        {
            var ends = i + 1 < series.Count ? series[i + 1].From : DateTimeOffset.MaxValue;
            if (series[i].From <= until && ends > from && !(highest > series[i].Rate))
                highest = series[i].Rate;
        }

        return highest;
    }

    private async Task<Dictionary<(string Type, string Zone), List<(DateTimeOffset From, HourlyRate Rate)>>> ReadAsync(
        List<string> types, DateTimeOffset since, DateTimeOffset now, CancellationToken cancel)
    {
        var series = new Dictionary<(string, string), List<(DateTimeOffset From, HourlyRate Rate)>>();
        string? next = null;
        for (var page = 0; page < MostPages; page++)
        {
            var answer = await ec2.DescribeSpotPriceHistoryAsync(
                new DescribeSpotPriceHistoryRequest
                {
                    InstanceTypes = types,
                    ProductDescriptions = ["Linux/UNIX"],
                    StartTime = since.UtcDateTime,
                    EndTime = now.UtcDateTime,
                    MaxResults = 1_000,
                    NextToken = next,
                },
                cancel).ConfigureAwait(false);
            foreach (var price in answer.SpotPriceHistory ?? [])
            {
                if (price.Timestamp is not { } at || !decimal.TryParse(price.Price, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var dollars))
                    continue;
                var key = (price.InstanceType.Value, price.AvailabilityZone);
                if (!series.TryGetValue(key, out var list))
                    series[key] = list = [];
                list.Add((AwsMachines.Utc(at), HourlyRate.FromDollars(dollars)));
            }

            next = answer.NextToken;
            if (string.IsNullOrEmpty(next))
                break;
        }

        foreach (var list in series.Values)
            list.Sort((a, b) => a.From.CompareTo(b.From));
        return series;
    }
}
