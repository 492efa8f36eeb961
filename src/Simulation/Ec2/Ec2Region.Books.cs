namespace ControlPlane.Simulation.Ec2;

/// <summary>What the emulator's own book says of one instance, whatever answers showed. Tests hold the product's ledger against it.</summary>
public sealed record Ec2LogEntry
{
    public required string Id { get; init; }

    public required string Reservation { get; init; }

    public required int LaunchIndex { get; init; }

    /// <summary>The token of its launch; empty if it had none.</summary>
    public required string Token { get; init; }

    /// <summary>The access key that launched it.</summary>
    public required string Caller { get; init; }

    public required string Type { get; init; }

    public required string Zone { get; init; }

    /// <summary><c>spot</c> or <c>on-demand</c>.</summary>
    public required string Market { get; init; }

    public required string? SpotRequest { get; init; }

    /// <summary>The most that it may cost, US dollars an hour.</summary>
    public required decimal MaxPrice { get; init; }

    public required string State { get; init; }

    public required DateTimeOffset LaunchedAt { get; init; }

    public required DateTimeOffset VisibleAt { get; init; }

    public required DateTimeOffset RunningAt { get; init; }

    /// <summary>When its guest starts; null for never.</summary>
    public required DateTimeOffset? BootsAt { get; init; }

    public required bool HasBooted { get; init; }

    /// <summary>When it was given notice of an interruption.</summary>
    public required DateTimeOffset? NoticeAt { get; init; }

    /// <summary>When its end began: from here on nothing is billed.</summary>
    public required DateTimeOffset? LeftAt { get; init; }

    public required DateTimeOffset? EndedAt { get; init; }

    /// <summary>Who or what ended it: the words of <see cref="Ec2EndCause"/>; null while it lives.</summary>
    public required string? Cause { get; init; }

    /// <summary>The access key that ended it, or <c>console</c>; null if no person did.</summary>
    public required string? EndedBy { get; init; }

    public required IReadOnlyDictionary<string, string> Tags { get; init; }

    public required long BilledSeconds { get; init; }

    /// <summary>US dollars as known now.</summary>
    public required decimal Cost { get; init; }
}

/// <summary>The bill of all that ran, as known at a time.</summary>
/// <param name="At">The time.</param>
/// <param name="Total">US dollars.</param>
/// <param name="OnDemand">Of it, on demand.</param>
/// <param name="Spot">Of it, spot.</param>
/// <param name="BilledSeconds">Instance seconds.</param>
public sealed record Ec2Bill(DateTimeOffset At, decimal Total, decimal OnDemand, decimal Spot, long BilledSeconds);

/// <summary>The emulator's own book.</summary>
public sealed partial class Ec2Region
{
    /// <summary>Every instance that ever was.</summary>
    public IReadOnlyList<Ec2LogEntry> LogAt(DateTimeOffset now)
    {
        Advance(now);
        return [.. _instances.Select(i => EntryOf(i, now))];
    }

    public Ec2Bill BillAt(DateTimeOffset now)
    {
        var log = LogAt(now);
        var spot = log.Where(e => e.Market == "spot").Sum(e => e.Cost);
        var onDemand = log.Where(e => e.Market != "spot").Sum(e => e.Cost);
        return new Ec2Bill(now, spot + onDemand, onDemand, spot, log.Sum(e => e.BilledSeconds));
    }

    private Ec2LogEntry EntryOf(Ec2Instance i, DateTimeOffset now)
    {
        var billed = i.BilledUntil(now);
        return new Ec2LogEntry
        {
            Id = i.Id,
            Reservation = i.Reservation,
            LaunchIndex = i.LaunchIndex,
            Token = i.Launch.Token,
            Caller = i.Launch.Caller,
            Type = i.Launch.Type.Name,
            Zone = i.Subnet.Zone,
            Market = i.Launch.Market,
            SpotRequest = i.SpotRequest,
            MaxPrice = i.Launch.MaxPrice,
            State = i.StateAt(now),
            LaunchedAt = i.LaunchedAt,
            VisibleAt = i.VisibleAt,
            RunningAt = i.RunningAt,
            BootsAt = i.BootsAt,
            HasBooted = i.HasBooted,
            NoticeAt = i.NoticeAt,
            LeftAt = i.LeftAt,
            EndedAt = i.EndedAt <= now ? i.EndedAt : null,
            Cause = i.Cause?.ToString(),
            EndedBy = i.EndedBy,
            Tags = new Dictionary<string, string>(i.Tags),
            BilledSeconds = (long)billed.TotalSeconds,
            Cost = i.IsSpot
                ? Prices.CostOfSpot(i.Launch.Type, i.Subnet.Zone, i.RunningAt, i.RunningAt + billed)
                : Ec2Prices.Cost(i.Launch.Type.HourlyPrice, billed),
        };
    }
}
