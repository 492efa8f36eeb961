using System.Collections.Frozen;
using System.Globalization;

namespace ControlPlane.Providers.Aws;

/// <summary>A machine type of EC2 with its price on demand.</summary>
/// <param name="Name">Such as <c>g5.xlarge</c>.</param>
/// <param name="Cpus">vCPUs.</param>
/// <param name="MemoryMib">Memory in MiB.</param>
/// <param name="Gpus">GPUs.</param>
/// <param name="Architecture"><c>amd64</c> or <c>arm64</c>.</param>
/// <param name="DollarsPerHour">Linux, on demand, in us-east-1.</param>
public sealed record AwsType(string Name, int Cpus, int MemoryMib, int Gpus, string Architecture, decimal DollarsPerHour);

/// <summary>The built-in list of prices (prices.csv, whose first line says of when it is). A pool's own prices come first.</summary>
public static class AwsPrices
{
    /// <summary>The region whose prices they are.</summary>
    public const string Region = "us-east-1";

    /// <summary>When the list was made.</summary>
    public const string AsOf = "July 2026";

    private static readonly Lazy<FrozenDictionary<string, AwsType>> Types = new(Read);

    /// <summary>All types, by name.</summary>
    public static IReadOnlyDictionary<string, AwsType> All => Types.Value;

    /// <summary>The type of that name; null if the list does not have it.</summary>
    public static AwsType? Find(string name) => Types.Value.GetValueOrDefault(name);

    private static FrozenDictionary<string, AwsType> Read()
    {
        using var stream = typeof(AwsPrices).Assembly.GetManifestResourceStream("ControlPlane.Providers.Aws.prices.csv")!;
        using var reader = new StreamReader(stream);
        var types = new List<AwsType>(1_200);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#') || line.Split(',') is not [var name, var cpus, var memory, var gpus, var architecture, var price])
                continue;
            types.Add(new AwsType(name, Number(cpus), Number(memory), Number(gpus), architecture, decimal.Parse(price, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture)));
        }

        return types.ToFrozenDictionary(t => t.Name, StringComparer.Ordinal);
    }

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
