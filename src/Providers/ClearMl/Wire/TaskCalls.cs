using System.Text.Json;
using System.Text.Json.Serialization;

namespace ControlPlane.Providers.ClearMl.Wire;

/// <summary>Any call on one task. Which members count depends on the call.</summary>
public sealed record TaskRequest
{
    public string? Task { get; init; }

    public bool Force { get; init; }

    public string? StatusReason { get; init; }

    public string? StatusMessage { get; init; }

    /// <summary>For <c>enqueue</c>: the queue's id.</summary>
    public string? Queue { get; init; }

    /// <summary>For <c>enqueue</c>: the queue's name; it is created if it does not exist.</summary>
    public string? QueueName { get; init; }

    /// <summary>Our extension: who speaks. The header <c>X-ControlPlane-Worker</c> says the same.</summary>
    public string? Worker { get; init; }

    /// <summary>Our extension: the attempt that is spoken of.</summary>
    public int? Attempt { get; init; }

    /// <summary>Our extension, for <c>completed</c>, <c>failed</c> and <c>stopped</c>.</summary>
    public int? ExitCode { get; init; }
}

public sealed record TasksGetAllRequest
{
    [JsonConverter(typeof(OneOrManyConverter))]
    public IReadOnlyList<string>? Id { get; init; }

    [JsonConverter(typeof(OneOrManyConverter))]
    public IReadOnlyList<string>? Status { get; init; }

    /// <summary>Times with <c>&gt;=</c> or <c>&gt;</c> before them.</summary>
    [JsonConverter(typeof(OneOrManyConverter))]
    public IReadOnlyList<string>? StatusChanged { get; init; }

    /// <summary>Tasks in which all of the fields match the pattern: <c>last_worker</c>, <c>comment</c>, <c>name</c> or <c>id</c>.</summary>
    [JsonPropertyName("_all_")]
    public FieldPattern? All { get; init; }

    public int? Page { get; init; }

    public int? PageSize { get; init; }

    public int? Size { get; init; }

    public string? ScrollId { get; init; }

    public IReadOnlyList<string>? OnlyFields { get; init; }
}

/// <summary><c>tasks.update</c>: of the fields that ClearML lets change, the comment is kept.</summary>
public sealed record TaskEditRequest
{
    public string? Task { get; init; }

    public string? Comment { get; init; }
}

public sealed record TasksGetAllResponse(IReadOnlyList<WireTask> Tasks);

public sealed record TaskResponse(WireTask Task);

/// <summary>A task as ClearML shows it. What our worker runs stands in the configuration item <see cref="WireCommand.Item"/>.</summary>
public sealed record WireTask
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public string Type { get; init; } = "custom";

    /// <summary><c>created</c>, <c>queued</c>, <c>in_progress</c>, <c>stopped</c>, <c>completed</c> or <c>failed</c>.</summary>
    public required string Status { get; init; }

    public string? StatusReason { get; init; }

    public string? StatusMessage { get; init; }

    public string? LastWorker { get; init; }

    public DateTimeOffset? Created { get; init; }

    public DateTimeOffset? StatusChanged { get; init; }

    public DateTimeOffset? Started { get; init; }

    public DateTimeOffset? Completed { get; init; }

    public WireExecution? Execution { get; init; }

    public IReadOnlyDictionary<string, WireConfigurationItem>? Configuration { get; init; }

    public JsonElement? Hyperparams { get; init; }

    public JsonElement? Script { get; init; }

    public JsonElement? Container { get; init; }

    public IReadOnlyList<string>? Tags { get; init; }

    public string? Comment { get; init; }

    public string? Project { get; init; }
}

/// <summary><see cref="Queue"/> is the id of the queue that the task waits in, or came from.</summary>
public sealed record WireExecution(string? Queue);

/// <summary>ClearML's free-form configuration item: <see cref="Value"/> is a text, here JSON.</summary>
public sealed record WireConfigurationItem
{
    public string? Name { get; init; }

    public string? Type { get; init; }

    public string? Value { get; init; }
}

/// <summary>The value of the configuration item that says what our worker runs. Its members are in camel case, they are ours.</summary>
public sealed record WireCommand
{
    /// <summary>The name of the configuration item.</summary>
    public const string Item = "controlplane";

    /// <summary>Program and arguments.</summary>
    [JsonPropertyName("command")]
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Instead of <see cref="Command"/>, in <c>tasks.create</c> only: a line for <c>/bin/sh</c>.</summary>
    [JsonPropertyName("shell")]
    public string? Shell { get; init; }

    [JsonPropertyName("environment")]
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    [JsonPropertyName("priority")]
    public int? Priority { get; init; }

    /// <summary>Only in answers: the attempt that the reader of the answer makes.</summary>
    [JsonPropertyName("attempt")]
    public int? Attempt { get; init; }

    [JsonPropertyName("maxAttempts")]
    public int? MaxAttempts { get; init; }
}

/// <summary><c>tasks.create</c>. Members that we do not run ourselves are kept and shown again.</summary>
public sealed record TaskCreateRequest
{
    public string? Name { get; init; }

    public string? Type { get; init; }

    public IReadOnlyDictionary<string, WireConfigurationItem>? Configuration { get; init; }

    public JsonElement? Hyperparams { get; init; }

    public JsonElement? Script { get; init; }

    public JsonElement? Container { get; init; }

    public IReadOnlyList<string>? Tags { get; init; }

    public string? Comment { get; init; }

    public string? Project { get; init; }
}

/// <summary>The answer to calls that change a task. The counts that a call does not know are absent.</summary>
public sealed record TaskUpdateResponse
{
    /// <summary>0 if it was so already.</summary>
    public int Updated { get; init; }

    public int? Queued { get; init; }

    public int? Dequeued { get; init; }

    public int? Started { get; init; }

    public WireTaskFields? Fields { get; init; }
}

public sealed record WireTaskFields(string Status, string? StatusReason);

public sealed record TaskPingResponse
{
    /// <summary>Our extension, absent where false: the task was cancelled or taken away, end its command.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Cancelled { get; init; }
}
