namespace ControlPlane.Simulation.Ec2;

/// <summary>Who or what ended an instance.</summary>
public enum Ec2EndCause
{
    /// <summary>A call of the API.</summary>
    User,

    /// <summary>Its guest shut itself down.</summary>
    Guest,

    /// <summary>The spot market, for want of capacity.</summary>
    SpotCapacity,

    /// <summary>The spot market, for the price.</summary>
    SpotPrice,

    /// <summary>The platform: it could not be started, or its host died.</summary>
    Platform,
}

/// <summary>A disk of an instance.</summary>
public sealed record Ec2Volume(string Id, string Device, int Gib, string Kind, int? Iops, int? Throughput, bool DeleteOnTermination)
{
    public string? Snapshot { get; init; }

    public bool Encrypted { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();
}

/// <summary>An instance as it truly is. All of its states follow from its times.</summary>
public sealed class Ec2Instance
{
    public required string Id { get; init; }

    public required string Reservation { get; init; }

    /// <summary>Its place in its launch call, from 0.</summary>
    public required int LaunchIndex { get; init; }

    public required Ec2Launch Launch { get; init; }

    public required Ec2Subnet Subnet { get; init; }

    public required DateTimeOffset LaunchedAt { get; init; }

    public required IReadOnlyList<Ec2Volume> Volumes { get; init; }

    public required string Address { get; init; }

    /// <summary>The spot request; null on demand.</summary>
    public string? SpotRequest { get; init; }

    /// <summary>From when on answers show it.</summary>
    public DateTimeOffset VisibleAt { get; init; }

    /// <summary>From when on answers show its tags.</summary>
    public DateTimeOffset TagsVisibleAt { get; init; }

    public DateTimeOffset RunningAt { get; init; }

    /// <summary>When its guest starts; null for never.</summary>
    public DateTimeOffset? BootsAt { get; init; }

    /// <summary>The platform finds at <see cref="RunningAt"/> that it cannot start it.</summary>
    public bool FailsToStart { get; init; }

    public Dictionary<string, string> Tags { get; init; } = [];

    /// <summary>When the notice of its interruption is due; null for never.</summary>
    public DateTimeOffset? InterruptAt { get; set; }

    /// <summary>When the notice was given.</summary>
    public DateTimeOffset? NoticeAt { get; set; }

    /// <summary>When the interruption takes it, once the notice was given.</summary>
    public DateTimeOffset? InterruptionAt { get; set; }

    public Ec2EndCause InterruptionCause { get; set; } = Ec2EndCause.SpotCapacity;

    /// <summary>When it began to end.</summary>
    public DateTimeOffset? LeftAt { get; set; }

    /// <summary>When it is terminated (or stopped); known from <see cref="LeftAt"/> on.</summary>
    public DateTimeOffset? EndedAt { get; set; }

    public Ec2EndCause? Cause { get; set; }

    /// <summary>It ends as stopped, not as terminated.</summary>
    public bool Stops { get; set; }

    /// <summary>The access key that ended it; null if no call did.</summary>
    public string? EndedBy { get; set; }

    /// <summary>Its status checks fail.</summary>
    public bool IsImpaired { get; set; }

    /// <summary>Its guest was started.</summary>
    public bool HasBooted { get; set; }

    /// <summary>The end was told to the guest's keeper.</summary>
    public bool HasEnded { get; set; }

    public bool IsSpot => Launch.IsSpot;

    /// <summary>EC2's name of its state at a time.</summary>
    public string StateAt(DateTimeOffset at) =>
        EndedAt <= at ? Stops ? "stopped" : "terminated"
        : LeftAt <= at ? Stops ? "stopping" : "shutting-down"
        : at < RunningAt ? "pending"
        : "running";

    public bool IsAliveAt(DateTimeOffset at) => !(EndedAt <= at);

    public static int CodeOf(string state) => state switch
    {
        "pending" => 0,
        "running" => 16,
        "shutting-down" => 32,
        "terminated" => 48,
        "stopping" => 64,
        _ => 80,
    };

    /// <summary>The code and sentence of why it ended [M]; null while nothing ended it.</summary>
    public (string Code, string Message)? StateReason => Cause switch
    {
        null => null,
        Ec2EndCause.User => ("Client.UserInitiatedShutdown", "Client.UserInitiatedShutdown: User initiated shutdown"),
        Ec2EndCause.Guest => ("Client.InstanceInitiatedShutdown", "Client.InstanceInitiatedShutdown: Instance initiated shutdown"),
        Ec2EndCause.SpotCapacity or Ec2EndCause.SpotPrice => ("Server.SpotInstanceTermination", "Server.SpotInstanceTermination: Spot instance termination"),
        Ec2EndCause.Platform when FailsToStart && !IsSpot =>
            ("Server.InsufficientInstanceCapacity", "Server.InsufficientInstanceCapacity: There was insufficient capacity available to satisfy the launch request"),
        Ec2EndCause.Platform => ("Server.InternalError", "Server.InternalError: Internal error on launch"),
        _ => null,
    };

    /// <summary>
    /// The billed time as known now: from <c>running</c> to the beginning of its end [M], in whole seconds, at least a minute [S]. What never ran costs
    /// nothing [M].
    /// </summary>
    public TimeSpan BilledUntil(DateTimeOffset now)
    {
        var end = LeftAt is { } left && left < now ? left : now;
        if (end <= RunningAt || FailsToStart)
            return TimeSpan.Zero;
        return TimeSpan.FromSeconds(Math.Max(60, Math.Ceiling((end - RunningAt).TotalSeconds)));
    }
}
