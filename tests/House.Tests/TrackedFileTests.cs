using System.Text;

namespace ControlPlane.House.Tests;

/// <summary>What is under version control is portable: readable text, without traces of the machine that it was written on.</summary>
public sealed class TrackedFileTests
{
    // Put together here, so that this file does not contain what it looks for.
    private static readonly string[] MachinePaths = [Slashed("work"), Slashed("root")];

    private static readonly string[] RegistryHosts =
    [
        "nuget" + ".org", "nuget" + ".pkg.github.com", "pkgs" + ".dev.azure.com", "registry" + ".npmjs", "npmjs" + ".org", "npmjs" + ".com",
        "pypi" + ".org", "crates" + ".io", "proxy" + ".golang.org", "arti" + "factory", "deb" + ".debian.org",
    ];

    private static readonly IReadOnlyList<(RepositoryFile File, string Text)> Texts =
        [.. Repository.Files.Select(f => (f, Bytes: File.ReadAllBytes(f.FullPath))).Where(f => !f.Bytes.Contains((byte)0)).Select(f => (f.f, Encoding.UTF8.GetString(f.Bytes)))];

    [Fact]
    public void Texts_NameNoPathOfAMachine() => HouseRule.Holds(
        "A path of somebody's machine means nothing on another.",
        from text in Texts
        from path in MachinePaths
        from line in LinesWith(text.Text, path)
        select $"{text.File}:{line}: {path}");

    [Fact]
    public void Texts_NameNoPackageRegistry() => HouseRule.Holds(
        "Where packages come from is the machine's configuration, not the repository's.",
        from text in Texts
        from host in RegistryHosts
        from line in LinesWith(text.Text, host)
        select $"{text.File}:{line}: {host}");

    [Fact]
    public void Texts_EndWithOneLineFeed() => HouseRule.Holds(
        "A text file ends with a line feed.",
        from text in Texts
        where !IsMadeByRestore(text.File) && text.Text.Length > 0 && !text.Text.EndsWith('\n')
        select text.File.Path);

    [Fact]
    public void Texts_HaveNoCarriageReturns() => HouseRule.Holds(
        "Lines end with LF alone.",
        from text in Texts
        where text.Text.Contains('\r')
        select text.File.Path);

    [Fact]
    public void Files_AreNotEmptyOrLeftOver() => HouseRule.Holds(
        "No empty file, and no patch, backup or scratch file: history and issues keep those.",
        from file in Repository.Files
        where new FileInfo(file.FullPath).Length == 0 || Path.GetExtension(file.Name) is ".patch" or ".diff" or ".orig" or ".rej" or ".bak" or ".tmp" or ".swp"
        select file.Path);

    // NuGet writes lock files without a final line feed, and would do so again.
    private static bool IsMadeByRestore(RepositoryFile file) => file.Name == "packages.lock.json";

    private static string Slashed(string folder) => $"/{folder}/";

    private static IEnumerable<int> LinesWith(string text, string part) =>
        text.Split('\n').Select((line, index) => (line, number: index + 1)).Where(l => l.line.Contains(part, StringComparison.OrdinalIgnoreCase)).Select(l => l.number);
}
