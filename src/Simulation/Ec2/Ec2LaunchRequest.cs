namespace ControlPlane.Simulation.Ec2;

/// <summary>The parameters of RunInstances, understood and checked against what the region has.</summary>
internal sealed record Ec2LaunchRequest
{
    private static readonly string[] _volumeKinds = ["gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"];

    public required Ec2Type Type { get; init; }

    public required Ec2Image Image { get; init; }

    public required int Least { get; init; }

    public required int Most { get; init; }

    /// <summary>The zone that the call is tied to, by name or by subnet; null if it is not.</summary>
    public required string? Zone { get; init; }

    public required Ec2Subnet? Subnet { get; init; }

    public required string Token { get; init; }

    /// <summary>All that must be the same when the token is used again.</summary>
    public required string Fingerprint { get; init; }

    public required bool IsSpot { get; init; }

    public required decimal MaxPrice { get; init; }

    public required IReadOnlyList<Ec2Volume> Volumes { get; init; }

    public required IReadOnlyDictionary<string, string> InstanceTags { get; init; }

    public required Func<string, string, Ec2Launch> Complete { get; init; }

    public string Market => IsSpot ? "spot" : "on-demand";

    public Ec2Launch ToLaunch(string zone, string caller) => Complete(zone, caller);

    /// <exception cref="Ec2RefusedException">A parameter is missing, malformed or names what is not there.</exception>
    public static Ec2LaunchRequest Read(Ec2Call call, Ec2Settings settings)
    {
        var p = call.Parameters;
        var most = p.Number("MaxCount", 1, 1000) ?? throw Missing("MaxCount");
        var least = p.Number("MinCount", 1, 1000) ?? throw Missing("MinCount");
        if (least > most)
            throw Ec2RefusedException.BadCombination($"The minimum count {least} must not exceed the maximum count {most}");
        var type = TypeNamed(p.Required("InstanceType"), settings);
        var image = ImageNamed(p.Required("ImageId"), settings);
        if (image.Architecture != type.Architecture)
            throw Ec2RefusedException.BadValue($"The architecture '{type.Architecture}' of the specified instance type does not match the architecture '{image.Architecture}' of the specified AMI.");
        var (zone, subnet, groups) = Place(p, settings);
        var (isSpot, maxPrice) = MarketOf(p, type);
        var tags = Ec2Tags.ReadSpecifications(p, "instance", "volume", "spot-instances-request", "network-interface");
        var token = p.Text("ClientToken") ?? "";
        if (token.Length > 64 || token.Any(c => !char.IsAscii(c)))
            throw Ec2RefusedException.BadValue("The client token must be a string of at most 64 ASCII characters");
        var userData = UserData(p.Text("UserData"));
        var profile = Profile(p, settings);
        var key = p.Text("KeyName");
        if (key is not null && !settings.Keys.Contains(key))
            throw new Ec2RefusedException("InvalidKeyPair.NotFound", $"The key pair '{key}' does not exist");
        var terminates = p.OneOf("InstanceInitiatedShutdownBehavior", "stop", "terminate") == "terminate";
        var metadata = p.Structure("MetadataOptions");
        var requiresToken = metadata.OneOf("HttpTokens", "optional", "required") == "required";
        var hops = metadata.Number("HttpPutResponseHopLimit", 1, 64) ?? 1;
        metadata.OneOf("HttpEndpoint", "enabled");
        var showsTags = metadata.OneOf("InstanceMetadataTags", "disabled", "enabled") == "enabled";
        var isOptimized = p.Flag("EbsOptimized") ?? false;
        var isMonitored = p.Structure("Monitoring").Flag("Enabled") ?? false;
        p.Flag("DisableApiTermination");
        p.Structure("CreditSpecification").OneOf("CpuCredits", "standard", "unlimited");

        return new Ec2LaunchRequest
        {
            Type = type,
            Image = image,
            Least = least,
            Most = most,
            Zone = zone,
            Subnet = subnet,
            Token = token,
            Fingerprint = FingerprintOf(call),
            IsSpot = isSpot,
            MaxPrice = maxPrice,
            Volumes = VolumesOf(p, image),
            InstanceTags = tags["instance"],
            Complete = (chosenZone, caller) => new Ec2Launch
            {
                Type = type,
                Image = image,
                Zone = chosenZone,
                IsSpot = isSpot,
                MaxPrice = maxPrice,
                Token = token,
                Caller = caller,
                Key = key,
                Groups = groups,
                Profile = profile,
                UserData = userData,
                TerminatesOnShutdown = terminates,
                RequiresMetadataToken = requiresToken,
                ShowsTagsToGuest = showsTags,
                MetadataHops = hops,
                IsEbsOptimized = isOptimized,
                IsMonitored = isMonitored,
                VolumeTags = tags["volume"],
                SpotTags = tags["spot-instances-request"],
            },
        };
    }

    public static Ec2Type TypeNamed(string name, Ec2Settings settings) =>
        settings.Types.FirstOrDefault(t => t.Name == name) ?? throw Ec2RefusedException.BadValue($"Invalid value '{name}' for InstanceType.");

    private static Ec2RefusedException Missing(string name) => new("MissingParameter", $"The request must contain the parameter {name}");

    private static Ec2Image ImageNamed(string id, Ec2Settings settings)
    {
        const string Alias = "resolve:ssm:";
        if (id.StartsWith(Alias, StringComparison.Ordinal))
        {
            id = settings.Parameters.GetValueOrDefault(id[Alias.Length..])
                ?? throw Ec2RefusedException.BadValue($"Failed to resolve the parameter {id[Alias.Length..]}: it does not exist");
        }

        if (!id.StartsWith("ami-", StringComparison.Ordinal) || id.Length is not (12 or 21) || !id[4..].All(char.IsAsciiHexDigitLower))
            throw new Ec2RefusedException("InvalidAMIID.Malformed", $"Invalid id: \"{id}\"");
        return settings.Images.FirstOrDefault(i => i.Id == id) ?? throw new Ec2RefusedException("InvalidAMIID.NotFound", $"The image id '[{id}]' does not exist");
    }

    private static (string? Zone, Ec2Subnet? Subnet, IReadOnlyList<Ec2Group> Groups) Place(Ec2Parameters p, Ec2Settings settings)
    {
        var zone = p.Structure("Placement").Text("AvailabilityZone");
        p.Structure("Placement").OneOf("Tenancy", "default");
        if (zone is not null && !settings.Zones.Contains(zone))
            throw Ec2RefusedException.BadValue($"Invalid availability zone: [{zone}]");
        var subnetId = p.Text("SubnetId");
        var groupIds = p.List("SecurityGroupId");
        var groupNames = p.List("SecurityGroup");
        var cards = p.Structures("NetworkInterface");
        if (cards.Count > 1)
            throw Ec2RefusedException.BadValue("The emulator knows one network interface for an instance");
        if (cards is [var card])
        {
            if (subnetId is not null || groupIds.Count + groupNames.Count > 0)
                throw Ec2RefusedException.BadCombination("Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request");
            card.Number("DeviceIndex", 0, 0);
            card.Flag("AssociatePublicIpAddress");
            card.Flag("DeleteOnTermination");
            card.Text("Description");
            subnetId = card.Text("SubnetId");
            groupIds = card.List("SecurityGroupId");
        }

        var subnet = subnetId is null ? null : settings.Subnets.FirstOrDefault(s => s.Id == subnetId)
            ?? throw new Ec2RefusedException("InvalidSubnetID.NotFound", $"The subnet ID '{subnetId}' does not exist");
        if (subnet is not null && zone is not null && subnet.Zone != zone)
            throw Ec2RefusedException.BadValue($"The availability zone {zone} does not match that of the subnet {subnet.Id} ({subnet.Zone})");
        List<Ec2Group> groups =
        [
            .. groupIds.Select(id => settings.Groups.FirstOrDefault(g => g.Id == id) ?? throw new Ec2RefusedException("InvalidGroup.NotFound", $"The security group '{id}' does not exist")),
            .. groupNames.Select(name => settings.Groups.FirstOrDefault(g => g.Name == name)
                ?? throw new Ec2RefusedException("InvalidGroup.NotFound", $"The security group '{name}' does not exist in default VPC '{settings.Network}'")),
        ];
        return (zone ?? subnet?.Zone, subnet, groups.Count > 0 ? groups : [settings.Groups.First(g => g.Name == "default")]);
    }

    private static (bool IsSpot, decimal MaxPrice) MarketOf(Ec2Parameters p, Ec2Type type)
    {
        var market = p.Structure("InstanceMarketOptions");
        if (market.IsEmpty)
            return (false, type.HourlyPrice);
        market.OneOf("MarketType", "spot");
        if (market.Text("MarketType") is null)
            throw Missing("InstanceMarketOptions.MarketType");
        var options = market.Structure("SpotOptions");
        options.OneOf("SpotInstanceType", "one-time");
        options.OneOf("InstanceInterruptionBehavior", "terminate");
        return (true, options.Price("MaxPrice") ?? type.HourlyPrice);
    }

    private static string? UserData(string? text)
    {
        if (text is null)
            return null;
        var bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out var length))
            throw Ec2RefusedException.BadValue("Invalid BASE64 encoding of user data.");
        return length <= 16 * 1024 ? text : throw Ec2RefusedException.BadValue("User data is limited to 16384 bytes");
    }

    private static string? Profile(Ec2Parameters p, Ec2Settings settings)
    {
        var profile = p.Structure("IamInstanceProfile");
        var (name, arn) = (profile.Text("Name"), profile.Text("Arn"));
        if (name is not null && arn is not null)
            throw Ec2RefusedException.BadCombination("The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'");
        var wanted = name ?? arn?.Split('/')[^1];
        if (wanted is null || settings.Profiles.Contains(wanted))
            return wanted;
        throw name is not null
            ? Ec2RefusedException.BadValue($"Value ({name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name")
            : Ec2RefusedException.BadValue($"Value ({arn}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN");
    }

    private static List<Ec2Volume> VolumesOf(Ec2Parameters p, Ec2Image image)
    {
        var root = new Ec2Volume("", "/dev/sda1", image.RootGib, "gp3", null, null, true);
        var volumes = new List<Ec2Volume> { root };
        foreach (var mapping in p.Structures("BlockDeviceMapping"))
        {
            var device = mapping.Required("DeviceName");
            var disk = mapping.Structure("Ebs");
            var kind = disk.OneOf("VolumeType", _volumeKinds) ?? "gp2";
            var snapshot = disk.Text("SnapshotId");
            var isRoot = device is "/dev/sda1" or "/dev/xvda";
            var gib = disk.Number("VolumeSize", 1, 65_536) ?? (isRoot ? image.RootGib : snapshot is null ? throw Missing($"ebs.volumeSize of {device}") : 8);
            var (iops, throughput) = (disk.Number("Iops", 100, 256_000), disk.Number("Throughput", 125, 2000));
            if (iops is not null && kind is not ("io1" or "io2" or "gp3"))
                throw Ec2RefusedException.BadCombination($"The parameter iops is not supported for {kind} volumes.");
            if (throughput is not null && kind != "gp3")
                throw Ec2RefusedException.BadCombination($"The parameter throughput is not supported for {kind} volumes.");
            if (iops is null && kind is "io1" or "io2")
                throw Missing("iops");
            if (isRoot && gib < image.RootGib)
                throw new Ec2RefusedException("InvalidBlockDeviceMapping", $"Volume of size {gib}GB is smaller than snapshot of the image, expect size >= {image.RootGib}GB");
            var volume = new Ec2Volume("", device, gib, kind, iops, throughput, disk.Flag("DeleteOnTermination") ?? true)
            {
                Snapshot = snapshot,
                Encrypted = disk.Flag("Encrypted") ?? false,
            };
            disk.Text("KmsKeyId");
            if (isRoot)
                volumes[0] = volume;
            else if (volumes.Any(v => v.Device == device))
                throw new Ec2RefusedException("InvalidBlockDeviceMapping", $"The device '{device}' is used in more than one block-device mapping");
            else
                volumes.Add(volume);
        }

        return volumes;
    }

    private static string FingerprintOf(Ec2Call call) => call.Parameters.Describe(except: ["Action", "Version", "DryRun"]);
}

/// <summary>Tags in requests, with EC2's limits [S].</summary>
internal static class Ec2Tags
{
    /// <summary>The tags of <c>TagSpecification.N</c>, by kind of resource; every kind is there.</summary>
    public static Dictionary<string, IReadOnlyDictionary<string, string>> ReadSpecifications(Ec2Parameters p, params string[] kinds)
    {
        var tags = kinds.ToDictionary(k => k, _ => (IReadOnlyDictionary<string, string>)new Dictionary<string, string>());
        foreach (var specification in p.Structures("TagSpecification"))
        {
            var kind = specification.Required("ResourceType");
            if (!kinds.Contains(kind))
                throw Ec2RefusedException.BadValue($"'{kind}' is not a valid taggable resource type for this operation.");
            if (tags[kind].Count > 0)
                throw Ec2RefusedException.BadValue($"The resource type '{kind}' has more than one tag specification.");
            tags[kind] = Read(specification);
        }

        return tags;
    }

    public static IReadOnlyDictionary<string, string> Read(Ec2Parameters p)
    {
        var tags = new Dictionary<string, string>();
        foreach (var tag in p.Structures("Tag"))
        {
            var (key, value) = (tag.Required("Key"), tag.Text("Value") ?? "");
            if (key.Length > 128)
                throw Ec2RefusedException.BadValue($"Tag key exceeds the maximum length of 128 characters: {key}");
            if (value.Length > 256)
                throw Ec2RefusedException.BadValue($"Tag value exceeds the maximum length of 256 characters: {key}");
            if (key.StartsWith("aws:", StringComparison.OrdinalIgnoreCase))
                throw Ec2RefusedException.BadValue($"Tag keys starting with 'aws:' are reserved for internal use: {key}");
            if (!tags.TryAdd(key, value))
                throw Ec2RefusedException.BadValue($"Tag keys must be unique: {key}");
        }

        return tags.Count <= 50 ? tags : throw new Ec2RefusedException("TagLimitExceeded", "More than 50 tags specified");
    }
}
