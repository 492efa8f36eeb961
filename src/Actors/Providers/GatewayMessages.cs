using System.Text.Json.Serialization;
using ControlPlane.Actors.Serialization;
using ControlPlane.Domain.Providers;

namespace ControlPlane.Actors.Providers;

/// <summary>What is sent to a gateway and what it answers, as it crosses the border of a node.</summary>
public static class GatewayMessages
{
    public static ManifestTable Table { get; } = new ManifestTable()
        .Messages("gateway-command", GatewayMessageJson.Default.GatewayCommand)
        .Message("gateway.query.v1", GatewayMessageJson.Default.GatewayQuery)
        .Message("gateway.view.v1", GatewayMessageJson.Default.GatewayView);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GatewayCommand))]
[JsonSerializable(typeof(GatewayQuery))]
[JsonSerializable(typeof(GatewayView))]
internal sealed partial class GatewayMessageJson : JsonSerializerContext;
