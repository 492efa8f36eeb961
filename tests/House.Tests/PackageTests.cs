using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace ControlPlane.House.Tests;

/// <summary>Every package version stands once and exactly, and every project's restore is locked.</summary>
public sealed partial class PackageTests
{
    private static readonly XDocument Central = XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props"));

    [Fact]
    public void Versions_AreExact() => HouseRule.Holds(
        "A version is exact (1.2.3 or 1.2.3-beta.1): ranges and wildcards restore something else tomorrow.",
        from package in Central.Descendants("PackageVersion")
        let version = (string?)package.Attribute("Version")
        where version is null || !ExactVersion().IsMatch(version)
        select $"Directory.Packages.props: {package.Attribute("Include")?.Value} {version}");

    [Fact]
    public void Versions_StandOnce() => HouseRule.Holds(
        "A package's version stands once, in Directory.Packages.props.",
        from package in Central.Descendants("PackageVersion")
        group package by ((string?)package.Attribute("Include"))?.ToUpperInvariant() into same
        where same.Count() > 1
        select $"Directory.Packages.props: {same.Key}");

    [Fact]
    public void Projects_StateNoVersions() => HouseRule.Holds(
        "A package's version stands once, in Directory.Packages.props.",
        from project in Repository.Projects
        from package in project.Packages
        where package.Attribute("Version") is not null || package.Attribute("VersionOverride") is not null || package.Elements().Any(e => e.Name.LocalName == "Version")
        select $"{project.File}: {package.Attribute("Include")?.Value}");

    [Fact]
    public void Projects_HaveLockFiles()
    {
        var files = Repository.Files.Select(f => f.Path).ToHashSet();
        HouseRule.Holds(
            "Every project commits its packages.lock.json: run dotnet restore and add the file.",
            from project in Repository.Projects
            where !files.Contains($"{project.Folder}/packages.lock.json")
            select $"{project.Folder}/packages.lock.json is missing");
    }

    [Fact]
    public void Projects_AreInTheSolution()
    {
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "ControlPlane.sln")).Replace('\\', '/');
        HouseRule.Holds(
            "What is not in the solution is not built and not tested: dotnet sln add it.",
            from project in Repository.Projects
            where !solution.Contains($"\"{project.File}\"", StringComparison.Ordinal)
            select project.File.Path);
    }

    [GeneratedRegex(@"^\d+(\.\d+){1,3}(-[0-9A-Za-z.-]+)?$")]
    private static partial Regex ExactVersion();
}
