using System.Text.Json.Serialization;
using ControlPlane.Actors.Serialization;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Actors.Sources;

/// <summary>What is sent to a watcher and what it answers, as it crosses the border of a node.</summary>
public static class WatcherMessages
{
    public static ManifestTable Table { get; } = new ManifestTable()
        .Messages("watcher-command", WatcherMessageJson.Default.WatcherCommand)
        .Messages("source-request", WatcherMessageJson.Default.SourceRequest)
        .Message("watcher.query.v1", WatcherMessageJson.Default.WatcherQuery)
        .Message("watcher.view.v1", WatcherMessageJson.Default.WatcherView);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WatcherCommand))]
[JsonSerializable(typeof(SourceRequest))]
[JsonSerializable(typeof(WatcherQuery))]
[JsonSerializable(typeof(WatcherView))]
internal sealed partial class WatcherMessageJson : JsonSerializerContext;
