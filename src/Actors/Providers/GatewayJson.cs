using System.Text.Json.Serialization;
using ControlPlane.Actors.Serialization;
using ControlPlane.Domain.Providers;

namespace ControlPlane.Actors.Providers;

/// <summary>How a gateway's facts are stored.</summary>
public static class GatewayManifests
{
    public static ManifestTable Table { get; } = new ManifestTable()
        .Event("gateway.batch-opened.v1", GatewayJson.Default.BatchOpened)
        .Event("gateway.launches-answered.v1", GatewayJson.Default.LaunchesAnswered)
        .Event("gateway.answer-acknowledged.v1", GatewayJson.Default.AnswerAcknowledged)
        .Event("gateway.offer-exhausted.v1", GatewayJson.Default.OfferExhausted)
        .Event("gateway.offer-served.v1", GatewayJson.Default.OfferServed)
        .Event("gateway.rate-learnt.v1", GatewayJson.Default.RateLearnt)
        .Event("gateway.orphan-reaped.v1", GatewayJson.Default.OrphanReaped)
        .Snapshot("gateway.state.v1", GatewayJson.Default.GatewayState);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GatewayEvent.BatchOpened))]
[JsonSerializable(typeof(GatewayEvent.LaunchesAnswered))]
[JsonSerializable(typeof(GatewayEvent.AnswerAcknowledged))]
[JsonSerializable(typeof(GatewayEvent.OfferExhausted))]
[JsonSerializable(typeof(GatewayEvent.OfferServed))]
[JsonSerializable(typeof(GatewayEvent.RateLearnt))]
[JsonSerializable(typeof(GatewayEvent.OrphanReaped))]
[JsonSerializable(typeof(GatewayState))]
internal sealed partial class GatewayJson : JsonSerializerContext;
