namespace ControlPlane.Simulation.Ec2;

/// <summary>A token bucket's size and refill, for one account and region.</summary>
/// <param name="Size">The most tokens that it holds; it starts full.</param>
/// <param name="RefillPerSecond">Tokens that come back each second.</param>
public sealed record Ec2Limit(double Size, double RefillPerSecond);

/// <summary>
/// The token buckets of an account in a region. Each API has its own [S], with the default sizes [S]; that of the instances of TerminateInstances
/// is [M]. What is refused takes no token.
/// </summary>
public sealed class Ec2Buckets
{
    private static readonly Ec2Limit _describe = new(100, 20);
    private static readonly Ec2Limit _describeAll = new(50, 10);
    private static readonly Ec2Limit _mutate = new(50, 5);

    private static readonly Dictionary<string, Ec2Limit> _requests = new()
    {
        ["RunInstances"] = new(5, 2),
        ["TerminateInstances"] = new(100, 5),
        ["CreateTags"] = new(100, 10),
        ["DescribeSpotPriceHistory"] = new(100, 20),
    };

    private static readonly Dictionary<string, Ec2Limit> _instances = new()
    {
        ["RunInstances"] = new(1000, 2),
        ["TerminateInstances"] = new(1000, 20),
    };

    private readonly Dictionary<string, (double Tokens, DateTimeOffset At)> _levels = [];

    /// <summary>One request's token. An unfiltered and unpaged list has a smaller bucket [S].</summary>
    public bool TakeRequest(string action, bool isFiltered, double scale, DateTimeOffset now) => action switch
    {
        _ when _requests.TryGetValue(action, out var limit) => Take(action, limit, 1, scale, now),
        _ when action.StartsWith("Describe", StringComparison.Ordinal) || action.StartsWith("Get", StringComparison.Ordinal) =>
            isFiltered ? Take(action, _describe, 1, scale, now) : Take(action + "/all", _describeAll, 1, scale, now),
        _ => Take(action, _mutate, 1, scale, now),
    };

    /// <summary>The tokens of the instances that a request wants to start or end.</summary>
    public bool TakeInstances(string action, int count, double scale, DateTimeOffset now) =>
        Take(action + "/instances", _instances[action], count, scale, now);

    /// <summary>Tokens for instances that were asked for but could not be started.</summary>
    public void GiveBackInstances(string action, int count, double scale)
    {
        if (_levels.TryGetValue(action + "/instances", out var level))
            _levels[action + "/instances"] = (Math.Min(level.Tokens + count, _instances[action].Size * scale), level.At);
    }

    private bool Take(string name, Ec2Limit limit, double count, double scale, DateTimeOffset now)
    {
        if (scale == 0)
            return true;
        var (tokens, at) = _levels.GetValueOrDefault(name, (limit.Size * scale, now));
        tokens = Math.Min(limit.Size * scale, tokens + (limit.RefillPerSecond * scale * Math.Max(0, (now - at).TotalSeconds)));
        var suffices = tokens >= count;
        _levels[name] = (suffices ? tokens - count : tokens, now);
        return suffices;
    }
}
