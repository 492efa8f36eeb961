using System.Collections;
using System.Reflection;
using ControlPlane.Actors.Storage;
using ControlPlane.Hosting;

namespace ControlPlane.Host.Tests.Deployment;

/// <summary>The settings that the program reads, for files that set them.</summary>
internal static class ProgramSettings
{
    // Every class of options names its section.
    private static readonly Dictionary<string, Type> Sections = new[] { typeof(NodeOptions), typeof(StorageOptions) }
        .SelectMany(t => t.Assembly.GetExportedTypes())
        .Where(t => t.GetField("Section")?.IsLiteral == true)
        .ToDictionary(t => (string)t.GetField("Section")!.GetRawConstantValue()!);

    /// <summary>Whether the program knows a setting written as a variable, such as <c>CONTROLPLANE_Node__Url</c>, or as a file's name without the prefix.</summary>
    public static bool Knows(string variable)
    {
        var parts = variable.Replace("CONTROLPLANE_", "", StringComparison.Ordinal).Split("__");
        return parts.Length >= 2 && Sections.TryGetValue(parts[0], out var type) && Knows(type, parts[1..]);
    }

    private static bool Knows(Type type, string[] parts)
    {
        if (parts.Length == 0)
            return true;
        if (type != typeof(string) && type.IsAssignableTo(typeof(IEnumerable)))
            return int.TryParse(parts[0], out _) && Knows(type.GetGenericArguments()[0], parts[1..]);
        return type.GetProperty(parts[0], BindingFlags.Public | BindingFlags.Instance) is { } property && Knows(property.PropertyType, parts[1..]);
    }
}
