using System.Text.Json.Serialization;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Domain.Pools;

/// <summary>On which markets a pool buys.</summary>
public enum AwsMarket
{
    OnDemand,
    Spot,

    /// <summary>Spot offers first, offers on demand behind them.</summary>
    SpotThenOnDemand,
}

/// <summary>In which order a pool's offers are tried.</summary>
public enum AwsOrder
{
    /// <summary>Types as they are written, each in all its zones.</summary>
    InOrder,

    /// <summary>By price; at the same price as they are written. Spot offers stay before those on demand.</summary>
    Cheapest,
}

/// <summary>How a machine image is named: exactly one way.</summary>
public sealed record AwsImage
{
    /// <summary>Its id, <c>ami-...</c>.</summary>
    public string? Id { get; init; }

    /// <summary>The owner for <see cref="Name"/>: an account's number, or <c>amazon</c>, <c>self</c>, <c>aws-marketplace</c>.</summary>
    public string? Owner { get; init; }

    /// <summary>A name with <c>*</c> and <c>?</c>; of several images the newest is taken.</summary>
    public string? Name { get; init; }

    /// <summary>A public parameter of Systems Manager that holds the id, such as <c>/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64</c>.</summary>
    public string? Parameter { get; init; }
}

/// <summary>A disk of a machine. It is deleted with the machine.</summary>
/// <param name="Device">Such as <c>/dev/sda1</c>: the image's root device, or another name for another disk.</param>
public sealed record AwsDisk(string Device)
{
    /// <summary>GiB, 1 to 65,536; null for the size of the image or snapshot.</summary>
    public int? Size { get; init; }

    /// <summary><c>gp2</c>, <c>gp3</c>, <c>io1</c>, <c>io2</c>, <c>st1</c>, <c>sc1</c> or <c>standard</c>.</summary>
    public string Type { get; init; } = "gp3";

    /// <summary>I/O operations a second, 100 to 256,000; null for the type's own. io1 and io2 must have it.</summary>
    public int? Iops { get; init; }

    /// <summary>MiB a second, 125 to 2,000; null for the type's own. gp3 only.</summary>
    public int? Throughput { get; init; }

    /// <summary>The snapshot that it begins as, <c>snap-...</c>; null for none.</summary>
    public string? Snapshot { get; init; }

    /// <summary>It is encrypted with the account's key for EBS.</summary>
    public bool Encrypted { get; init; }
}

public abstract partial record PoolTemplate
{
    /// <summary>
    /// A machine of EC2. The pool's offers are made of <see cref="Types"/>, zones and <see cref="Market"/>, with the prices that held when the document was read.
    /// </summary>
    public sealed record Aws : PoolTemplate
    {
        /// <summary>Machine types, 1 to 50.</summary>
        public required IReadOnlyList<string> Types { get; init; }

        /// <summary>Availability zones; empty together with <see cref="Subnets"/>: EC2 chooses. At most 20.</summary>
        public IReadOnlyList<string> Zones { get; init; } = [];

        /// <summary>Subnets by their zone, instead of <see cref="Zones"/>. At most 20.</summary>
        public IReadOnlyDictionary<string, string> Subnets { get; init; } = new Dictionary<string, string>();

        /// <summary>The one subnet, where nobody cares for its zone; null for none.</summary>
        public string? Subnet { get; init; }

        public AwsMarket Market { get; init; } = AwsMarket.OnDemand;

        public AwsOrder Order { get; init; } = AwsOrder.InOrder;

        public required AwsImage Image { get; init; }

        /// <summary>At most 20.</summary>
        public IReadOnlyList<AwsDisk> Disks { get; init; } = [];

        /// <summary>The name of a key pair; null for none.</summary>
        public string? KeyPair { get; init; }

        /// <summary>Ids <c>sg-...</c> or names; empty for the network's default group. At most 16.</summary>
        public IReadOnlyList<string> SecurityGroups { get; init; } = [];

        /// <summary>The name or ARN of the instance profile that the machines get; null for none.</summary>
        public string? InstanceProfile { get; init; }

        /// <summary>Tags of one's own, at most 15. Keys that begin with <c>aws:</c> or <c>controlplane:</c> are taken.</summary>
        public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

        /// <summary>Which resources get <see cref="Tags"/>: of <c>instance</c>, <c>volume</c>, <c>spot-instances-request</c>. Empty: all.</summary>
        public IReadOnlyList<string> TagOn { get; init; } = [];

        /// <summary>Parameters of RunInstances as a JSON object, laid over all others; null for none.</summary>
        public string? LaunchSpec { get; init; }

        /// <summary>User data as it is, instead of a bootstrap; null for none. At most 16 KiB.</summary>
        public string? UserData { get; init; }

        /// <summary>Prices on demand by type, instead of the built-in list.</summary>
        public IReadOnlyDictionary<string, HourlyRate> Prices { get; init; } = new Dictionary<string, HourlyRate>();

        /// <summary>Expected spot prices by type; where there is none the price on demand is expected.</summary>
        public IReadOnlyDictionary<string, HourlyRate> SpotPrices { get; init; } = new Dictionary<string, HourlyRate>();

        /// <summary>Added to each offer's prices.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public HourlyRate Surcharge { get; init; }

        /// <summary>What a GiB of <see cref="Disks"/> costs a month of 730 h; added to each offer's prices. Null: disks are not counted.</summary>
        public Money? DiskPrice { get; init; }
    }
}
