using System.Text.RegularExpressions;

namespace ControlPlane.House.Tests;

/// <summary>Documents keep up with the house: links resolve, nothing is orphaned, quoted code is the code.</summary>
public sealed partial class DocumentTests
{
    [Fact]
    public void Links_Resolve() => HouseRule.Holds(
        "A link in a document leads somewhere.",
        from document in Repository.Documents
        from link in RelativeLinks(document)
        where !File.Exists(link.FullPath) && !Directory.Exists(link.FullPath)
        select $"{document}: {link.Text}");

    [Fact]
    public void Anchors_Resolve() => HouseRule.Holds(
        "A link into a document leads to one of its headings.",
        from document in Repository.Documents
        from link in RelativeLinks(document)
        where link.Anchor.Length > 0 && link.FullPath.EndsWith(".md", StringComparison.Ordinal) && File.Exists(link.FullPath)
        where !Headings(File.ReadAllText(link.FullPath)).Contains(link.Anchor)
        select $"{document}: {link.Text}");

    [Fact]
    public void Documents_AreLinkedFromAnother() => HouseRule.Holds(
        "A document that no other links to is not found: link it from README.md or from the page that it belongs to.",
        from document in Repository.Documents
        where document.IsIn("docs")
        where !Repository.Documents.Where(d => d != document).SelectMany(RelativeLinks).Any(l => l.FullPath == document.FullPath)
        select document.Path);

    [Fact]
    public void QuotedFiles_AreQuotedExactly() => HouseRule.Holds(
        "A block below <!-- quotes PATH --> is that file, to the letter: copy the file into the document again.",
        from document in Repository.Documents
        from Match quote in Quote().Matches(document.Read())
        let path = quote.Groups["path"].Value
        where !File.Exists(Path.Combine(Repository.Root, path)) || File.ReadAllText(Path.Combine(Repository.Root, path)) != quote.Groups["code"].Value
        select $"{document}: {path}");

    [Fact]
    public void Plugins_QuotesItsSample() => Assert.Contains(
        "samples/WeekendPolicy/WeekendPolicy.cs",
        Quote().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "plugins.md"))).Select(m => m.Groups["path"].Value));

    [Fact]
    public void Readme_ShowsTheCommandsAndTheirProjectsExist()
    {
        var readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));

        Assert.Matches(@"(?m)^dotnet test$", readme);
        HouseRule.Holds(
            "A command in the README runs.",
            from Match command in RunCommand().Matches(readme)
            let project = command.Groups["project"].Value
            where !Repository.Projects.Any(p => p.Folder == project || p.File.Path == project)
            select command.Value);
        Assert.Matches(RunCommand(), readme);
    }

    [Theory]
    [InlineData("see [the page](missing.md)", "missing.md")]
    [InlineData("![demo](images/demo.svg \"A demo\")", "images/demo.svg")]
    [InlineData("[a](b.md#part)", "b.md#part")]
    public void Links_AreFound(string text, string link) => Assert.Equal([link], Targets(text));

    [Theory]
    [InlineData("[site](https://example.com)")]
    [InlineData("`[a](b)`")]
    [InlineData("```csharp\nvar x = a[0](b);\n```\n")]
    public void Links_ThatAreNone_AreNotFound(string text) => Assert.Empty(Targets(text));

    private static IEnumerable<(string Text, string FullPath, string Anchor)> RelativeLinks(RepositoryFile document) =>
        from target in Targets(document.Read())
        let parts = target.Split('#', 2)
        let folder = Path.GetDirectoryName(document.FullPath)!
        select (
            target,
            parts[0].Length == 0 ? document.FullPath : Path.GetFullPath(Path.Combine(folder, Uri.UnescapeDataString(parts[0]))),
            parts.Length > 1 ? parts[1] : "");

    private static IEnumerable<string> Targets(string markdown) => Link().Matches(Code().Replace(markdown, ""))
        .Select(m => m.Groups["target"].Value)
        .Where(t => !AbsoluteLink().IsMatch(t));

    private static HashSet<string> Headings(string markdown) =>
        [.. Heading().Matches(FencedCode().Replace(markdown, "")).Select(m => NotInAnchor().Replace(m.Groups["text"].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'))];

    [GeneratedRegex(@"\[[^\]]*\]\(\s*<?(?<target>[^)\s>]+)>?(?:\s+""[^""]*"")?\s*\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^[a-z][a-z0-9+.-]*:", RegexOptions.IgnoreCase)]
    private static partial Regex AbsoluteLink();

    [GeneratedRegex(@"^```[\s\S]*?^```|`[^`\n]*`", RegexOptions.Multiline)]
    private static partial Regex Code();

    [GeneratedRegex(@"^```[\s\S]*?^```", RegexOptions.Multiline)]
    private static partial Regex FencedCode();

    [GeneratedRegex(@"^#{1,6}\s+(?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchor();

    [GeneratedRegex(@"<!-- quotes (?<path>\S+) -->\n```\w*\n(?<code>[\s\S]*?)^```", RegexOptions.Multiline)]
    private static partial Regex Quote();

    [GeneratedRegex(@"dotnet run --project (?<project>\S+)")]
    private static partial Regex RunCommand();
}
