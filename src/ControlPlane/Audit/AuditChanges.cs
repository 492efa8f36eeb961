using System.Globalization;
using ControlPlane.Domain.Catalog;

namespace ControlPlane.Audit;

/// <summary>What a configuration changed, as the audit has it.</summary>
internal static class AuditChanges
{
    public static IEnumerable<AuditChange> Of(CatalogReply.Applied applied) =>
    [
        new AuditChange("revision", (applied.Revision - 1).ToString(CultureInfo.InvariantCulture), applied.Revision.ToString(CultureInfo.InvariantCulture)),
        .. applied.Changes.Select(Of),
    ];

    private static AuditChange Of(ConfigurationChange change) => change.Kind switch
    {
        ChangeKind.Added => new AuditChange($"{change.Subject} {change.Name}", null, "declared"),
        ChangeKind.Removed => new AuditChange($"{change.Subject} {change.Name}", "declared", null),
        ChangeKind.Changed => new AuditChange($"{change.Subject} {change.Name}: {change.Field}", change.Before, change.After),
        ChangeKind.Reordered => new AuditChange($"order of the {change.Subject}s", "another", "new"),
    };
}
