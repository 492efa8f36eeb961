using System.Text.Json.Serialization;

namespace ControlPlane.Worker;

/// <summary>ClearML's envelope around each answer.</summary>
internal sealed record Envelope<T>(EnvelopeMeta? Meta, T? Data);

internal sealed record EnvelopeMeta(int ResultCode, int ResultSubcode, string? ResultMsg);

internal sealed record RegisterRequest(string Worker, string[] Queues, int Timeout);

internal sealed record StatusRequest(string Worker, long Timestamp, string[] Queues, string? Task);

internal sealed record StatusAnswer(bool Draining);

internal sealed record QueuesRequest(string[] Name);

internal sealed record QueuesAnswer(QueueEntry[]? Queues);

internal sealed record QueueEntry(string Id, string Name);

internal sealed record NextTaskRequest(string Queue, string Worker);

internal sealed record NextTaskAnswer(NextTaskEntry? Entry);

internal sealed record NextTaskEntry(string? Task);

internal sealed record TaskRequest(string Task);

internal sealed record TaskAnswer(TaskEntry? Task);

internal sealed record TaskEntry(string Id, string? Status, Dictionary<string, ConfigurationEntry>? Configuration);

internal sealed record ConfigurationEntry(string? Name, string? Type, string? Value);

/// <summary>A task on a worker. Started and pinged; the attempt keeps an old worker from speaking for a newer try.</summary>
internal sealed record TaskOnWorkerRequest(string Task, string Worker, int Attempt);

internal sealed record PingAnswer(bool Cancelled);

internal sealed record ResultRequest(
    string Task, string Worker, int Attempt, int? ExitCode, string StatusReason, string StatusMessage, bool Force);

internal sealed record LogEvent(string Type, string Task, string Worker, long Timestamp, string Level, string Msg, int Attempt, long Sequence);

internal sealed record UnregisterRequest(string Worker);

/// <summary>An answer of which nothing but its code is read.</summary>
internal sealed record Acknowledgement;

/// <summary>What a task runs: the configuration section <c>controlplane</c> of the task.</summary>
/// <param name="Command">A program and its arguments; or else <paramref name="Shell"/>.</param>
/// <param name="Shell">A line for the shell.</param>
/// <param name="Environment">Variables of its own.</param>
/// <param name="Attempt">Which try this is, from 1.</param>
/// <param name="MaxAttempts">How many tries it has.</param>
internal sealed record TaskSpec(string[]? Command, string? Shell, Dictionary<string, string>? Environment, int Attempt, int MaxAttempts);

[JsonSerializable(typeof(RegisterRequest))]
[JsonSerializable(typeof(StatusRequest))]
[JsonSerializable(typeof(QueuesRequest))]
[JsonSerializable(typeof(NextTaskRequest))]
[JsonSerializable(typeof(TaskRequest))]
[JsonSerializable(typeof(TaskOnWorkerRequest))]
[JsonSerializable(typeof(ResultRequest))]
[JsonSerializable(typeof(LogEvent))]
[JsonSerializable(typeof(UnregisterRequest))]
[JsonSerializable(typeof(Envelope<StatusAnswer>))]
[JsonSerializable(typeof(Envelope<QueuesAnswer>))]
[JsonSerializable(typeof(Envelope<NextTaskAnswer>))]
[JsonSerializable(typeof(Envelope<TaskAnswer>))]
[JsonSerializable(typeof(Envelope<PingAnswer>))]
[JsonSerializable(typeof(Envelope<Acknowledgement>))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class WireContext : JsonSerializerContext;

/// <summary>The section's own names are in camel case, unlike ClearML's.</summary>
[JsonSerializable(typeof(TaskSpec))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class TaskSpecContext : JsonSerializerContext;
