using System.Xml.Linq;
using static ControlPlane.Simulation.Ec2.Ec2Xml;

namespace ControlPlane.Simulation.Ec2;

/// <summary>What EC2 says of instances, and the calls that end and tag them.</summary>
public sealed partial class Ec2Region
{
    private static readonly string[] _instanceFilters =
    [
        "tag:", "tag-key", "instance-id", "instance-state-name", "instance-state-code", "instance-type", "availability-zone", "client-token", "image-id",
        "instance-lifecycle", "spot-instance-request-id", "subnet-id", "vpc-id", "reservation-id", "private-ip-address", "key-name", "state-reason-code",
        "instance.group-id", "architecture", "launch-index", "owner-id",
    ];

    private IEnumerable<XElement?> DescribeInstances(Ec2Call call)
    {
        var ids = call.Parameters.List("InstanceId");
        if (ids.Count > 0 && call.Parameters.Text("MaxResults") is not null)
            throw Ec2RefusedException.BadCombination("The parameter instancesSet cannot be used with the parameter maxResults");
        var filters = new Ec2Filters(call, _instanceFilters);
        var pages = Ec2PageToken.Prepare(call, 5, 1000);
        call.Ready();
        var named = ids.Count == 0 ? null : FindAll(ids, call.Now).ToHashSet();
        var (page, next) = pages.Cut(_instances
            .Select((instance, index) => ((long)index, instance))
            .Where(i => IsShown(i.instance, call.Now) && named?.Contains(i.instance) != false)
            .Where(i => filters.Match(name => ValuesOf(i.instance, name, call.Now))));
        // Instances of one launch are one reservation, unless a page ends within it.
        return
        [
            Set("reservationSet", page.GroupBy(i => i.Reservation).Select(g => (object)Reservation([.. g], call.Now, showsAll: false))),
            Optional("nextToken", next),
        ];
    }

    private IEnumerable<XElement?> TerminateInstances(Ec2Call call)
    {
        var ids = call.Parameters.List("InstanceId");
        if (ids.Count == 0)
            throw new Ec2RefusedException("MissingParameter", "The request must contain the parameter InstanceId");
        if (ids.Count > 1000)
            throw Ec2RefusedException.BadValue("At most 1000 instances may be terminated in one request");
        call.Ready();
        // One that is not found spares all others [S].
        var instances = FindAll(ids, call.Now);
        if (!_buckets.TakeInstances("TerminateInstances", instances.Count, _settings.LimitScale, call.Now))
            throw Ec2RefusedException.Throttled();
        var items = new List<object>();
        foreach (var instance in instances)
        {
            var before = instance.StateAt(call.Now);
            if (End(instance, Ec2EndCause.User, call.Now, call.Caller, _settings.Shutdown))
                call.Instances++;
            items.Add(new object[]
            {
                Element("instanceId", instance.Id), State("currentState", instance.StateAt(call.Now)), State("previousState", before),
            });
        }

        Advance(call.Now);
        return [Set("instancesSet", items)];
    }

    private IEnumerable<XElement?> CreateTags(Ec2Call call)
    {
        var ids = call.Parameters.List("ResourceId");
        var tags = Ec2Tags.Read(call.Parameters);
        if (ids.Count == 0 || tags.Count == 0)
            throw new Ec2RefusedException("MissingParameter", $"The request must contain the parameter {(ids.Count == 0 ? "ResourceId" : "Tag")}");
        call.Ready();
        var instances = FindAll(ids, call.Now);
        foreach (var instance in instances.Where(i => i.Tags.Keys.Union(tags.Keys).Count() > 50))
            throw new Ec2RefusedException("TagLimitExceeded", $"The maximum number of tags for {instance.Id} has been reached");
        foreach (var instance in instances)
        {
            foreach (var (key, value) in tags)
                instance.Tags[key] = value;
        }

        return [Element("return", true)];
    }

    private bool IsShown(Ec2Instance instance, DateTimeOffset now) =>
        instance.VisibleAt <= now && (instance.Stops || !(instance.EndedAt + _settings.TerminatedShown <= now));

    private IReadOnlyList<Ec2Instance> FindAll(IReadOnlyList<string> ids, DateTimeOffset now)
    {
        foreach (var id in ids.Where(id => !id.StartsWith("i-", StringComparison.Ordinal) || id.Length is not (10 or 19) || !id[2..].All(char.IsAsciiHexDigitLower)))
            throw new Ec2RefusedException("InvalidInstanceID.Malformed", $"Invalid id: \"{id}\"");
        var missing = ids.Where(id => !_byId.TryGetValue(id, out var instance) || !IsShown(instance, now)).ToList();
        return missing switch
        {
            [] => [.. ids.Distinct().Select(id => _byId[id])],
            [var one] => throw new Ec2RefusedException("InvalidInstanceID.NotFound", $"The instance ID '{one}' does not exist"),
            _ => throw new Ec2RefusedException("InvalidInstanceID.NotFound", $"The instance IDs '{string.Join(", ", missing)}' do not exist"),
        };
    }

    private static Dictionary<string, string> TagsOf(Ec2Instance instance, DateTimeOffset now) =>
        instance.TagsVisibleAt <= now ? instance.Tags : [];

    private IEnumerable<string> ValuesOf(Ec2Instance i, string filter, DateTimeOffset now) => Ec2Filters.OfTags(filter, TagsOf(i, now)) ?? filter switch
    {
        "instance-id" => [i.Id],
        "instance-state-name" => [i.StateAt(now)],
        "instance-state-code" => [$"{Ec2Instance.CodeOf(i.StateAt(now))}"],
        "instance-type" => [i.Launch.Type.Name],
        "availability-zone" => [i.Subnet.Zone],
        "client-token" => [i.Launch.Token],
        "image-id" => [i.Launch.Image.Id],
        "instance-lifecycle" => i.IsSpot ? ["spot"] : [],
        "spot-instance-request-id" => Optionally(i.SpotRequest),
        "subnet-id" => [i.Subnet.Id],
        "vpc-id" => [_settings.Network],
        "reservation-id" => [i.Reservation],
        "private-ip-address" => [i.Address],
        "key-name" => Optionally(i.Launch.Key),
        "state-reason-code" => Optionally(i.StateReason?.Code),
        "instance.group-id" => i.Launch.Groups.Select(g => g.Id),
        "architecture" => [i.Launch.Type.Architecture],
        "launch-index" => [$"{i.LaunchIndex}"],
        "owner-id" => [_settings.Account],
        _ => [],
    };

    private static IEnumerable<string> Optionally(string? value) => value is null ? [] : [value];

    private static XElement State(string name, string state) => Element(name, Element("code", Ec2Instance.CodeOf(state)), Element("name", state));

    private IEnumerable<XElement> Reservation(IReadOnlyList<Ec2Instance> instances, DateTimeOffset now, bool showsAll) =>
    [
        Element("reservationId", instances[0].Reservation),
        Element("ownerId", _settings.Account),
        Set("groupSet", []),
        Set("instancesSet", instances.Select(i => (object)Show(i, now, showsAll ? i.Tags : TagsOf(i, now)))),
    ];

    private object?[] Show(Ec2Instance i, DateTimeOffset now, IReadOnlyDictionary<string, string> tags)
    {
        var state = i.StateAt(now);
        var isUp = state is "pending" or "running";
        var groups = Set("groupSet", i.Launch.Groups.Select(g => (object)new object[] { Element("groupId", g.Id), Element("groupName", g.Name) }));
        return
        [
            Element("instanceId", i.Id),
            Element("imageId", i.Launch.Image.Id),
            State("instanceState", state),
            Element("privateDnsName", isUp ? $"ip-{i.Address.Replace('.', '-')}.ec2.internal" : ""),
            Element("dnsName", ""),
            Element("reason", ReasonOf(i)),
            Optional("keyName", i.Launch.Key),
            Element("amiLaunchIndex", i.LaunchIndex),
            Set("productCodes", []),
            Element("instanceType", i.Launch.Type.Name),
            Element("launchTime", i.LaunchedAt),
            Element("placement", Element("availabilityZone", i.Subnet.Zone), Element("groupName", ""), Element("tenancy", "default")),
            Element("monitoring", Element("state", i.Launch.IsMonitored ? "enabled" : "disabled")),
            isUp ? Element("subnetId", i.Subnet.Id) : null,
            isUp ? Element("vpcId", _settings.Network) : null,
            isUp ? Element("privateIpAddress", i.Address) : null,
            isUp ? groups : null,
            i.StateReason is { } reason ? Element("stateReason", Element("code", reason.Code), Element("message", reason.Message)) : null,
            Element("architecture", i.Launch.Type.Architecture),
            Element("rootDeviceType", "ebs"),
            Element("rootDeviceName", i.Volumes[0].Device),
            Set("blockDeviceMapping", isUp ? i.Volumes.Select(v => (object)new object[] { Element("deviceName", v.Device), ShowAttached(v, i) }) : []),
            Element("virtualizationType", "hvm"),
            i.IsSpot ? Element("instanceLifecycle", "spot") : null,
            Optional("spotInstanceRequestId", i.SpotRequest),
            Element("clientToken", i.Launch.Token),
            Tags(tags),
            Element("hypervisor", "xen"),
            i.Launch.Profile is { } profile
                ? Element("iamInstanceProfile", Element("arn", $"arn:aws:iam::{_settings.Account}:instance-profile/{profile}"), Element("id", "AIPAEMULATED"))
                : null,
            Element("ebsOptimized", i.Launch.IsEbsOptimized),
            Element(
                "metadataOptions",
                Element("state", "applied"),
                Element("httpTokens", i.Launch.RequiresMetadataToken ? "required" : "optional"),
                Element("httpPutResponseHopLimit", i.Launch.MetadataHops),
                Element("httpEndpoint", "enabled"),
                Element("instanceMetadataTags", i.Launch.ShowsTagsToGuest ? "enabled" : "disabled")),
        ];
    }

    private static XElement ShowAttached(Ec2Volume volume, Ec2Instance instance) => Element(
        "ebs",
        Element("volumeId", volume.Id),
        Element("status", "attached"),
        Element("attachTime", instance.LaunchedAt),
        Element("deleteOnTermination", volume.DeleteOnTermination));

    // The transition's reason with its time, as the console shows it [M].
    private static string ReasonOf(Ec2Instance instance) => instance.Cause switch
    {
        null => "",
        Ec2EndCause.User => $"User initiated ({instance.LeftAt:yyyy-MM-dd HH:mm:ss} GMT)",
        Ec2EndCause.Guest => "Instance initiated shutdown",
        Ec2EndCause.SpotCapacity or Ec2EndCause.SpotPrice => $"Server.SpotInstanceTermination: Spot instance termination ({instance.LeftAt:yyyy-MM-dd HH:mm:ss} GMT)",
        Ec2EndCause.Platform => instance.StateReason!.Value.Code,
        _ => "",
    };
}
