using System.Text.Json.Serialization;
using ControlPlane.Actors.Serialization;

namespace ControlPlane.Actors.Shell;

/// <summary>Why a shell did not answer a command.</summary>
public enum RefusalReason
{
    /// <summary>The journal did not confirm the write. The command may or may not have taken effect: ask again, receivers are idempotent.</summary>
    NotPersisted,

    /// <summary>The entity is starting again after a failure. The command was not decided.</summary>
    Restarting,

    /// <summary>The entity is being stopped or moved. The command was not decided.</summary>
    Stopping,

    /// <summary>Too many commands are waiting. The command was not decided.</summary>
    Overloaded,
}

/// <summary>The answer to an asker whose command could not be confirmed, so that it need not wait for its timeout. Asking again is safe.</summary>
/// <param name="Entity">The persistence id.</param>
/// <param name="Reason">Whether it may have taken effect.</param>
public sealed record ShellRefusal(string Entity, RefusalReason Reason);

/// <summary>Tells an entity to finish its writes, save a snapshot and stop: the hand-off message of its shard.</summary>
public sealed record StopEntity
{
    public static StopEntity Instance { get; } = new();
}

/// <summary>Says nothing: an entity that was moved sends it to itself, by the way that messages reach it wherever it lives, and so is started there.</summary>
public sealed record WakeEntity
{
    public static WakeEntity Instance { get; } = new();
}

/// <summary>The messages of the shell itself.</summary>
public static class ShellManifests
{
    public static ManifestTable Table { get; } = new ManifestTable()
        .Message("shell.refusal.v1", ShellJson.Default.ShellRefusal)
        .Message("shell.stop-entity.v1", ShellJson.Default.StopEntity)
        .Message("shell.wake-entity.v1", ShellJson.Default.WakeEntity);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ShellRefusal))]
[JsonSerializable(typeof(StopEntity))]
[JsonSerializable(typeof(WakeEntity))]
internal sealed partial class ShellJson : JsonSerializerContext;
