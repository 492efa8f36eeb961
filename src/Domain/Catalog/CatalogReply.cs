using System.Text.Json.Serialization;

namespace ControlPlane.Domain.Catalog;

/// <summary>The catalog's answer to an <see cref="CatalogCommand.Apply"/>.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Applied), "applied")]
[JsonDerivedType(typeof(Unchanged), "unchanged")]
[JsonDerivedType(typeof(Refused), "refused")]
[JsonDerivedType(typeof(RevisionConflict), "revisionConflict")]
public abstract record CatalogReply
{
    private CatalogReply()
    {
    }

    /// <summary>The configuration is in force.</summary>
    /// <param name="Revision">Its revision; that of the first time when a token was repeated.</param>
    /// <param name="Changes">What it changed; empty when a token was repeated.</param>
    public sealed record Applied(long Revision, IReadOnlyList<ConfigurationChange> Changes) : CatalogReply;

    /// <summary>The configuration was in force already.</summary>
    public sealed record Unchanged(long Revision) : CatalogReply;

    /// <summary>It is faulty; nothing changed.</summary>
    public sealed record Refused(IReadOnlyList<ConfigurationFault> Faults) : CatalogReply;

    /// <summary>Another revision is in force than the one that the change was made from; nothing changed.</summary>
    public sealed record RevisionConflict(long Expected, long Current) : CatalogReply;
}
