using System.Text.Json.Serialization;
using ControlPlane.Actors.Serialization;
using ControlPlane.Domain.Catalog;

namespace ControlPlane.Actors.Catalog;

/// <summary>What is sent to the catalog and what it answers, as it crosses the border of a node.</summary>
public static class CatalogMessages
{
    public static ManifestTable Table { get; } = new ManifestTable()
        .Messages("catalog-command", CatalogMessageJson.Default.CatalogCommand)
        .Messages("catalog-reply", CatalogMessageJson.Default.CatalogReply)
        .Message("catalog.query.v1", CatalogMessageJson.Default.CatalogQuery)
        .Message("catalog.status-query.v1", CatalogMessageJson.Default.CatalogStatusQuery)
        .Message("catalog.status.v1", CatalogMessageJson.Default.CatalogStatus)
        .Message("catalog.source-query.v1", CatalogMessageJson.Default.SourceQuery)
        .Message("catalog.source-answer.v1", CatalogMessageJson.Default.SourceAnswer)
        .Message("catalog.view.v1", CatalogMessageJson.Default.CatalogView);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CatalogCommand))]
[JsonSerializable(typeof(CatalogReply))]
[JsonSerializable(typeof(CatalogQuery))]
[JsonSerializable(typeof(CatalogStatusQuery))]
[JsonSerializable(typeof(CatalogStatus))]
[JsonSerializable(typeof(SourceQuery))]
[JsonSerializable(typeof(SourceAnswer))]
[JsonSerializable(typeof(CatalogView))]
internal sealed partial class CatalogMessageJson : JsonSerializerContext;
