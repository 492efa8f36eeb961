using System.Text;
using System.Text.RegularExpressions;

namespace ControlPlane.Simulation.Ec2;

/// <summary>The filters of a list: each must match by one of its values; <c>*</c> and <c>?</c> stand for what they usually do [S].</summary>
internal sealed class Ec2Filters
{
    private readonly List<(string Name, IReadOnlyList<Regex> Values)> _filters = [];

    /// <param name="call">The call whose filters they are.</param>
    /// <param name="known">Names of filters; <c>tag:</c> stands for all tags.</param>
    public Ec2Filters(Ec2Call call, params string[] known)
    {
        foreach (var filter in call.Parameters.Structures("Filter"))
        {
            var name = filter.Required("Name");
            if (!known.Contains(name) && !(known.Contains("tag:") && name.StartsWith("tag:", StringComparison.Ordinal)))
                throw Ec2RefusedException.BadValue($"The filter '{name}' is invalid");
            var values = filter.List("Value");
            if (values.Count > 200)
                throw new Ec2RefusedException("FilterLimitExceeded", $"The maximum number of filter values specified on a single call is 200; '{name}' has {values.Count}");
            _filters.Add((name, [.. values.Select(Pattern)]));
        }
    }

    /// <param name="valuesOf">A thing's values by a filter's name.</param>
    public bool Match(Func<string, IEnumerable<string>> valuesOf) =>
        _filters.All(f => valuesOf(f.Name).Any(value => f.Values.Any(p => p.IsMatch(value))));

    /// <summary>Values of the filters that all tagged things have; null for other names.</summary>
    public static IEnumerable<string>? OfTags(string name, IReadOnlyDictionary<string, string> tags) =>
        name == "tag-key" ? tags.Keys
        : name.StartsWith("tag:", StringComparison.Ordinal) ? tags.TryGetValue(name["tag:".Length..], out var value) ? [value] : []
        : null;

    private static Regex Pattern(string value) => new(
        "^" + Regex.Escape(value).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\?", ".", StringComparison.Ordinal) + "$",
        RegexOptions.Singleline | RegexOptions.NonBacktracking);
}

/// <summary>Where the next page of a list begins. Opaque to callers.</summary>
/// <param name="Action">The list's action.</param>
/// <param name="After">The number of the last thing that was shown.</param>
/// <param name="Page">The number of the page, from 1.</param>
internal sealed record Ec2PageToken(string Action, long After, int Page)
{
    /// <exception cref="Ec2RefusedException">It is none of ours, or of another list.</exception>
    public static Ec2PageToken Read(string action, string? text)
    {
        if (string.IsNullOrEmpty(text))
            return new Ec2PageToken(action, -1, 1);
        var bytes = new byte[text.Length];
        if (Convert.TryFromBase64String(text, bytes, out var length)
            && Encoding.UTF8.GetString(bytes, 0, length).Split('|') is [var owner, var after, var page]
            && owner == action && long.TryParse(after, out var last) && int.TryParse(page, out var number))
        {
            return new Ec2PageToken(action, last, number);
        }

        throw new Ec2RefusedException("InvalidNextToken", $"The token '{text}' is invalid");
    }

    public string Write() => Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Action}|{After}|{Page}"));

    /// <summary>One page of a numbered list, and the token of the next one.</summary>
    public static (IReadOnlyList<T> Page, string? Next) Cut<T>(Ec2Call call, IEnumerable<(long Number, T Thing)> things, int least, int most, string tokenName = "NextToken") =>
        Prepare(call, least, most, tokenName).Cut(things);

    /// <summary>Reads what a list needs for its pages.</summary>
    public static Ec2PageCutter Prepare(Ec2Call call, int least, int most, string tokenName = "NextToken")
    {
        var size = call.Parameters.Number("MaxResults", least, most);
        return new Ec2PageCutter(Read(call.Action, call.Parameters.Text(tokenName)), size ?? most);
    }
}

/// <summary>Cuts one page out of a list.</summary>
internal sealed record Ec2PageCutter(Ec2PageToken Token, int Size)
{
    public (IReadOnlyList<T> Page, string? Next) Cut<T>(IEnumerable<(long Number, T Thing)> things)
    {
        var rest = things.Where(t => t.Number > Token.After).OrderBy(t => t.Number).Take(Size + 1).ToList();
        var page = rest.Take(Size).ToList();
        var next = rest.Count > Size ? (Token with { After = page[^1].Number, Page = Token.Page + 1 }).Write() : null;
        return ([.. page.Select(t => t.Thing)], next);
    }

    public (IReadOnlyList<T> Page, string? Next) Cut<T>(IEnumerable<T> things) => Cut(things.Select((thing, index) => ((long)index, thing)));
}
