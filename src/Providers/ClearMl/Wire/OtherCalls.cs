namespace ControlPlane.Providers.ClearMl.Wire;

/// <summary>One line of <c>events.add_batch</c>, of type <c>log</c>.</summary>
public sealed record WireLogEvent
{
    public string? Type { get; init; }

    public string? Task { get; init; }

    public string? Worker { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public double? Timestamp { get; init; }

    public string? Level { get; init; }

    /// <summary>Whole lines.</summary>
    public string? Msg { get; init; }

    /// <summary>Our extension: the attempt that wrote it.</summary>
    public int? Attempt { get; init; }

    /// <summary>Our extension: its number within the attempt; a number that is there already is not added again.</summary>
    public long? Sequence { get; init; }
}

/// <summary><see cref="ErrorsInfo"/>: how often each fault occurred.</summary>
public sealed record EventsAddBatchResponse(int Added, int Errors, IReadOnlyDictionary<string, int> ErrorsInfo);

public sealed record AuthLoginResponse(string Token);

public sealed record ServerInfoResponse(string Version, string Build, string ApiVersion);
