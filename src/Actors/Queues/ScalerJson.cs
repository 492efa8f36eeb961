using System.Text.Json.Serialization;
using ControlPlane.Actors.Serialization;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Actors.Queues;

/// <summary>How a queue's facts are stored. Those of its instances have manifests of their own, such as <c>instance.launched.v1</c>.</summary>
public static class ScalerManifests
{
    public static ManifestTable Table { get; } = new ManifestTable()
        .Event("scaler.configured.v1", ScalerJson.Default.Configured)
        .Event("scaler.retired.v1", ScalerJson.Default.Retired)
        .Event("scaler.instance-requested.v1", ScalerJson.Default.InstanceRequested)
        .Event("scaler.decided.v1", ScalerJson.Default.Decided)
        .Event("scaler.pool-failed.v1", ScalerJson.Default.PoolFailed)
        .Event("scaler.pool-recovered.v1", ScalerJson.Default.PoolRecovered)
        .Event("scaler.pool-exhausted.v1", ScalerJson.Default.PoolExhausted)
        .Event("scaler.spot-exhausted.v1", ScalerJson.Default.SpotExhausted)
        .Family("instance", ScalerJson.Default.InstanceChanged, changed => changed.Event.GetType(), typeof(InstanceEvent))
        .Snapshot("scaler.state.v1", ScalerJson.Default.ScalerState);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ScalerEvent.Configured))]
[JsonSerializable(typeof(ScalerEvent.Retired))]
[JsonSerializable(typeof(ScalerEvent.InstanceRequested))]
[JsonSerializable(typeof(ScalerEvent.InstanceChanged))]
[JsonSerializable(typeof(ScalerEvent.Decided))]
[JsonSerializable(typeof(ScalerEvent.PoolFailed))]
[JsonSerializable(typeof(ScalerEvent.PoolRecovered))]
[JsonSerializable(typeof(ScalerEvent.PoolExhausted))]
[JsonSerializable(typeof(ScalerEvent.SpotExhausted))]
[JsonSerializable(typeof(ScalerState))]
internal sealed partial class ScalerJson : JsonSerializerContext;
