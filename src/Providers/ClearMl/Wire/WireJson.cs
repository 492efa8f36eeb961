using System.Text.Json;
using System.Text.Json.Serialization;

namespace ControlPlane.Providers.ClearMl.Wire;

/// <summary>How ClearML's API writes JSON: snake case, absent instead of null.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowReadingFromString)]
[JsonSerializable(typeof(ClearMlEnvelope))]
[JsonSerializable(typeof(ClearMlNothing))]
[JsonSerializable(typeof(QueuesGetAllRequest))]
[JsonSerializable(typeof(QueuesGetAllResponse))]
[JsonSerializable(typeof(QueuesGetAllExResponse))]
[JsonSerializable(typeof(QueueRequest))]
[JsonSerializable(typeof(QueueResponse))]
[JsonSerializable(typeof(QueueNumEntriesResponse))]
[JsonSerializable(typeof(QueueNextTaskResponse))]
[JsonSerializable(typeof(QueuePeekTaskResponse))]
[JsonSerializable(typeof(QueueCreateRequest))]
[JsonSerializable(typeof(QueueTaskRequest))]
[JsonSerializable(typeof(QueueAddTaskResponse))]
[JsonSerializable(typeof(QueueRemoveTaskResponse))]
[JsonSerializable(typeof(QueuePositionResponse))]
[JsonSerializable(typeof(TaskEditRequest))]
[JsonSerializable(typeof(IdResponse))]
[JsonSerializable(typeof(WorkerRegisterRequest))]
[JsonSerializable(typeof(WorkerStatusReportRequest))]
[JsonSerializable(typeof(WorkerStatusReportResponse))]
[JsonSerializable(typeof(WorkersGetAllRequest))]
[JsonSerializable(typeof(WorkersGetAllResponse))]
[JsonSerializable(typeof(TaskRequest))]
[JsonSerializable(typeof(TasksGetAllRequest))]
[JsonSerializable(typeof(TasksGetAllResponse))]
[JsonSerializable(typeof(TaskResponse))]
[JsonSerializable(typeof(TaskCreateRequest))]
[JsonSerializable(typeof(TaskUpdateResponse))]
[JsonSerializable(typeof(TaskPingResponse))]
[JsonSerializable(typeof(WireCommand))]
[JsonSerializable(typeof(WireLogEvent))]
[JsonSerializable(typeof(EventsAddBatchResponse))]
[JsonSerializable(typeof(AuthLoginResponse))]
[JsonSerializable(typeof(ServerInfoResponse))]
public sealed partial class WireJson : JsonSerializerContext;

/// <summary>Reads a list of texts, or a single text as a list of one: ClearML's clients send either. Writes a list.</summary>
public sealed class OneOrManyConverter : JsonConverter<IReadOnlyList<string>>
{
    public override IReadOnlyList<string> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String) return [reader.GetString()!];
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException("A text or a list of texts is expected.");
        var items = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            items.Add(reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonException("A list of texts is expected."));
        return items;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<string> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var item in value) writer.WriteStringValue(item);
        writer.WriteEndArray();
    }
}
