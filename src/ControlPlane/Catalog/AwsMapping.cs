using System.Text.Json;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Secrets;

namespace ControlPlane.Catalog;

/// <summary>AWS in the document: shape to specification and back.</summary>
internal static class AwsMapping
{
    public static readonly TimeSpan MinimumBilling = TimeSpan.FromSeconds(60);

    /// <summary>A provider of this kind, and what is left out for it: EC2's lists may be stale for minutes, and its limits are low.</summary>
    public static readonly ProviderSpec Defaults = new("", "aws", TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(1), 2, 5);

    public static AwsSpec Map(AwsProviderShape shape) => new(shape.Region ?? "")
    {
        Endpoint = shape.Endpoint,
        Profile = shape.Profile,
        AccessKey = Secret(shape.AccessKey),
        SecretKey = Secret(shape.SecretKey),
        SessionToken = Secret(shape.SessionToken),
        RoleArn = shape.RoleArn,
        ExternalId = shape.ExternalId,
        WebIdentityTokenFile = shape.WebIdentityTokenFile,
        PriceFactor = shape.PriceFactor,
    };

    public static AwsProviderShape Unmap(AwsSpec spec) => new()
    {
        Region = spec.Region,
        Endpoint = spec.Endpoint,
        Profile = spec.Profile,
        AccessKey = spec.AccessKey?.Value,
        SecretKey = spec.SecretKey?.Value,
        SessionToken = spec.SessionToken?.Value,
        RoleArn = spec.RoleArn,
        ExternalId = spec.ExternalId,
        WebIdentityTokenFile = spec.WebIdentityTokenFile,
        PriceFactor = spec.PriceFactor,
    };

    /// <param name="shape">As it stands in the document; the binder has let only known words through.</param>
    /// <param name="path">Where it stands.</param>
    /// <param name="rate">Reads an amount an hour at a path, and notes a fault.</param>
    public static PoolTemplate.Aws Map(AwsPoolShape shape, string path, Func<string?, string, HourlyRate> rate)
    {
        var leftOut = new PoolTemplate.Aws { Types = [], Image = new AwsImage() };
        var image = shape.Image ?? new AwsImageShape();
        return new PoolTemplate.Aws
        {
            Types = shape.Types ?? [],
            Zones = shape.Zones ?? [],
            Subnets = shape.Subnets ?? [],
            Subnet = shape.Subnet,
            Market = shape.Market is null ? leftOut.Market : Enum.Parse<AwsMarket>(shape.Market, ignoreCase: true),
            Order = shape.Order is null ? leftOut.Order : Enum.Parse<AwsOrder>(shape.Order, ignoreCase: true),
            Image = new AwsImage { Id = image.Id, Owner = image.Owner, Name = image.Name, Parameter = image.Parameter },
            Disks = [.. (shape.Disks ?? []).Select(Disk)],
            KeyPair = shape.KeyPair,
            SecurityGroups = shape.SecurityGroups ?? [],
            InstanceProfile = shape.InstanceProfile,
            Tags = shape.Tags ?? [],
            TagOn = shape.TagOn ?? [],
            LaunchSpec = shape.LaunchSpec,
            UserData = shape.UserData,
            Prices = Rates(shape.Prices, $"{path}.prices"),
            SpotPrices = Rates(shape.SpotPrices, $"{path}.spotPrices"),
            Surcharge = rate(shape.Surcharge, $"{path}.surcharge"),
            DiskPrice = shape.DiskPrice is null ? null : Money.FromDollars(rate(shape.DiskPrice, $"{path}.diskPrice").DollarsPerHour),
        };

        Dictionary<string, HourlyRate> Rates(Dictionary<string, string>? texts, string at) =>
            (texts ?? []).ToDictionary(t => t.Key, t => rate(t.Value, $"{at}.{t.Key}"), StringComparer.Ordinal);
    }

    public static AwsPoolShape Unmap(PoolTemplate.Aws spec) => new()
    {
        Types = [.. spec.Types],
        Zones = List(spec.Zones),
        Subnets = Map(spec.Subnets, s => s),
        Subnet = spec.Subnet,
        Market = Word(spec.Market),
        Order = Word(spec.Order),
        Image = new AwsImageShape { Id = spec.Image.Id, Owner = spec.Image.Owner, Name = spec.Image.Name, Parameter = spec.Image.Parameter },
        Disks = spec.Disks.Count == 0 ? null : [.. spec.Disks.Select(Disk)],
        KeyPair = spec.KeyPair,
        SecurityGroups = List(spec.SecurityGroups),
        InstanceProfile = spec.InstanceProfile,
        Tags = Map(spec.Tags, s => s),
        TagOn = List(spec.TagOn),
        LaunchSpec = spec.LaunchSpec,
        UserData = spec.UserData,
        Prices = Map(spec.Prices, r => MoneyText.Format(r.DollarsPerHour)),
        SpotPrices = Map(spec.SpotPrices, r => MoneyText.Format(r.DollarsPerHour)),
        Surcharge = MoneyText.Format(spec.Surcharge.DollarsPerHour),
        DiskPrice = spec.DiskPrice is { } price ? MoneyText.Format(price.Dollars) : null,
    };

    private static AwsDisk Disk(AwsDiskShape shape) => new(shape.Device ?? "/dev/sda1")
    {
        Size = shape.Size,
        Type = shape.Type ?? "gp3",
        Iops = shape.Iops,
        Throughput = shape.Throughput,
        Snapshot = shape.Snapshot,
        Encrypted = shape.Encrypted ?? false,
    };

    private static AwsDiskShape Disk(AwsDisk disk) => new()
    {
        Device = disk.Device,
        Size = disk.Size,
        Type = disk.Type,
        Iops = disk.Iops,
        Throughput = disk.Throughput,
        Snapshot = disk.Snapshot,
        Encrypted = disk.Encrypted,
    };

    /// <summary>What is no reference is found by the rules, which name its place.</summary>
    private static SecretReference? Secret(string? text) => text is null ? null : new SecretReference(text);

    private static List<string>? List(IReadOnlyList<string> words) => words.Count == 0 ? null : [.. words];

    private static Dictionary<string, string>? Map<T>(IReadOnlyDictionary<string, T> map, Func<T, string> text) =>
        map.Count == 0 ? null : map.OrderBy(e => e.Key, StringComparer.Ordinal).ToDictionary(e => e.Key, e => text(e.Value), StringComparer.Ordinal);

    private static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
