using System.Text.RegularExpressions;

namespace ControlPlane.House.Tests;

/// <summary>One folder a concept, with the same name on every floor, and a namespace that says where a file lies.</summary>
public sealed partial class FolderTests
{
    private static readonly HashSet<string> KindsOfCode = new(StringComparer.OrdinalIgnoreCase)
    {
        "Models", "Interfaces", "Helpers", "Utils", "Util", "Utilities", "Common", "Shared", "Misc", "Services", "Managers", "Dtos", "Dto", "Entities",
        "Enums", "Records", "Classes", "Types", "Constants", "Extensions", "Exceptions", "Abstractions", "Contracts", "Implementations", "Impl", "Base",
        "Core", "Infrastructure", "Handlers", "Commands", "Events", "Messages",
    };

    // Words of other systems, and design's word for the same thing.
    private static readonly Dictionary<string, string> OtherWords = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Jobs"] = "Tasks",
        ["Experiments"] = "Tasks",
        ["Machines"] = "Instances",
        ["Vms"] = "Instances",
        ["Agents"] = "Workers",
        ["Drivers"] = "Providers",
        ["Clouds"] = "Providers",
        ["Wallets"] = "Budgets",
        ["Policies"] = "Scaling",
    };

    private static IEnumerable<RepositoryFile> Code => Repository.SourcesIn("src", "tests", "samples", "bench");

    [Fact]
    public void Folders_AreConceptsAndNotKindsOfCode() => HouseRule.Holds(
        "A folder is a concept (Budgets, Instances, Queues), never a kind of code: who looks for budgets opens Budgets.",
        from file in Code
        let kind = file.Folders.FirstOrDefault(KindsOfCode.Contains)
        where kind is not null
        select $"{string.Join('/', file.Folders)} (the folder {kind})");

    [Fact]
    public void Folders_UseTheVocabulary() => HouseRule.Holds(
        "One word for one thing, everywhere.",
        from file in Code
        from folder in file.Folders
        where OtherWords.ContainsKey(folder)
        select $"{string.Join('/', file.Folders)}: call the folder {OtherWords[folder]}");

    [Fact]
    public void Concepts_HaveTheSameNameOnEveryFloor() => HouseRule.Holds(
        "A concept has the same name on every floor. These differ only in number or case:",
        from folder in Code.SelectMany(f => f.Folders.Skip(2)).Distinct()
        group folder by Singular(folder) into same
        where same.Count() > 1
        select string.Join(", ", same.Order(StringComparer.Ordinal)));

    [Fact]
    public void Namespaces_FollowFolders() => HouseRule.Holds(
        "The namespace says where a file lies.",
        from project in Repository.Projects
        from file in Code
        where file.Path.StartsWith(project.Folder + "/", StringComparison.Ordinal)
        let expected = string.Join('.', [project.RootNamespace, .. file.Folders.Skip(project.File.Folders.Count)])
        let declared = Namespace().Match(SourceText.CodeOnly(file.Read())).Groups["name"].Value
        where declared != expected && !(declared.Length == 0 && file.Folders.Count == project.File.Folders.Count)
        select $"{file}: namespace {expected}; (it says \"{declared}\")");

    [Theory]
    [InlineData("Budgets", "Budget")]
    [InlineData("Policies", "policy")]
    [InlineData("Batches", "Batch")]
    public void Singular_OfAPlural_IsTheSameAsOfItsSingular(string plural, string singular) => Assert.Equal(Singular(singular), Singular(plural));

    private static string Singular(string word)
    {
        var lower = word.ToLowerInvariant();
        return lower switch
        {
            _ when lower.EndsWith("ies", StringComparison.Ordinal) => lower[..^3] + "y",
            _ when lower.EndsWith("ches", StringComparison.Ordinal) => lower[..^2],
            _ when lower.EndsWith('s') => lower[..^1],
            _ => lower,
        };
    }

    [GeneratedRegex(@"^\s*namespace\s+(?<name>[\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
