using System.Globalization;
using System.Text.Json;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Domain.Catalog;

/// <summary>What is declared for AWS, as names and texts. For pools it is part of the digest, so its form never changes: a new property is written only where it differs from its default.</summary>
internal static class AwsDigest
{
    private static readonly PoolTemplate.Aws LeftOut = new() { Types = [], Image = new AwsImage() };

    public static void Write(Utf8JsonWriter json, PoolTemplate.Aws template)
    {
        json.WriteStartObject("aws");
        foreach (var (name, value) in Fields(template))
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
    }

    /// <summary>What differs from the defaults, by the names of the document. Texts are told in full.</summary>
    public static IEnumerable<(string Name, string Value)> Fields(PoolTemplate.Aws template)
    {
        foreach (var ((name, value), (_, leftOut)) in All(template).Zip(All(LeftOut)))
        {
            if (value != leftOut)
            {
                yield return (name, value ?? "");
            }
        }
    }

    /// <summary>All of a connection, by the names of the document.</summary>
    public static IEnumerable<(string Name, string? Value)> Fields(AwsSpec aws) =>
    [
        ("region", aws.Region),
        ("endpoint", aws.Endpoint),
        ("profile", aws.Profile),
        ("accessKey", aws.AccessKey?.Value),
        ("secretKey", aws.SecretKey?.Value),
        ("sessionToken", aws.SessionToken?.Value),
        ("roleArn", aws.RoleArn),
        ("externalId", aws.ExternalId),
        ("webIdentityTokenFile", aws.WebIdentityTokenFile),
        ("priceFactor", aws.PriceFactor?.ToString("R", CultureInfo.InvariantCulture)),
    ];

    private static IEnumerable<(string Name, string? Value)> All(PoolTemplate.Aws template) =>
    [
        ("types", Words(template.Types)),
        ("zones", Words(template.Zones)),
        ("subnets", Map(template.Subnets, s => s)),
        ("subnet", template.Subnet),
        ("market", template.Market switch { AwsMarket.OnDemand => "onDemand", AwsMarket.Spot => "spot", AwsMarket.SpotThenOnDemand => "spotThenOnDemand" }),
        ("order", template.Order switch { AwsOrder.InOrder => "inOrder", AwsOrder.Cheapest => "cheapest" }),
        ("image.id", template.Image.Id),
        ("image.owner", template.Image.Owner),
        ("image.name", template.Image.Name),
        ("image.parameter", template.Image.Parameter),
        ("disks", Words(template.Disks.Select(Disk))),
        ("keyPair", template.KeyPair),
        ("securityGroups", Words(template.SecurityGroups)),
        ("instanceProfile", template.InstanceProfile),
        ("tags", Map(template.Tags, s => s)),
        ("tagOn", Words(template.TagOn)),
        ("launchSpec", template.LaunchSpec),
        ("userData", template.UserData),
        ("prices", Map(template.Prices, Number)),
        ("spotPrices", Map(template.SpotPrices, Number)),
        ("surcharge", Number(template.Surcharge)),
        ("diskPrice", template.DiskPrice?.Micros.ToString(CultureInfo.InvariantCulture)),
    ];

    private static string Disk(AwsDisk disk) => string.Join(
        ' ',
        new[]
        {
            disk.Device, disk.Type, Number("size", disk.Size), Number("iops", disk.Iops), Number("throughput", disk.Throughput),
            disk.Snapshot is { } snapshot ? $"snapshot={snapshot}" : null, disk.Encrypted ? "encrypted" : null,
        }.OfType<string>());

    private static string? Number(string name, int? value) => value is { } known ? string.Create(CultureInfo.InvariantCulture, $"{name}={known}") : null;

    private static string Number(HourlyRate rate) => rate.MicrosPerHour.ToString(CultureInfo.InvariantCulture);

    private static string Words(IEnumerable<string> words) => $"[{string.Join(", ", words)}]";

    private static string Map<T>(IReadOnlyDictionary<string, T> map, Func<T, string> text) =>
        $"{{{string.Join(", ", map.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => $"{e.Key}: {text(e.Value)}"))}}}";
}
