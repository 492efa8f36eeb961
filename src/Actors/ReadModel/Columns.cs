using System.Text.Json;
using ControlPlane.Actors.Storage;

namespace ControlPlane.Actors.ReadModel;

/// <summary>How values stand in the columns of the read model: times as ticks of .NET in UTC, money as micro-dollars, words of an enum in camel case, truth as 0 and 1.</summary>
internal static class Columns
{
    /// <summary>The one difference between the two databases: only an INTEGER key is SQLite's own row number.</summary>
    public static string SchemaFor(StorageProvider provider, string schema) =>
        provider == StorageProvider.Sqlite ? schema.Replace("BIGINT", "INTEGER", StringComparison.Ordinal) : schema;

    public static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    public static T FromWord<T>(string word)
        where T : struct, Enum => Enum.Parse<T>(word, ignoreCase: true);

    public static DateTimeOffset Time(long ticks) => new(ticks, TimeSpan.Zero);

    public static DateTimeOffset? Time(long? ticks) => ticks is { } t ? Time(t) : null;

    /// <summary>What stands behind the kind in a persistence id, such as the queue's name in <c>queue-gpu</c>.</summary>
    public static string NameIn(string persistenceId) => persistenceId[(persistenceId.IndexOf('-', StringComparison.Ordinal) + 1)..];
}
