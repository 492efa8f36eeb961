namespace ControlPlane.Simulation.Ec2;

/// <summary>How instances live and end as time goes by.</summary>
public sealed partial class Ec2Region
{
    /// <summary>When the next thing happens by itself; null if nothing will.</summary>
    public DateTimeOffset? NextChange => _live.Select(NextOf).Min();

    /// <summary>Lets happen what is due.</summary>
    public void Advance(DateTimeOffset now)
    {
        foreach (var instance in _live.Where(i => NextOf(i) <= now).OrderBy(NextOf).ThenBy(i => i.Id, StringComparer.Ordinal).ToList())
        {
            while (NextOf(instance) is { } at && at <= now)
                Step(instance, at);
        }
    }

    /// <summary>A spot instance is given notice; after it, it is taken. False if it is none, or already ending.</summary>
    public bool Interrupt(Ec2Instance instance, Ec2EndCause cause, DateTimeOffset now)
    {
        if (!instance.IsSpot || instance.LeftAt is not null || instance.NoticeAt is not null)
            return false;
        (instance.InterruptAt, instance.InterruptionCause) = (now, cause);
        Advance(now);
        return true;
    }

    /// <summary>Sets a spot price. Instances whose limit is lower are given notice [M].</summary>
    public void SetSpotPrice(Ec2Type type, string zone, decimal price, DateTimeOffset now)
    {
        Advance(now);
        Prices.Set(type, zone, price, now);
        foreach (var instance in _live.Where(i => i.Launch.Type.Name == type.Name && i.Subnet.Zone == zone && i.Launch.MaxPrice < price).ToList())
            Interrupt(instance, Ec2EndCause.SpotPrice, now);
    }

    /// <summary>An instance ends at once, without warning: its host died.</summary>
    public bool Crash(Ec2Instance instance, DateTimeOffset now) => End(instance, Ec2EndCause.Platform, now, null, TimeSpan.Zero);

    /// <summary>A guest has ended by itself: its machine shuts down, to be terminated or stopped as its launch said [S].</summary>
    public bool GuestExited(Ec2Instance instance, DateTimeOffset now)
    {
        Advance(now);
        if (instance.LeftAt is not null)
            return false;
        instance.Stops = !instance.Launch.TerminatesOnShutdown;
        return End(instance, Ec2EndCause.Guest, now, null, _settings.Shutdown);
    }

    /// <summary>A person ends an instance in the console.</summary>
    public bool EndByHand(Ec2Instance instance, DateTimeOffset now) => End(instance, Ec2EndCause.User, now, "console", _settings.Shutdown);

    private bool End(Ec2Instance instance, Ec2EndCause cause, DateTimeOffset now, string? by, TimeSpan takes)
    {
        if (instance.LeftAt is not null && !(instance.Stops && cause == Ec2EndCause.User))
            return false;
        // One that had stopped stays unbilled: its end is not moved.
        instance.Stops = instance.Stops && cause == Ec2EndCause.Guest;
        instance.LeftAt ??= now;
        instance.EndedAt = now + takes;
        (instance.Cause, instance.EndedBy) = (cause, by);
        instance.HasEnded = false;
        _live.Add(instance);
        if (instance.HasBooted)
            _orders.Add(new Ec2GuestOrder.Stop(instance));
        return true;
    }

    private static DateTimeOffset? NextOf(Ec2Instance instance)
    {
        var next = instance.HasEnded ? null : instance.EndedAt;
        if (instance.LeftAt is not null)
            return next;
        return Earliest(
            instance.FailsToStart ? instance.RunningAt : null,
            instance.HasBooted ? null : instance.BootsAt,
            instance.NoticeAt is null ? instance.InterruptAt : null,
            instance.InterruptionAt,
            next);
    }

    private static DateTimeOffset? Earliest(params ReadOnlySpan<DateTimeOffset?> times)
    {
        DateTimeOffset? earliest = null;
        foreach (var time in times)
        {
            if (time is not null && !(earliest <= time))
                earliest = time;
        }

        return earliest;
    }

    private void Step(Ec2Instance instance, DateTimeOffset at)
    {
        if (instance.LeftAt is not null)
        {
            instance.HasEnded = true;
            _live.Remove(instance);
            if (instance.HasBooted)
                _orders.Add(new Ec2GuestOrder.Kill(instance));
        }
        else if (instance.FailsToStart && instance.RunningAt == at)
        {
            End(instance, Ec2EndCause.Platform, at, null, TimeSpan.Zero);
        }
        else if (!instance.HasBooted && instance.BootsAt == at)
        {
            instance.HasBooted = true;
            _orders.Add(new Ec2GuestOrder.Start(instance));
        }
        else if (instance.InterruptionAt == at)
        {
            End(instance, instance.InterruptionCause, at, null, _settings.Shutdown);
        }
        else
        {
            instance.NoticeAt = at;
            instance.InterruptionAt = at + _settings.InterruptionNotice;
        }
    }
}
