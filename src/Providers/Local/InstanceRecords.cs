using System.Text.Json.Serialization;

namespace ControlPlane.Providers.Local;

/// <summary>What was to be launched; written before anything is started.</summary>
/// <param name="Instance">The instance's id, also the folder's name.</param>
/// <param name="Cluster">Whose machine it is.</param>
/// <param name="Queue">The queue that it serves.</param>
/// <param name="Pool">The pool that it belongs to.</param>
/// <param name="RecordedAt">When the intent was written.</param>
/// <param name="LeaseUntil">The end of the time that was prepaid at launch.</param>
public sealed record LocalIntent(string Instance, string Cluster, string Queue, string Pool, DateTimeOffset RecordedAt, DateTimeOffset LeaseUntil);

/// <summary>The one process that came of the intent; written by itself, under the folder's lock.</summary>
public sealed record LocalProcess(ProcessIdentity Identity, DateTimeOffset StartedAt);

/// <summary>A moment in the life of an instance, with a sentence about it.</summary>
public sealed record LocalMoment(DateTimeOffset At, string Message);

/// <summary>The end of an instance: nothing of it is left, and nothing will ever be started for it again.</summary>
/// <param name="At">Until when it is billed.</param>
/// <param name="Requested">Whether somebody had asked for it.</param>
/// <param name="Message">What is known about why.</param>
public sealed record LocalEnd(DateTimeOffset At, bool Requested, string Message);

[JsonSerializable(typeof(LocalIntent))]
[JsonSerializable(typeof(LocalProcess))]
[JsonSerializable(typeof(LocalMoment))]
[JsonSerializable(typeof(LocalEnd))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
internal sealed partial class InstanceRecordsContext : JsonSerializerContext;
