using System.Text.Json;

namespace ControlPlane.Providers.ClearMl.Wire;

/// <summary>ClearML's envelope around every answer. The HTTP status is the result code.</summary>
public sealed record ClearMlEnvelope(ClearMlMeta Meta, JsonElement Data);

/// <summary>What an answer says about itself.</summary>
public sealed record ClearMlMeta
{
    public required string Id { get; init; }

    /// <summary>The transaction; the same as <see cref="Id"/> where a request stands alone.</summary>
    public required string Trx { get; init; }

    public required ClearMlEndpointName Endpoint { get; init; }

    /// <summary>200, or the class of the error, as in HTTP.</summary>
    public required int ResultCode { get; init; }

    /// <summary>The error within its class, see <see cref="ClearMlError"/>; 0 without one.</summary>
    public int ResultSubcode { get; init; }

    public string ResultMsg { get; init; } = "OK";

    public string ErrorStack { get; init; } = "";
}

/// <summary>Which call was answered. Versions are numbers such as 2.3, as the server that is imitated writes them.</summary>
public sealed record ClearMlEndpointName(string Name, double RequestedVersion, double ActualVersion);

/// <summary>The errors of ClearML's API that we use: code and subcode.</summary>
public sealed record ClearMlError(int Code, int Subcode)
{
    public static ClearMlError BadRequest { get; } = new(400, 0);

    public static ClearMlError ValidationError { get; } = new(400, 12);

    public static ClearMlError BatchContainsNoItems { get; } = new(400, 17);

    public static ClearMlError InvalidRegex { get; } = new(400, 21);

    public static ClearMlError InvalidTaskId { get; } = new(400, 101);

    public static ClearMlError InvalidTaskStatus { get; } = new(400, 110);

    public static ClearMlError MissingTaskFields { get; } = new(400, 122);

    public static ClearMlError InvalidQueueId { get; } = new(400, 701);

    public static ClearMlError TaskNotQueued { get; } = new(400, 703);

    public static ClearMlError TaskAlreadyQueued { get; } = new(400, 706);

    public static ClearMlError ExpectedUniqueData { get; } = new(400, 801);

    public static ClearMlError WorkerNotRegistered { get; } = new(400, 1004);

    public static ClearMlError InvalidScrollId { get; } = new(400, 1104);

    public static ClearMlError Unauthorized { get; } = new(401, 0);

    public static ClearMlError Forbidden { get; } = new(403, 0);

    public static ClearMlError TooLarge { get; } = new(413, 0);

    public static ClearMlError DataError { get; } = new(500, 0);
}

/// <summary>An answer without contents.</summary>
public sealed record ClearMlNothing;
