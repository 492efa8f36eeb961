using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;

namespace ControlPlane.Host.Tests.Deployment;

/// <summary>Files of the repository, as the tests of deployment read them.</summary>
internal static class RepositoryFiles
{
    public static string Root { get; } = FindRoot();

    public static string PathOf(string file) => Path.Combine(Root, file);

    public static string Read(string file) => File.ReadAllText(PathOf(file));

    /// <summary>Every document of a YAML file; anchors and merges are resolved. A key that stands twice is a fault.</summary>
    public static IReadOnlyList<Dictionary<string, object?>> Yaml(string file)
    {
        var parser = new MergingParser(new Parser(new StringReader(Read(file))));
        var deserializer = new DeserializerBuilder().WithDuplicateKeyChecking().Build();
        List<Dictionary<string, object?>> documents = [];
        parser.Consume<StreamStart>();
        while (parser.Accept<DocumentStart>(out _))
            documents.Add((Dictionary<string, object?>)Plain(deserializer.Deserialize<object?>(parser))!);
        return documents;
    }

    private static object? Plain(object? node) => node switch
    {
        IDictionary<object, object?> map => map.ToDictionary(p => (string)p.Key, p => Plain(p.Value)),
        IList<object?> list => list.Select(Plain).ToList(),
        _ => node,
    };

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "ControlPlane.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}

/// <summary>Walking through YAML without types.</summary>
internal static class YamlWalk
{
    public static Dictionary<string, object?> Map(this object? node) => node as Dictionary<string, object?> ?? [];

    public static Dictionary<string, object?> Map(this Dictionary<string, object?> map, string key) => map.GetValueOrDefault(key).Map();

    public static List<object?> List(this Dictionary<string, object?> map, string key) => map.GetValueOrDefault(key) as List<object?> ?? [];

    public static string? Text(this Dictionary<string, object?> map, string key) => map.GetValueOrDefault(key) as string;

    /// <summary>Every map below a node, itself included.</summary>
    public static IEnumerable<Dictionary<string, object?>> Maps(object? node) => node switch
    {
        Dictionary<string, object?> map => map.Values.SelectMany(Maps).Prepend(map),
        List<object?> list => list.SelectMany(Maps),
        _ => [],
    };
}
