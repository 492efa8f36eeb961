using System.Text.Json;
using ControlPlane.Actors.Catalog;
using ControlPlane.Domain.Catalog;

namespace ControlPlane.Actors.ReadModel;

/// <summary>A configuration that was, or is, in force.</summary>
public sealed class ConfigurationRow
{
    public long Revision { get; init; }

    public long At { get; init; }

    public required string AppliedBy { get; init; }

    public required string Changes { get; init; }

    public string Document { get; init; } = "{}";

    public IReadOnlyList<string> ChangeSentences => JsonSerializer.Deserialize(Changes, ReadModelJson.Default.IReadOnlyListString) ?? [];

    /// <summary>Empty in a list.</summary>
    public Configuration Configuration => JsonSerializer.Deserialize(Document, CatalogJson.Default.Configuration)!;
}

/// <summary>Questions about the configurations that were ever in force.</summary>
public sealed class ConfigurationQueries(ReadModelStore store)
{
    private const string Columns = "revision AS Revision, at AS At, applied_by AS AppliedBy, changes AS Changes";

    /// <summary>The latest first, without their documents.</summary>
    /// <exception cref="InvalidCursorException">The cursor is not of this list.</exception>
    public Task<Page<ConfigurationRow>> ListAsync(PageRequest page, CancellationToken cancel) => new Conditions()
        .If(page.After is { } after ? Cursor.Number(after) : null, "revision < @after", "after")
        .PageAsync<ConfigurationRow>(store, $"SELECT {Columns} FROM configurations", "revision DESC", page, row => Cursor.Of(row.Revision), cancel);

    public Task<ConfigurationRow?> FindAsync(long revision, CancellationToken cancel) =>
        store.FirstAsync<ConfigurationRow>($"SELECT {Columns}, document AS Document FROM configurations WHERE revision = @revision", new { revision }, cancel);
}
