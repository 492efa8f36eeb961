using System.Text.Json.Serialization;
using ControlPlane.Actors.Serialization;
using ControlPlane.Domain.Catalog;

namespace ControlPlane.Actors.Catalog;

/// <summary>How the catalog's facts are stored.</summary>
public static class CatalogManifests
{
    public static ManifestTable Table { get; } = new ManifestTable()
        .Event("catalog.configuration-applied.v1", CatalogJson.Default.ConfigurationApplied)
        .Event("catalog.queue-forgotten.v1", CatalogJson.Default.QueueForgotten)
        .Event("catalog.ledger-forgotten.v1", CatalogJson.Default.LedgerForgotten)
        .Event("catalog.gateway-forgotten.v1", CatalogJson.Default.GatewayForgotten)
        .Snapshot("catalog.state.v1", CatalogJson.Default.CatalogState);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CatalogEvent.ConfigurationApplied))]
[JsonSerializable(typeof(CatalogEvent.QueueForgotten))]
[JsonSerializable(typeof(CatalogEvent.LedgerForgotten))]
[JsonSerializable(typeof(CatalogEvent.GatewayForgotten))]
[JsonSerializable(typeof(CatalogState))]
internal sealed partial class CatalogJson : JsonSerializerContext;
