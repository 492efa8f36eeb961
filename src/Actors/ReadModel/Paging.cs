using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Dapper;

namespace ControlPlane.Actors.ReadModel;

/// <summary>Which page of a list is wanted.</summary>
/// <param name="Limit">The most items, at least 1.</param>
/// <param name="After">The cursor that the page before ended with; null for the first page.</param>
public sealed record PageRequest(int Limit, string? After);

/// <summary>A page of a list.</summary>
/// <param name="Items">In the list's order.</param>
/// <param name="Next">The cursor behind the last item; null if nothing follows.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next)
{
    public Page<TOther> Select<TOther>(Func<T, TOther> map) => new([.. Items.Select(map)], Next);
}

/// <summary>Pages of lists that are in memory.</summary>
public static class Page
{
    /// <summary>A page of what is sorted by a unique name.</summary>
    /// <exception cref="InvalidCursorException">The cursor is not of this list.</exception>
    public static Page<T> Of<T>(IEnumerable<T> all, Func<T, string> name, PageRequest page)
    {
        var after = page.After is { } cursor ? Cursor.Text(cursor) : null;
        var rows = all.Where(x => after is null || string.CompareOrdinal(name(x), after) > 0).OrderBy(name, StringComparer.Ordinal).Take(page.Limit + 1).ToList();
        return rows.Count > page.Limit ? new Page<T>(rows[..page.Limit], Cursor.Of(name(rows[page.Limit - 1]))) : new Page<T>(rows, null);
    }
}

/// <summary>The text is no cursor of the list that it was given to.</summary>
public sealed class InvalidCursorException(string cursor) : Exception($"'{cursor}' is not a cursor of this list.")
{
    public InvalidCursorException()
        : this("")
    {
    }

    public InvalidCursorException(string message, Exception inner)
        : this(message) => _ = inner;
}

/// <summary>The sort key of the last item of a page, opaque to its bearer. Keys are unique, so a page goes on where the last one ended whatever was added since.</summary>
internal static class Cursor
{
    public static string Of(string key) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(key));

    public static string Of(long key) => Of(key.ToString(CultureInfo.InvariantCulture));

    public static string Of(long key, long second) => Of(string.Create(CultureInfo.InvariantCulture, $"{key}.{second}"));

    public static string Text(string cursor)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Base64Url.DecodeFromChars(cursor));
        }
        catch (Exception fault) when (fault is FormatException or ArgumentException)
        {
            throw new InvalidCursorException(cursor);
        }
    }

    public static long Number(string cursor) =>
        long.TryParse(Text(cursor), NumberStyles.None, CultureInfo.InvariantCulture, out var key) ? key : throw new InvalidCursorException(cursor);

    public static (long Key, long Second) Pair(string cursor)
    {
        var parts = Text(cursor).Split('.');
        return parts.Length == 2
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var key)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var second)
            ? (key, second)
            : throw new InvalidCursorException(cursor);
    }
}

/// <summary>The conditions of a list's question, with their values as parameters.</summary>
internal sealed class Conditions
{
    private readonly List<string> _all = [];

    public DynamicParameters Arguments { get; } = new();

    /// <summary>Adds a condition on a value, which it names <c>@name</c>; null adds nothing.</summary>
    public Conditions If(object? value, string condition, string name)
    {
        if (value is not null)
        {
            _all.Add(condition);
            Arguments.Add(name, value);
        }

        return this;
    }

    public Conditions Always(string condition)
    {
        _all.Add(condition);
        return this;
    }

    public override string ToString() => _all.Count == 0 ? "" : $"WHERE {string.Join(" AND ", _all)}";

    /// <summary>Reads one item more than is wanted, to know whether another page follows.</summary>
    public async Task<Page<T>> PageAsync<T>(ReadModelStore store, string select, string orderBy, PageRequest page, Func<T, string> cursor, CancellationToken cancel)
    {
        Arguments.Add("most", page.Limit + 1);
        var rows = await store.QueryAsync<T>($"{select} {this} ORDER BY {orderBy} LIMIT @most", Arguments, cancel).ConfigureAwait(false);
        return rows.Count > page.Limit ? new Page<T>([.. rows.Take(page.Limit)], cursor(rows[page.Limit - 1])) : new Page<T>(rows, null);
    }
}
