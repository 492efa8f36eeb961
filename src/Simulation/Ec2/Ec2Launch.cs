namespace ControlPlane.Simulation.Ec2;

/// <summary>A launch as it was asked for, once understood.</summary>
public sealed record Ec2Launch
{
    public required Ec2Type Type { get; init; }

    public required Ec2Image Image { get; init; }

    public required string Zone { get; init; }

    public required bool IsSpot { get; init; }

    /// <summary>The most that a spot instance may cost, US dollars an hour; the on-demand price if the call said nothing [M].</summary>
    public required decimal MaxPrice { get; init; }

    /// <summary>Empty if the call had none.</summary>
    public required string Token { get; init; }

    /// <summary>The access key that called.</summary>
    public required string Caller { get; init; }

    public string? Key { get; init; }

    public IReadOnlyList<Ec2Group> Groups { get; init; } = [];

    public string? Profile { get; init; }

    /// <summary>As it was sent: base64.</summary>
    public string? UserData { get; init; }

    /// <summary>A shutdown from within ends it; otherwise it only stops [S].</summary>
    public bool TerminatesOnShutdown { get; init; }

    /// <summary>The guest needs a session token for its metadata.</summary>
    public bool RequiresMetadataToken { get; init; }

    /// <summary>The guest can read its tags.</summary>
    public bool ShowsTagsToGuest { get; init; }

    public int MetadataHops { get; init; } = 1;

    public bool IsEbsOptimized { get; init; }

    public bool IsMonitored { get; init; }

    public string Market => IsSpot ? "spot" : "on-demand";

    public IReadOnlyDictionary<string, string> VolumeTags { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> SpotTags { get; init; } = new Dictionary<string, string>();
}
