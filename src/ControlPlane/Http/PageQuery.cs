using System.Diagnostics.CodeAnalysis;
using ControlPlane.Actors.ReadModel;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ControlPlane.Http;

/// <summary>A page as it is answered.</summary>
/// <param name="Items">In the list's order.</param>
/// <param name="Next">The <c>after</c> of the next page; null if this is the last.</param>
public sealed record PageView<T>(IReadOnlyList<T> Items, string? Next)
{
    public static PageView<T> From<TRow>(Page<TRow> page, Func<TRow, T> view) => new([.. page.Items.Select(view)], page.Next);
}

/// <summary>Reads which page a request wants.</summary>
public sealed class PageQuery(HttpApiOptions options)
{
    /// <summary>What the parameter <c>limit</c> means, for the document.</summary>
    public const string LimitText = "How many items at most: 1 to 1,000; absent: 100.";

    /// <summary>What the parameter <c>after</c> means, for the document.</summary>
    public const string AfterText = "The 'next' of the page before, with the same filters.";

    public bool TryRead(int? limit, string? after, out PageRequest page, [NotNullWhen(false)] out ProblemHttpResult? problem)
    {
        page = new PageRequest(limit ?? options.DefaultLimit, string.IsNullOrEmpty(after) ? null : after);
        problem = page.Limit >= 1 && page.Limit <= options.MaxLimit ? null : Problems.Invalid("limit", $"{page.Limit} is out of range: write 1 to {options.MaxLimit}.");
        return problem is null;
    }
}
