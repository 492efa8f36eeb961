using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Domain.Catalog;
using ControlPlane.Http;

namespace ControlPlane.Catalog;

/// <summary>A configuration that is, or was, in force.</summary>
/// <param name="Revision">Its number; 0 before the first was applied. Also the ETag.</param>
/// <param name="AppliedBy">Who applied it.</param>
/// <param name="AppliedAt">When.</param>
/// <param name="Document">With the keys of <c>controlplane.yaml</c>, as docs/configuration.md describes them.</param>
public sealed record ConfigurationView(long Revision, string AppliedBy, DateTimeOffset? AppliedAt, JsonObject Document)
{
    private static readonly JsonSerializerOptions Keys = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public static ConfigurationView From(Actors.Catalog.CatalogView catalog) =>
        new(catalog.Revision, catalog.AppliedBy, catalog.AppliedAt, DocumentOf(catalog.Configuration));

    public static ConfigurationView From(ConfigurationRow row) => new(row.Revision, row.AppliedBy, Times.At(row.At), DocumentOf(row.Configuration));

    private static JsonObject DocumentOf(Configuration configuration) => JsonSerializer.SerializeToNode(DocumentUnmapper.Unmap(configuration), Keys)!.AsObject();
}

/// <summary>One configuration that was in force, and what it changed.</summary>
public sealed record RevisionView(long Revision, string AppliedBy, DateTimeOffset AppliedAt, IReadOnlyList<string> Changes)
{
    public static RevisionView From(ConfigurationRow row) => new(row.Revision, row.AppliedBy, Times.At(row.At), row.ChangeSentences);
}

/// <summary>What applying a document did, or would do.</summary>
/// <param name="Revision">The revision that is in force now.</param>
/// <param name="Applied">Whether the document was put in force by this request; false for a dry run and where it was in force already.</param>
/// <param name="DryRun">Nothing was changed: these are the differences that applying it would make.</param>
/// <param name="Changes">The differences.</param>
public sealed record AppliedView(long Revision, bool Applied, bool DryRun, IReadOnlyList<ChangeView> Changes);

/// <summary>One difference between two configurations.</summary>
public sealed record ChangeView(ChangeKind Kind, string Subject, string Name, string? Field, string? Before, string? After, string Sentence)
{
    public static ChangeView From(ConfigurationChange c) => new(c.Kind, c.Subject, c.Name, c.Field, c.Before, c.After, c.Sentence);
}
