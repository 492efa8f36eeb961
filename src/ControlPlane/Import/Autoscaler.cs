namespace ControlPlane.Import;

/// <summary>The cloud that a ClearML autoscaler launches on.</summary>
internal enum AutoscalerCloud
{
    Aws,
    Gcp,
}

/// <summary>What a file of one of ClearML's autoscalers says, whichever wrote it.</summary>
internal sealed record Autoscaler
{
    public required AutoscalerCloud Cloud { get; init; }

    /// <summary>AWS: the region. Null: the file names none.</summary>
    public string? Region { get; init; }

    /// <summary>The file holds credentials of the cloud.</summary>
    public bool HasCloudKey { get; init; }

    /// <summary>A session token is among them.</summary>
    public bool HasCloudToken { get; init; }

    /// <summary>The cloud's credentials come from the machine or the environment.</summary>
    public bool UsesChain { get; init; }

    /// <summary>GCP: the project and zone.</summary>
    public string? Project { get; init; }

    public string? Zone { get; init; }

    public string? GitUser { get; init; }

    public bool HasGitToken { get; init; }

    public string? DockerImage { get; init; }

    /// <summary>What follows the image's name: arguments of docker.</summary>
    public IReadOnlyList<string> DockerArguments { get; init; } = [];

    public decimal? IdleMinutes { get; init; }

    public decimal? BootMinutes { get; init; }

    public decimal? PollMinutes { get; init; }

    public string? WorkersPrefix { get; init; }

    public string? InstanceProfile { get; init; }

    public bool SkipBashrc { get; init; }

    public string? InitScript { get; init; }

    public string? ClearMlConf { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>A launch specification for all resources, as JSON.</summary>
    public string? LaunchSpec { get; init; }

    public required IReadOnlyList<AutoscalerResource> Resources { get; init; }

    /// <summary>Queues in their order, each with its resources and their maxima.</summary>
    public required IReadOnlyList<AutoscalerQueue> Queues { get; init; }

    /// <summary>Keys that nothing is made of, and why.</summary>
    public required IReadOnlyList<string> NoCounterpart { get; init; }
}

/// <summary>A queue and what it may launch, in this order.</summary>
internal sealed record AutoscalerQueue(string Name, IReadOnlyList<(string Resource, int Max)> Resources);

/// <summary>A resource: a template of machines.</summary>
internal sealed record AutoscalerResource(string Name)
{
    public string? Type { get; init; }

    public bool Spot { get; init; }

    public bool FallsBack { get; init; }

    public decimal? FallbackMinutes { get; init; }

    public decimal? BlackoutMinutes { get; init; }

    public IReadOnlyList<string> Zones { get; init; } = [];

    public IReadOnlyList<string> Subnets { get; init; } = [];

    public string? Image { get; init; }

    public string? DiskDevice { get; init; }

    public int? DiskSize { get; init; }

    public string? DiskType { get; init; }

    public string? DiskSnapshot { get; init; }

    public string? KeyPair { get; init; }

    public IReadOnlyList<string> SecurityGroups { get; init; } = [];

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<string> TagOn { get; init; } = [];

    public bool CpuOnly { get; init; }

    public bool Monitored { get; init; }

    /// <summary>More of the launch call, as JSON.</summary>
    public string? LaunchSpec { get; init; }
}
