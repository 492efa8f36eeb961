using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ControlPlane.Providers.ClearMl.Wire;

/// <summary>An answer as a client reads it: what it does not need is passed over.</summary>
public sealed record AnswerEnvelope(AnswerMeta? Meta, JsonElement Data);

/// <summary>What an answer says about itself.</summary>
public sealed record AnswerMeta
{
    public int ResultCode { get; init; }

    public int ResultSubcode { get; init; }

    public string? ResultMsg { get; init; }
}

/// <summary>What is asked of <c>queues.get_all</c> in an observation.</summary>
public sealed record QueuePageRequest
{
    public string? Name { get; init; }

    public IReadOnlyList<string>? Id { get; init; }

    public required IReadOnlyList<string> OnlyFields { get; init; }

    public IReadOnlyList<string>? OrderBy { get; init; }

    public required int Page { get; init; }

    public required int PageSize { get; init; }

    /// <summary>From version 2.21 on: queues that ClearML's UI hides are shown too.</summary>
    public bool? SearchHidden { get; init; }
}

public sealed record QueuePage(IReadOnlyList<QueueRow>? Queues);

public sealed record QueueRow(string? Id, string? Name, IReadOnlyList<QueueRowEntry>? Entries);

public sealed record QueueRowEntry(string? Task, [property: JsonConverter(typeof(WireTimeConverter))] DateTimeOffset? Added);

public sealed record WorkerList(IReadOnlyList<WorkerRow>? Workers);

/// <summary>A registered worker. <see cref="LastReportTime"/> is absent before its first report, <see cref="Task"/> while it has none.</summary>
public sealed record WorkerRow
{
    public string? Id { get; init; }

    [JsonConverter(typeof(WireTimeConverter))]
    public DateTimeOffset? RegisterTime { get; init; }

    [JsonConverter(typeof(WireTimeConverter))]
    public DateTimeOffset? LastActivityTime { get; init; }

    [JsonConverter(typeof(WireTimeConverter))]
    public DateTimeOffset? LastReportTime { get; init; }

    public WorkerRowTask? Task { get; init; }

    public IReadOnlyList<WorkerRowQueue>? Queues { get; init; }
}

public sealed record WorkerRowTask(string? Id);

public sealed record WorkerRowQueue(string? Id);

/// <summary>What is asked of <c>tasks.get_all</c>.</summary>
public sealed record TaskPageRequest
{
    public IReadOnlyList<string>? Id { get; init; }

    public IReadOnlyList<string>? Status { get; init; }

    /// <summary>A time with <c>&gt;=</c> before it.</summary>
    public IReadOnlyList<string>? StatusChanged { get; init; }

    /// <summary>Tasks that have the pattern in all of the fields.</summary>
    [JsonPropertyName("_all_")]
    public FieldPattern? All { get; init; }

    public required IReadOnlyList<string> OnlyFields { get; init; }

    public IReadOnlyList<string>? OrderBy { get; init; }

    public required int Page { get; init; }

    public required int PageSize { get; init; }

    public bool? SearchHidden { get; init; }
}

/// <summary>A regular expression, and the fields that it is looked for in.</summary>
public sealed record FieldPattern(string Pattern, IReadOnlyList<string> Fields);

public sealed record TaskPage(IReadOnlyList<TaskRow>? Tasks);

/// <summary>The part of a task that a source reads.</summary>
public sealed record TaskRow
{
    public string? Id { get; init; }

    public string? Status { get; init; }

    public string? LastWorker { get; init; }

    /// <summary>When that worker last reported to have it.</summary>
    [JsonConverter(typeof(WireTimeConverter))]
    public DateTimeOffset? LastWorkerReport { get; init; }

    public string? Comment { get; init; }

    [JsonConverter(typeof(WireTimeConverter))]
    public DateTimeOffset? Started { get; init; }

    [JsonConverter(typeof(WireTimeConverter))]
    public DateTimeOffset? StatusChanged { get; init; }

    public WireExecution? Execution { get; init; }
}

/// <summary><c>tasks.update</c>: the comment only.</summary>
public sealed record TaskCommentRequest(string Task, string Comment);

/// <summary><c>tasks.reset</c>.</summary>
public sealed record TaskResetRequest
{
    public required string Task { get; init; }

    public bool Force { get; init; }

    public string? StatusReason { get; init; }

    public string? StatusMessage { get; init; }

    /// <summary>From version 2.13 on: false keeps the models that the lost run had stored.</summary>
    public bool? DeleteOutputModels { get; init; }

    /// <summary>From version 2.21 on: false keeps the files that the lost run had stored.</summary>
    public bool? DeleteExternalArtifacts { get; init; }
}

/// <summary><c>tasks.enqueue</c> and <c>tasks.failed</c>.</summary>
public sealed record TaskStatusRequest
{
    public required string Task { get; init; }

    /// <summary>For <c>enqueue</c>: the queue's id.</summary>
    public string? Queue { get; init; }

    /// <summary>For <c>failed</c>.</summary>
    public bool? Force { get; init; }

    public string? StatusReason { get; init; }

    public string? StatusMessage { get; init; }
}

/// <summary>A time as servers write it; one without a zone is UTC.</summary>
public sealed class WireTimeConverter : JsonConverter<DateTimeOffset?>
{
    public override DateTimeOffset? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return null;
        if (reader.TokenType == JsonTokenType.String
            && DateTimeOffset.TryParse(reader.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time))
        {
            return time;
        }

        throw new JsonException("A time such as 2026-03-01T12:00:00Z is expected.");
    }

    public override void Write(Utf8JsonWriter writer, DateTimeOffset? value, JsonSerializerOptions options)
    {
        if (value is { } time)
            writer.WriteStringValue(time);
        else
            writer.WriteNullValue();
    }
}

/// <summary>How a source writes its calls and reads the answers: snake case, absent instead of null.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowReadingFromString)]
[JsonSerializable(typeof(AnswerEnvelope))]
[JsonSerializable(typeof(ClearMlNothing))]
[JsonSerializable(typeof(AuthLoginResponse))]
[JsonSerializable(typeof(QueuePageRequest))]
[JsonSerializable(typeof(QueuePage))]
[JsonSerializable(typeof(QueueCreateRequest))]
[JsonSerializable(typeof(QueueTaskRequest))]
[JsonSerializable(typeof(IdResponse))]
[JsonSerializable(typeof(WorkersGetAllRequest))]
[JsonSerializable(typeof(WorkerList))]
[JsonSerializable(typeof(TaskPageRequest))]
[JsonSerializable(typeof(TaskPage))]
[JsonSerializable(typeof(TaskCommentRequest))]
[JsonSerializable(typeof(TaskResetRequest))]
[JsonSerializable(typeof(TaskStatusRequest))]
public sealed partial class SourceJson : JsonSerializerContext;
