using System.Xml.Linq;
using static ControlPlane.Simulation.Ec2.Ec2Xml;

namespace ControlPlane.Simulation.Ec2;

/// <summary>What EC2 says of the spot market.</summary>
public sealed partial class Ec2Region
{
    private const string Product = "Linux/UNIX";

    private IEnumerable<XElement?> DescribeSpotInstanceRequests(Ec2Call call)
    {
        var ids = call.Parameters.List("SpotInstanceRequestId");
        var filters = new Ec2Filters(call, "tag:", "tag-key", "state", "status-code", "instance-id", "spot-instance-request-id", "launched-availability-zone");
        var pages = Ec2PageToken.Prepare(call, 5, 1000);
        call.Ready();
        Known(ids, id => _instances.Any(i => i.SpotRequest == id), "InvalidSpotInstanceRequestID.NotFound", "The spot instance request ID '{0}' does not exist");
        var (page, next) = pages.Cut(_instances
            .Select((instance, index) => ((long)index, instance))
            .Where(i => i.instance.SpotRequest is { } own && IsShown(i.instance, call.Now) && (ids.Count == 0 || ids.Contains(own)))
            .Where(i => filters.Match(name => Ec2Filters.OfTags(name, i.instance.Launch.SpotTags) ?? name switch
            {
                "state" => [StateOf(i.instance, call.Now)],
                "status-code" => [StatusOf(i.instance, call.Now).Code],
                "instance-id" => [i.instance.Id],
                "spot-instance-request-id" => Optionally(i.instance.SpotRequest),
                _ => [i.instance.Subnet.Zone],
            })));
        return [Set("spotInstanceRequestSet", page.Select(i => (object)ShowRequest(i, call.Now))), Optional("nextToken", next)];
    }

    private IEnumerable<XElement?> DescribeSpotPriceHistory(Ec2Call call)
    {
        var types = call.Parameters.List("InstanceType");
        var products = call.Parameters.List("ProductDescription");
        var zone = call.Parameters.Text("AvailabilityZone");
        var from = call.Parameters.Time("StartTime");
        var until = call.Parameters.Time("EndTime");
        var filters = new Ec2Filters(call, "instance-type", "availability-zone", "product-description", "spot-price");
        var pages = Ec2PageToken.Prepare(call, 1, 1000);
        call.Ready();
        if (products.Count > 0 && !products.Contains(Product))
            return [Set("spotPriceHistorySet", [])];
        var prices = _settings.Types.Where(t => types.Count == 0 || types.Contains(t.Name))
            .SelectMany(t => _settings.Zones.Where(z => (zone is null || z == zone) && _settings.Offers(t.Name, z)).SelectMany(z => InSpan(t, z, from, until)))
            .Where(p => filters.Match(name => name switch
            {
                "instance-type" => [p.Type],
                "availability-zone" => [p.Zone],
                "product-description" => [Product],
                _ => [p.Price.ToString("0.000000", System.Globalization.CultureInfo.InvariantCulture)],
            }))
            .OrderByDescending(p => p.At);
        var (page, next) = pages.Cut(prices);
        return
        [
            Set("spotPriceHistorySet", page.Select(p => (object)new object[]
            {
                Element("instanceType", p.Type), Element("productDescription", Product), Element("spotPrice", p.Price), Element("timestamp", p.At), Element("availabilityZone", p.Zone),
            })),
            Optional("nextToken", next),
        ];
    }

    /// <summary>The changes in a span, and the one before it, whose price held at its beginning [S].</summary>
    private IEnumerable<(string Type, string Zone, DateTimeOffset At, decimal Price)> InSpan(Ec2Type type, string zone, DateTimeOffset? from, DateTimeOffset? until)
    {
        var changes = Prices.Changes(type, zone);
        var first = from is null ? 0 : Math.Max(0, changes.Count(c => c.From <= from) - 1);
        return changes.Skip(first).Where(c => !(c.From > until)).Select(c => (type.Name, zone, c.From, c.Price));
    }

    private static string StateOf(Ec2Instance instance, DateTimeOffset now) => instance.LeftAt <= now ? "closed" : "active";

    // The codes are those of the page "Spot request status" [S]; which of them a closed request keeps is [M].
    private static (string Code, string Message, DateTimeOffset At) StatusOf(Ec2Instance instance, DateTimeOffset now) => instance switch
    {
        { LeftAt: { } left } when left <= now => instance.Cause switch
        {
            Ec2EndCause.SpotPrice => ("instance-terminated-by-price", "Your Spot Instance was terminated because the Spot price exceeded your maximum price.", left),
            Ec2EndCause.SpotCapacity => ("instance-terminated-no-capacity", "Your Spot Instance was terminated because there is no Spot capacity available that matches your request.", left),
            Ec2EndCause.User => ("instance-terminated-by-user", "Spot Instance terminated due to user-initiated termination.", left),
            _ => ("instance-terminated-by-service", "Your Spot Instance was terminated by the service.", left),
        },
        { NoticeAt: { } notice } => ("marked-for-termination", "Your Spot Instance is marked for termination.", notice),
        _ => ("fulfilled", "Your Spot request is fulfilled.", instance.LaunchedAt),
    };

    private static object?[] ShowRequest(Ec2Instance instance, DateTimeOffset now)
    {
        var (code, message, at) = StatusOf(instance, now);
        return
        [
            Element("spotInstanceRequestId", instance.SpotRequest!),
            Element("spotPrice", instance.Launch.MaxPrice),
            Element("type", "one-time"),
            Element("state", StateOf(instance, now)),
            Element("status", Element("code", code), Element("updateTime", at), Element("message", message)),
            Element("instanceId", instance.Id),
            Element("createTime", instance.LaunchedAt),
            Element("productDescription", Product),
            Element("launchedAvailabilityZone", instance.Subnet.Zone),
            Element("instanceInterruptionBehavior", "terminate"),
            Tags(instance.Launch.SpotTags),
        ];
    }
}
