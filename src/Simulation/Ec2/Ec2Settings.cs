namespace ControlPlane.Simulation.Ec2;

/// <summary>A machine image of the emulated region.</summary>
public sealed record Ec2Image(string Id, string Name, string Owner, string Architecture, DateTimeOffset CreatedAt)
{
    /// <summary>The name of the account that shares it, such as <c>amazon</c>; null for an account without one.</summary>
    public string? OwnerAlias { get; init; }

    /// <summary>The size of its root disk in GiB.</summary>
    public int RootGib { get; init; } = 8;
}

/// <summary>A subnet of the emulated region's one network.</summary>
public sealed record Ec2Subnet(string Id, string Zone)
{
    /// <summary>How many addresses it has for instances.</summary>
    public int Addresses { get; init; } = 4091;

    /// <summary>Whether a launch in its zone without a subnet goes there.</summary>
    public bool IsDefault { get; init; } = true;
}

/// <summary>A security group.</summary>
public sealed record Ec2Group(string Id, string Name);

/// <summary>How many instances a kind of launch can have at once. <c>*</c> stands for any.</summary>
public sealed record Ec2Capacity(string Type, string Zone, string Market, int Count)
{
    internal bool Covers(string type, string zone, string market) =>
        (Type == "*" || Type == type) && (Zone == "*" || Zone == zone) && (Market == "*" || Market == market);
}

/// <summary>How an emulated region is: what it has, how fast it is, what it allows. May be exchanged while it runs.</summary>
public sealed record Ec2Settings
{
    public static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public string Region { get; init; } = "us-east-1";

    public string Account { get; init; } = "123456789012";

    public IReadOnlyList<string> Zones { get; init; } = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"];

    /// <summary>All that is drawn is drawn from it.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>From launch to <c>running</c>; not more than <see cref="Boot"/> is of use.</summary>
    public TimeSpan Pending { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From launch to the first instruction of the guest. About 25 s to a host that can be reached [S].</summary>
    public TimeSpan Boot { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>From <c>shutting-down</c> to <c>terminated</c>.</summary>
    public TimeSpan Shutdown { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From the notice of an interruption to the end: two minutes [S].</summary>
    public TimeSpan InterruptionNotice { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long answers show what has terminated: about an hour [M].</summary>
    public TimeSpan TerminatedShown { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long a token is remembered after its instances terminated: at least a day [S].</summary>
    public TimeSpan TokenMemory { get; init; } = TimeSpan.FromHours(24);

    /// <summary>The size of the token buckets, as a factor of the default limits; 0 for none.</summary>
    public double LimitScale { get; init; } = 1;

    /// <summary>How often a spot instance is interrupted in an hour, on average; drawn for each at its launch.</summary>
    public double InterruptionsPerHour { get; init; }

    /// <summary>The vCPUs that may run on demand at once, by class (<c>standard</c>, <c>g</c>, <c>p</c>, <c>x</c> ...); no entry, no limit.</summary>
    public IReadOnlyDictionary<string, int> CpuQuotas { get; init; } = new Dictionary<string, int>();

    /// <summary>The same for spot instances.</summary>
    public IReadOnlyDictionary<string, int> SpotCpuQuotas { get; init; } = new Dictionary<string, int>();

    /// <summary>The instances that may exist at once; null for no limit.</summary>
    public int? InstanceLimit { get; init; }

    /// <summary>Limits of what there is to launch; what none covers is unlimited.</summary>
    public IReadOnlyList<Ec2Capacity> Capacity { get; init; } = [];

    /// <summary>Types that a zone does not have, as <c>type@zone</c>.</summary>
    public IReadOnlyList<string> NotOffered { get; init; } = [];

    /// <summary>Actions that the caller has no permission for.</summary>
    public IReadOnlyList<string> Denied { get; init; } = [];

    /// <summary>The access keys that are accepted; empty for any. Signatures are not verified.</summary>
    public IReadOnlyList<string> AccessKeys { get; init; } = [];

    /// <summary>What AssumeRole must say as external id; null for anything.</summary>
    public string? ExternalId { get; init; }

    public IReadOnlyList<Ec2Type> Types { get; init; } = Ec2Types.All;

    public IReadOnlyList<Ec2Image> Images { get; init; } =
    [
        new("ami-0a1b2c3d4e5f60001", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20260101", "099720109477", "x86_64", Epoch),
        new("ami-0a1b2c3d4e5f60002", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20260601", "099720109477", "x86_64", Epoch.AddMonths(5)),
        new("ami-0a1b2c3d4e5f60003", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-20260601", "099720109477", "arm64", Epoch.AddMonths(5)),
        new("ami-0a1b2c3d4e5f60004", "al2023-ami-2023.7.20260601.0-kernel-6.1-x86_64", "137112412989", "x86_64", Epoch.AddMonths(5)) { OwnerAlias = "amazon" },
        new("ami-0a1b2c3d4e5f60005", "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20260615", "898082745236", "x86_64", Epoch.AddMonths(5).AddDays(14))
        {
            OwnerAlias = "amazon",
            RootGib = 65,
        },
    ];

    /// <summary>Public parameters that name images: <c>resolve:ssm:NAME</c> in a launch, GetParameter of Systems Manager.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>
    {
        ["/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"] = "ami-0a1b2c3d4e5f60004",
        ["/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id"] = "ami-0a1b2c3d4e5f60002",
        ["/aws/service/canonical/ubuntu/server/22.04/stable/current/arm64/hvm/ebs-gp2/ami-id"] = "ami-0a1b2c3d4e5f60003",
        ["/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id"] = "ami-0a1b2c3d4e5f60005",
    };

    public string Network { get; init; } = "vpc-0e0e0e0e0e0e0e001";

    public IReadOnlyList<Ec2Subnet> Subnets { get; init; } =
    [
        new("subnet-0e0e0e0e0e0e0e00a", "us-east-1a"),
        new("subnet-0e0e0e0e0e0e0e00b", "us-east-1b"),
        new("subnet-0e0e0e0e0e0e0e00c", "us-east-1c"),
        new("subnet-0e0e0e0e0e0e0e00d", "us-east-1d"),
    ];

    /// <summary>The group named <c>default</c> is taken where a launch names none.</summary>
    public IReadOnlyList<Ec2Group> Groups { get; init; } = [new("sg-0e0e0e0e0e0e0e001", "default"), new("sg-0e0e0e0e0e0e0e002", "workers")];

    public IReadOnlyList<string> Keys { get; init; } = ["workers"];

    /// <summary>The names of instance profiles.</summary>
    public IReadOnlyList<string> Profiles { get; init; } = ["workers"];

    /// <summary>Shortens the times of machines (not of bills, tokens or what is shown) by a factor.</summary>
    public Ec2Settings Faster(double speed) => this with
    {
        Pending = Pending / speed,
        Boot = Boot / speed,
        Shutdown = Shutdown / speed,
        InterruptionNotice = InterruptionNotice / speed,
    };

    /// <summary>What is wrong, a sentence each, by the name of the setting.</summary>
    public IEnumerable<string> Faults()
    {
        foreach (var (name, value) in new[]
        {
            (nameof(Pending), Pending), (nameof(Boot), Boot), (nameof(Shutdown), Shutdown), (nameof(InterruptionNotice), InterruptionNotice),
            (nameof(TerminatedShown), TerminatedShown), (nameof(TokenMemory), TokenMemory),
        })
        {
            if (value < TimeSpan.Zero || value > TimeSpan.FromDays(30))
                yield return $"{name} is {value}; write 0 to 30 days.";
        }

        if (LimitScale is < 0 or > 1e6 or double.NaN)
            yield return $"{nameof(LimitScale)} is {LimitScale}; write 0 (no limits) to 1000000.";
        if (InterruptionsPerHour is < 0 or > 1e6 or double.NaN)
            yield return $"{nameof(InterruptionsPerHour)} is {InterruptionsPerHour}; write 0 to 1000000.";
        if (Zones.Count == 0)
            yield return $"{nameof(Zones)} is empty; name at least one zone.";
        foreach (var zone in Zones.Where(z => Subnets.All(s => s.Zone != z || !s.IsDefault)))
            yield return $"{nameof(Subnets)} has no default subnet in zone {zone}; add one.";
        foreach (var market in Capacity.Select(c => c.Market).Where(m => m is not ("*" or "spot" or "on-demand")))
            yield return $"{nameof(Capacity)} names the market '{market}'; write spot, on-demand or *.";
        if (Groups.All(g => g.Name != "default"))
            yield return $"{nameof(Groups)} has no group named default; add one.";
    }

    internal bool Offers(string type, string zone) => !NotOffered.Contains($"{type}@{zone}");
}
