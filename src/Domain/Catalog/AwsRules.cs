using System.Text;
using System.Text.Json;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Secrets;

namespace ControlPlane.Domain.Catalog;

/// <summary>The rules of providers and pools on AWS, as far as they can be known without asking AWS. What only AWS knows, <c>check provider</c> asks.</summary>
internal static class AwsRules
{
    public const string Kind = "aws";

    /// <summary>A launch's machines are known by its ids in their tags and by their place in it: so many ids fit, with the most tags of one's own.</summary>
    public const int MostInLaunch = 250;

    /// <summary>What EC2 takes as user data, in bytes before base64.</summary>
    private const int MostUserData = 16 * 1024;

    private const int MostText = 1_024;

    private static readonly string[] DiskTypes = ["gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"];
    private static readonly string[] Taggable = ["instance", "volume", "spot-instances-request"];

    /// <summary>Parameters of RunInstances that are ours: with others a launch would not happen once, not be found again, or not be what was paid for.</summary>
    private static readonly string[] OwnParameters =
    [
        "ClientToken", "MinCount", "MaxCount", "TagSpecifications", "InstanceType", "InstanceMarketOptions", "InstanceInitiatedShutdownBehavior", "DryRun", "LaunchTemplate",
    ];

    public static void Check(FaultList faults, string path, ProviderSpec provider)
    {
        if (provider.Kind == Kind && provider.Aws is null)
            faults.Add($"{path}.aws", "A provider of kind aws must say in which region.", "Add aws: { region: us-east-1 }.");
        else if (provider.Kind != Kind && provider.Aws is not null)
            faults.Add($"{path}.aws", $"Only a provider of kind aws has this; this one is of kind '{FaultList.Shorten(provider.Kind)}'.", "Write kind: aws, or remove it.");
        else if (provider.Aws is { } aws)
            Check(faults, $"{path}.aws", aws);
        if (provider.Kind == Kind && provider.Limits is { LaunchBatch: > MostInLaunch and <= 1_000 } limits)
            faults.Add($"{path}.launchBatch", $"{limits.LaunchBatch:N0} is out of range: the tags of a machine have room for the ids of {MostInLaunch}.", $"Write a value from 1 to {MostInLaunch}.");
    }

    private static void Check(FaultList faults, string path, AwsSpec aws)
    {
        if (aws.Region.Length is 0 or > 64 || aws.Region.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-'))
            faults.Add($"{path}.region", $"'{FaultList.Shorten(aws.Region)}' is not a region.", "Write a region such as us-east-1.");
        if (aws.Endpoint is { } endpoint && (endpoint.Length > MostText || !Uri.TryCreate(endpoint, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0))
            faults.Add($"{path}.endpoint", $"'{FaultList.Shorten(endpoint)}' is no address of a server.", "Write an address such as http://127.0.0.1:4599, or leave it out for the region's own.");
        CheckText(faults, $"{path}.profile", aws.Profile, "a profile");
        CheckText(faults, $"{path}.externalId", aws.ExternalId, "an external id");
        CheckText(faults, $"{path}.webIdentityTokenFile", aws.WebIdentityTokenFile, "a path of a file");
        foreach (var (key, secret) in new[] { ("accessKey", aws.AccessKey), ("secretKey", aws.SecretKey), ("sessionToken", aws.SessionToken) })
        {
            // The text is not repeated: it may be the secret itself.
            if (secret is not null && !SecretReference.TryParse(secret.Value, out _))
                faults.Add($"{path}.{key}", "This is no reference to a secret.", SecretReference.Rule);
        }

        if ((aws.AccessKey is null) != (aws.SecretKey is null))
            faults.Add(aws.AccessKey is null ? $"{path}.accessKey" : $"{path}.secretKey", "An access key and its secret belong together, and one of them is missing.", "Write both, or neither.");
        if (aws.SessionToken is not null && aws.AccessKey is null)
            faults.Add($"{path}.sessionToken", "There is a session token without an access key.", "Add accessKey and secretKey, or remove it.");
        if (aws.AccessKey is not null && aws.Profile is not null)
            faults.Add($"{path}.profile", "There are an access key and a profile.", "Keep one of them.");
        if (aws.RoleArn is { } role && !(role.StartsWith("arn:", StringComparison.Ordinal) && role.Contains(":role/", StringComparison.Ordinal) && IsText(role)))
            faults.Add($"{path}.roleArn", $"'{FaultList.Shorten(role)}' is not the ARN of a role.", "Write it as arn:aws:iam::123456789012:role/NAME.");
        if (aws.RoleArn is null && aws.ExternalId is not null)
            faults.Add($"{path}.externalId", "There is an external id without a role.", "Add roleArn, or remove it.");
        if (aws.RoleArn is null && aws.WebIdentityTokenFile is not null)
            faults.Add($"{path}.webIdentityTokenFile", "There is a web identity without the role that it assumes.", "Add roleArn, or remove it: without it the SDK reads AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN by itself.");
        if (aws.WebIdentityTokenFile is not null && (aws.AccessKey is not null || aws.Profile is not null))
            faults.Add($"{path}.webIdentityTokenFile", "With a web identity the role is assumed without a key or a profile, and there is one.", "Keep one of them.");
        if (aws.PriceFactor is { } factor)
            faults.Range($"{path}.priceFactor", factor, 1, 10, v => v.ToString("0.###", System.Globalization.CultureInfo.InvariantCulture));
    }

    public static void Check(FaultList faults, string path, PoolSpec pool, PoolTemplate.Aws aws)
    {
        if (aws.Types.Count == 0)
            faults.Add($"{path}.types", "There is no machine type.", "Write at least one, such as [g5.xlarge].");
        faults.Count($"{path}.types", aws.Types.Count, 50, "machine types in this pool");
        Twice(faults, $"{path}.types", aws.Types);
        CheckPlace(faults, path, aws);
        CheckImage(faults, $"{path}.image", aws.Image);
        faults.Count($"{path}.disks", aws.Disks.Count, 20, "disks");
        for (var i = 0; i < aws.Disks.Count; i++)
            CheckDisk(faults, $"{path}.disks[{i}]", aws.Disks[i]);
        Twice(faults, $"{path}.disks", [.. aws.Disks.Select(d => d.Device)]);
        CheckText(faults, $"{path}.keyPair", aws.KeyPair, "the name of a key pair");
        CheckText(faults, $"{path}.instanceProfile", aws.InstanceProfile, "an instance profile");
        faults.Count($"{path}.securityGroups", aws.SecurityGroups.Count, 16, "security groups");
        for (var i = 0; i < aws.SecurityGroups.Count; i++)
            CheckText(faults, $"{path}.securityGroups[{i}]", aws.SecurityGroups[i], "a security group");
        CheckTags(faults, path, aws);
        CheckUserData(faults, path, pool, aws);
        CheckLaunchSpec(faults, $"{path}.launchSpec", aws.LaunchSpec);
        var most = HourlyRate.FromDollars(100_000m);
        foreach (var (key, prices) in new[] { ("prices", aws.Prices), ("spotPrices", aws.SpotPrices) })
        {
            foreach (var (type, rate) in prices)
            {
                faults.Range($"{path}.{key}.{type}", rate, HourlyRate.Free, most, r => r.ToString());
                if (!aws.Types.Contains(type))
                    faults.Add($"{path}.{key}.{type}", $"'{FaultList.Shorten(type)}' is not one of the pool's types.", "Add it to types, or remove the price.");
            }
        }

        faults.Range($"{path}.surcharge", aws.Surcharge, HourlyRate.Free, most, r => r.ToString());
        if (aws.DiskPrice is { } disk)
            faults.Range($"{path}.diskPrice", disk, Money.Zero, Money.FromDollars(100), m => m.ToString());
    }

    private static void CheckPlace(FaultList faults, string path, PoolTemplate.Aws aws)
    {
        var ways = (aws.Zones.Count > 0 ? 1 : 0) + (aws.Subnets.Count > 0 ? 1 : 0) + (aws.Subnet is not null ? 1 : 0);
        if (ways > 1)
            faults.Add($"{path}.{(aws.Subnet is not null ? "subnet" : "subnets")}", "Where to launch is said twice.", "Keep one of zones, subnets and subnet. A subnet belongs to one zone.");
        faults.Count($"{path}.zones", aws.Zones.Count, 20, "zones");
        faults.Count($"{path}.subnets", aws.Subnets.Count, 20, "subnets");
        Twice(faults, $"{path}.zones", aws.Zones);
        foreach (var (zone, subnet) in aws.Subnets)
            CheckId(faults, $"{path}.subnets.{zone}", subnet, "subnet-", "a subnet");
        if (aws.Subnet is { } one)
            CheckId(faults, $"{path}.subnet", one, "subnet-", "a subnet");
    }

    private static void CheckImage(FaultList faults, string path, AwsImage image)
    {
        var ways = new[] { image.Id, image.Name, image.Parameter }.Count(w => w is not null);
        if (ways != 1)
            faults.Add(path, ways == 0 ? "The image is not named." : "The image is named in more than one way.", "Write one of: id: ami-...; owner and name; parameter: /aws/service/....");
        if (image.Id is { } id)
            CheckId(faults, $"{path}.id", id, "ami-", "an image");
        CheckText(faults, $"{path}.owner", image.Owner, "an owner");
        CheckText(faults, $"{path}.name", image.Name, "the name of an image");
        if ((image.Owner is null) != (image.Name is null))
            faults.Add(image.Owner is null ? $"{path}.owner" : $"{path}.name", "The owner and the name of an image belong together: anybody may give an image any name.", "Write both, or name the image by id.");
        if (image.Parameter is { } parameter && !(parameter.StartsWith('/') && IsText(parameter)))
            faults.Add($"{path}.parameter", $"'{FaultList.Shorten(parameter)}' is not a parameter.", "Write its path, such as /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64.");
    }

    private static void CheckDisk(FaultList faults, string path, AwsDisk disk)
    {
        if (!disk.Device.StartsWith('/') && !disk.Device.StartsWith("xvd", StringComparison.Ordinal))
            faults.Add($"{path}.device", $"'{FaultList.Shorten(disk.Device)}' is not a device.", "Write a name such as /dev/sda1.");
        CheckText(faults, $"{path}.device", disk.Device, "a device");
        if (!DiskTypes.Contains(disk.Type))
            faults.Add($"{path}.type", $"'{FaultList.Shorten(disk.Type)}' is not a type of disk.", $"Write one of: {string.Join(", ", DiskTypes)}.");
        if (disk.Size is { } size)
            faults.Range($"{path}.size", size, 1, 65_536);
        if (disk.Iops is { } iops)
            faults.Range($"{path}.iops", iops, 100, 256_000);
        if (disk.Iops is not null && disk.Type is not ("gp3" or "io1" or "io2"))
            faults.Add($"{path}.iops", $"A disk of type {disk.Type} has no iops to choose.", "Remove it, or write type: gp3.");
        if (disk.Iops is null && disk.Type is "io1" or "io2")
            faults.Add($"{path}.iops", $"A disk of type {disk.Type} must have iops.", "Add it, such as iops: 3000.");
        if (disk.Throughput is { } throughput)
            faults.Range($"{path}.throughput", throughput, 125, 2_000);
        if (disk.Throughput is not null && disk.Type != "gp3")
            faults.Add($"{path}.throughput", $"A disk of type {disk.Type} has no throughput to choose.", "Remove it, or write type: gp3.");
        if (disk.Snapshot is { } snapshot)
            CheckId(faults, $"{path}.snapshot", snapshot, "snap-", "a snapshot");
    }

    private static void CheckTags(FaultList faults, string path, PoolTemplate.Aws aws)
    {
        faults.Count($"{path}.tags", aws.Tags.Count, 15, "tags");
        foreach (var (key, value) in aws.Tags)
        {
            if (key.StartsWith("aws:", StringComparison.OrdinalIgnoreCase) || key.StartsWith("controlplane:", StringComparison.OrdinalIgnoreCase))
                faults.Add($"{path}.tags.{key}", "Keys that begin with aws: or controlplane: are taken.", "Give the tag another key.");
            else if (key.Length is 0 or > 128 || value.Length > 256 || key.Any(char.IsControl) || value.Any(char.IsControl))
                faults.Add($"{path}.tags.{FaultList.Shorten(key)}", "This cannot be a tag.", "Write a key of 1 to 128 characters and a value of at most 256.");
        }

        for (var i = 0; i < aws.TagOn.Count; i++)
        {
            if (!Taggable.Contains(aws.TagOn[i]))
                faults.Add($"{path}.tagOn[{i}]", $"'{FaultList.Shorten(aws.TagOn[i])}' cannot be tagged at launch.", $"Write some of: {string.Join(", ", Taggable)}.");
        }
    }

    private static void CheckUserData(FaultList faults, string path, PoolSpec pool, PoolTemplate.Aws aws)
    {
        if (aws.UserData is not { } text)
            return;
        if (pool.Bootstrap is not null)
            faults.Add($"{path}.userData", "The pool has user data of its own and a bootstrap, which writes it.", "Write the script as bootstrap.initScript, or remove bootstrap.");
        if (Encoding.UTF8.GetByteCount(text) > MostUserData)
            faults.Add($"{path}.userData", $"The user data has {Encoding.UTF8.GetByteCount(text):N0} bytes, and EC2 takes {MostUserData:N0}.", "Shorten it, or let it fetch the rest.");
    }

    private static void CheckLaunchSpec(FaultList faults, string path, string? json)
    {
        const string Fix = "Write parameters of RunInstances as a JSON object, such as '{\"Placement\": {\"Tenancy\": \"dedicated\"}}'.";
        if (json is null)
            return;
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                faults.Add(path, "The launch specification is no JSON object.", Fix);
                return;
            }

            foreach (var parameter in document.RootElement.EnumerateObject().Where(p => OwnParameters.Contains(p.Name)))
                faults.Add(path, $"{parameter.Name} is set by ControlPlane: with another value a launch could happen twice, not be found again, or cost more than was set aside.", "Remove it.");
        }
        catch (JsonException fault)
        {
            faults.Add(path, $"The launch specification is no JSON: {fault.Message}", Fix);
        }
    }

    private static void CheckId(FaultList faults, string path, string id, string prefix, string what)
    {
        if (!id.StartsWith(prefix, StringComparison.Ordinal) || id.Length - prefix.Length is < 8 or > 32 || !id[prefix.Length..].All(char.IsAsciiHexDigitLower))
            faults.Add(path, $"'{FaultList.Shorten(id)}' is not the id of {what}.", $"Write it as {prefix}0a1b2c3d4e5f60718.");
    }

    private static void CheckText(FaultList faults, string path, string? text, string what)
    {
        if (text is not null && !IsText(text))
            faults.Add(path, $"'{FaultList.Shorten(text)}' is not {what}.", "Write 1 to 1,024 characters without control characters.");
    }

    private static bool IsText(string text) => text.Length is > 0 and <= MostText && !text.Any(char.IsControl);

    private static void Twice(FaultList faults, string path, IReadOnlyList<string> words)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < words.Count; i++)
        {
            if (!seen.Add(words[i]))
                faults.Add($"{path}[{i}]", $"'{FaultList.Shorten(words[i])}' stands here twice.", "Remove one.");
        }
    }
}
