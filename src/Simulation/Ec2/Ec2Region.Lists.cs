using System.Text;
using System.Xml.Linq;
using static ControlPlane.Simulation.Ec2.Ec2Xml;

namespace ControlPlane.Simulation.Ec2;

/// <summary>What EC2 says of what a launch refers to: images, subnets, groups, keys, types in zones.</summary>
public sealed partial class Ec2Region
{
    private IEnumerable<XElement?> DescribeImages(Ec2Call call)
    {
        var ids = call.Parameters.List("ImageId");
        var owners = call.Parameters.List("Owner");
        var filters = new Ec2Filters(call, "name", "state", "architecture", "image-id", "owner-id", "owner-alias", "root-device-type", "virtualization-type");
        var pages = Ec2PageToken.Prepare(call, 1, 1000);
        call.Parameters.Flag("IncludeDeprecated");
        call.Ready();
        Known(ids, id => _settings.Images.Any(i => i.Id == id), "InvalidAMIID.NotFound", "The image id '[{0}]' does not exist");
        var (page, next) = pages.Cut(_settings.Images.Where(i =>
            (ids.Count == 0 || ids.Contains(i.Id)) && (owners.Count == 0 || owners.Contains(i.Owner) || (i.OwnerAlias is { } alias && owners.Contains(alias)) || (owners.Contains("self") && i.Owner == _settings.Account))
            && filters.Match(name => name switch
            {
                "name" => [i.Name],
                "state" => ["available"],
                "architecture" => [i.Architecture],
                "image-id" => [i.Id],
                "owner-id" => [i.Owner],
                "owner-alias" => Optionally(i.OwnerAlias),
                "root-device-type" => ["ebs"],
                _ => ["hvm"],
            })));
        return
        [
            Set("imagesSet", page.Select(i => (object)new object?[]
            {
                Element("imageId", i.Id), Element("name", i.Name), Element("imageOwnerId", i.Owner), Optional("imageOwnerAlias", i.OwnerAlias), Element("imageState", "available"),
                Element("isPublic", true), Element("architecture", i.Architecture), Element("imageType", "machine"), Element("creationDate", i.CreatedAt),
                Element("rootDeviceType", "ebs"), Element("rootDeviceName", "/dev/sda1"), Element("virtualizationType", "hvm"),
                Set("blockDeviceMapping", [new object[] { Element("deviceName", "/dev/sda1"), Element("ebs", Element("volumeSize", i.RootGib), Element("volumeType", "gp3"), Element("deleteOnTermination", true)) }]),
            })),
            Optional("nextToken", next),
        ];
    }

    private IEnumerable<XElement?> DescribeSubnets(Ec2Call call)
    {
        var ids = call.Parameters.List("SubnetId");
        var filters = new Ec2Filters(call, "subnet-id", "availability-zone", "vpc-id", "state", "default-for-az");
        var pages = Ec2PageToken.Prepare(call, 5, 1000);
        call.Ready();
        Known(ids, id => _settings.Subnets.Any(s => s.Id == id), "InvalidSubnetID.NotFound", "The subnet ID '{0}' does not exist");
        var (page, next) = pages.Cut(_settings.Subnets.Where(s => (ids.Count == 0 || ids.Contains(s.Id)) && filters.Match(name => name switch
        {
            "subnet-id" => [s.Id],
            "availability-zone" => [s.Zone],
            "vpc-id" => [_settings.Network],
            "default-for-az" => [s.IsDefault ? "true" : "false"],
            _ => ["available"],
        })));
        return
        [
            Set("subnetSet", page.Select(s => (object)new object[]
            {
                Element("subnetId", s.Id), Element("state", "available"), Element("vpcId", _settings.Network), Element("availabilityZone", s.Zone),
                Element("availableIpAddressCount", s.Addresses - _live.Count(i => i.Subnet.Id == s.Id)), Element("defaultForAz", s.IsDefault),
            })),
            Optional("nextToken", next),
        ];
    }

    private IEnumerable<XElement?> DescribeSecurityGroups(Ec2Call call)
    {
        var ids = call.Parameters.List("GroupId");
        var names = call.Parameters.List("GroupName");
        var filters = new Ec2Filters(call, "group-id", "group-name", "vpc-id");
        var pages = Ec2PageToken.Prepare(call, 5, 1000);
        call.Ready();
        Known(ids, id => _settings.Groups.Any(g => g.Id == id), "InvalidGroup.NotFound", "The security group '{0}' does not exist");
        Known(names, name => _settings.Groups.Any(g => g.Name == name), "InvalidGroup.NotFound", $"The security group '{{0}}' does not exist in default VPC '{_settings.Network}'");
        var (page, next) = pages.Cut(_settings.Groups.Where(g => (ids.Count == 0 || ids.Contains(g.Id)) && (names.Count == 0 || names.Contains(g.Name)) && filters.Match(name => name switch
        {
            "group-id" => [g.Id],
            "group-name" => [g.Name],
            _ => [_settings.Network],
        })));
        return
        [
            Set("securityGroupInfo", page.Select(g => (object)new object[]
            {
                Element("ownerId", _settings.Account), Element("groupId", g.Id), Element("groupName", g.Name), Element("groupDescription", g.Name), Element("vpcId", _settings.Network),
            })),
            Optional("nextToken", next),
        ];
    }

    private IEnumerable<XElement?> DescribeKeyPairs(Ec2Call call)
    {
        var names = call.Parameters.List("KeyName");
        var filters = new Ec2Filters(call, "key-name");
        call.Ready();
        Known(names, _settings.Keys.Contains, "InvalidKeyPair.NotFound", "The key pair '{0}' does not exist");
        return
        [
            Set("keySet", _settings.Keys.Where(k => (names.Count == 0 || names.Contains(k)) && filters.Match(_ => [k])).Select(k => (object)new object[] { Element("keyName", k), Element("keyType", "rsa") })),
        ];
    }

    private IEnumerable<XElement?> DescribeInstanceTypeOfferings(Ec2Call call)
    {
        var kind = call.Parameters.OneOf("LocationType", "region", "availability-zone") ?? "region";
        var filters = new Ec2Filters(call, "instance-type", "location");
        var pages = Ec2PageToken.Prepare(call, 5, 1000);
        call.Ready();
        var offerings = kind == "region"
            ? _settings.Types.Where(t => _settings.Zones.Any(z => _settings.Offers(t.Name, z))).Select(t => (Type: t.Name, Location: _settings.Region))
            : _settings.Types.SelectMany(t => _settings.Zones.Where(z => _settings.Offers(t.Name, z)).Select(z => (Type: t.Name, Location: z)));
        var (page, next) = pages.Cut(offerings.Where(o => filters.Match(name => name == "location" ? [o.Location] : [o.Type])));
        return
        [
            Set("instanceTypeOfferingSet", page.Select(o => (object)new object[] { Element("instanceType", o.Type), Element("locationType", kind), Element("location", o.Location) })),
            Optional("nextToken", next),
        ];
    }

    private IEnumerable<XElement?> GetConsoleOutput(Ec2Call call)
    {
        var id = call.Parameters.Required("InstanceId");
        call.Parameters.Flag("Latest");
        call.Ready();
        var instance = FindAll([id], call.Now)[0];
        var text = Console(id) ?? BootText(instance, call.Now);
        return
        [
            Element("instanceId", id),
            Element("timestamp", call.Now),
            Optional("output", text.Length == 0 ? null : Convert.ToBase64String(Encoding.UTF8.GetBytes(text))),
        ];
    }

    /// <summary>What stands on the console of a machine without a guest of its own: empty until it runs [M].</summary>
    private static string BootText(Ec2Instance instance, DateTimeOffset now)
    {
        if (now < instance.RunningAt || instance.FailsToStart)
            return "";
        var text = new StringBuilder($"[    0.000000] Linux version 6.1.0-emulated on {instance.Launch.Type.Name}\n[    1.204000] EXT4-fs ({instance.Volumes[0].Device}): mounted filesystem\n");
        if (instance.BootsAt is null)
            text.Append("[    2.718000] Kernel panic - not syncing: No working init found.\n");
        else if (instance.BootsAt <= now)
            text.Append($"[   25.000000] cloud-init: finished on {instance.Id}, {(instance.Launch.UserData is null ? "no user data" : "user data was run")}\n");
        return text.ToString();
    }

    private static void Known(IReadOnlyList<string> names, Func<string, bool> isKnown, string code, string message)
    {
        foreach (var name in names.Where(n => !isKnown(n)))
            throw new Ec2RefusedException(code, string.Format(System.Globalization.CultureInfo.InvariantCulture, message, name));
    }
}
