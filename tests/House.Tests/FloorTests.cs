using System.Reflection;

namespace ControlPlane.House.Tests;

/// <summary>The arrows between the floors point downwards: in the project files, and in what was compiled from them.</summary>
public sealed class FloorTests
{
    private const string Why = "Arrows between the floors point downwards: ControlPlane -> Actors, Providers, Simulation -> Domain. Move the code, or declare a port in Domain.";

    private static readonly Dictionary<string, string[]> MayReference = new()
    {
        ["Domain"] = [],
        ["Actors"] = ["Domain"],
        ["Providers"] = ["Domain"],
        ["Simulation"] = ["Domain"],
        ["ControlPlane"] = ["Domain", "Actors", "Providers", "Simulation"],
    };

    // Who may not know which packages, by the beginning of an assembly's name.
    private static readonly Dictionary<string, string[]> MayNotKnow = new()
    {
        ["Domain"] = ["Akka", "Microsoft.Extensions", "Microsoft.AspNetCore", "Npgsql", "linq2db", "Dapper"],
        ["Simulation"] = ["Akka", "Microsoft.AspNetCore", "Npgsql", "Microsoft.Data", "linq2db", "Dapper"],
        ["Providers"] = ["Akka", "linq2db"],
        ["Actors"] = ["Microsoft.AspNetCore", "AWSSDK", "Google.Apis", "KubernetesClient"],
        ["ControlPlane"] = [],
    };

    [Fact]
    public void Floors_AreTheFiveOfTheDesign() =>
        Assert.Equal(MayReference.Keys.Order(), Repository.Floors.Select(f => f.Name).Order());

    [Fact]
    public void ProjectFiles_ReferenceOnlyLowerFloors() => HouseRule.Holds(
        Why,
        from floor in Repository.Floors
        from reference in floor.References
        where !MayReference[floor.Name].Any(below => reference == $"src/{below}/{below}.csproj")
        select $"{floor.File} references {reference}");

    [Fact]
    public void Samples_ReferenceDomainOnly() => HouseRule.Holds(
        "What a plug-in may use is ControlPlane.Domain.",
        from sample in Repository.Projects
        where sample.File.IsIn("samples")
        from reference in sample.References
        where reference != "src/Domain/Domain.csproj"
        select $"{sample.File} references {reference}");

    [Fact]
    public void DomainProject_HasAnalyzersOnly() => HouseRule.Holds(
        "Domain is pure rules: no packages at run time. An analyzer says PrivateAssets=\"all\".",
        from package in Repository.Floors.Single(f => f.Name == "Domain").Packages
        where (string?)package.Attribute("PrivateAssets") != "all"
        select $"src/Domain/Domain.csproj references {package.Attribute("Include")?.Value}");

    [Fact]
    public void Assemblies_ReferenceOnlyLowerFloors()
    {
        var floorOf = Repository.Floors.ToDictionary(f => f.AssemblyName, f => f.Name);
        HouseRule.Holds(
            Why,
            from floor in Repository.Floors
            from reference in Product.AssemblyOf(floor).GetReferencedAssemblies()
            where floorOf.TryGetValue(reference.Name!, out var other) && !MayReference[floor.Name].Contains(other)
            select $"{floor.AssemblyName} references {reference.Name}");
    }

    [Fact]
    public void Assemblies_DoNotKnowWhatIsNotTheirs() => HouseRule.Holds(
        "A floor does not know the packages of another: Akka belongs to Actors, HTTP to the host, clouds to Providers.",
        from floor in Repository.Floors
        from reference in Product.AssemblyOf(floor).GetReferencedAssemblies()
        where MayNotKnow[floor.Name].Any(foreign => reference.Name!.StartsWith(foreign, StringComparison.Ordinal))
        select $"{floor.AssemblyName} references {reference.Name}");

    [Fact]
    public void DomainAssembly_ReferencesTheRuntimeOnly()
    {
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        HouseRule.Holds(
            "Domain is pure rules on the bare runtime.",
            from reference in Product.AssemblyOf(Repository.Floors.Single(f => f.Name == "Domain")).GetReferencedAssemblies()
            where !File.Exists(Path.Combine(runtime, reference.Name + ".dll"))
            select $"ControlPlane.Domain references {reference.Name}");
    }

    [Fact]
    public void Floors_DoNotOpenTheirInternalsToEachOther()
    {
        var floors = Repository.Floors.Select(f => f.AssemblyName).ToHashSet();
        HouseRule.Holds(
            "Floors talk through public ports. Internals are open to tests at most.",
            from floor in Repository.Floors
            from friend in Product.AssemblyOf(floor).GetCustomAttributes<System.Runtime.CompilerServices.InternalsVisibleToAttribute>()
            where floors.Contains(friend.AssemblyName)
            select $"{floor.AssemblyName} opens its internals to {friend.AssemblyName}");
    }
}
