using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ControlPlane.Catalog;

namespace ControlPlane.Host.Tests.Catalog;

/// <summary>The schema and the page of reference say what the code does.</summary>
public sealed partial class ConfigurationSchemaTests
{
    private static readonly string Docs = Path.Combine(Root(), "docs");

    /// <summary>Set to 1 to write the schema anew after a change of the shapes.</summary>
    private static bool Rewrite => Environment.GetEnvironmentVariable("CONTROLPLANE_WRITE_SCHEMA") == "1";

    [Fact]
    public void Generate_IsTheCommittedFile()
    {
        var file = Path.Combine(Docs, "controlplane.schema.json");
        if (Rewrite)
        {
            File.WriteAllText(file, ConfigurationSchema.Generate());
        }

        Assert.Equal(File.ReadAllText(file), ConfigurationSchema.Generate());
    }

    [Fact]
    public void Generate_RefusesUnknownKeysAndDescribesEveryKey()
    {
        var objects = Objects().ToList();

        Assert.Equal(17, objects.Count);
        foreach (var (path, schema) in objects)
        {
            Assert.False(schema["additionalProperties"]!.GetValue<bool>());
            Assert.All(schema["properties"]!.AsObject(), p => Assert.False(string.IsNullOrEmpty(p.Value!["description"]?.GetValue<string>()), $"{path}.{p.Key}"));
        }
    }

    [Fact]
    public void Defaults_AreThoseThatHoldWhenAKeyIsLeftOut()
    {
        const string Least = """
            version: 1
            sources:
            - { name: s, kind: embedded }
            - { name: c, kind: clearml, clearml: { url: "http://host:8008", accessKey: "env:A", secretKey: "env:B" } }
            providers: [{ name: l, kind: local }, { name: w, kind: aws, aws: { region: us-east-1 } }]
            budgets: [{ name: b }]
            pools:
            - { name: p, provider: l, maxInstances: 1, local: {}, bootstrap: {}, offers: [{ type: process, zone: a, price: 1 }] }
            - { name: a, provider: w, maxInstances: 1, aws: { types: [g5.xlarge], image: { id: ami-0a1b2c3d4e5f60002 }, disks: [{ device: /dev/sda1 }] } }
            queues: [{ name: q, source: s, budget: b, pools: [p], requeue: {}, policy: { type: perTask } }]
            """;
        var written = ConfigurationDocument.Write(ConfigurationDocument.Parse(Least).Configuration!);

        var checkedDefaults = 0;
        foreach (var (path, schema) in Objects())
        {
            foreach (var (key, property) in schema["properties"]!.AsObject())
            {
                if (property!["default"] is { } value && value.ToString().Length > 0)
                {
                    checkedDefaults++;
                    Assert.Contains($"{key}: {value.ToString().ToLowerInvariant().Replace("utc", "UTC", StringComparison.Ordinal).Replace("ondemand", "onDemand", StringComparison.Ordinal).Replace("inorder", "inOrder", StringComparison.Ordinal)}\n", written, StringComparison.Ordinal);
                }
            }
        }

        Assert.Equal(41, checkedDefaults);
    }

    [Fact]
    public void Reference_DescribesEveryKeyInTheWordsOfTheSchema()
    {
        var page = File.ReadAllText(Path.Combine(Docs, "configuration.md"));
        foreach (var (path, schema) in Objects())
        {
            var required = schema["required"]?.AsArray().Select(r => r!.GetValue<string>()).ToHashSet() ?? [];
            foreach (var (key, property) in schema["properties"]!.AsObject())
            {
                var leftOut = property!["default"]?.ToString() is { Length: > 0 } value ? $"`{(value is "False" ? "false" : value)}`" : required.Contains(key) ? "required" : "";
                Assert.Contains($"| `{key}` | {leftOut} | {property["description"]} |", page, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Reference_ItsExamplesAreValid()
    {
        var examples = YamlBlock().Matches(File.ReadAllText(Path.Combine(Docs, "configuration.md"))).Select(m => m.Groups["yaml"].Value).ToList();

        Assert.True(examples.Count >= 2);
        Assert.All(examples, e => Assert.Empty(ConfigurationDocument.Parse(e).Faults));
    }

    /// <summary>Every object of the schema that has keys of its own.</summary>
    private static IEnumerable<(string Path, JsonObject Schema)> Objects() => Objects("", JsonNode.Parse(ConfigurationSchema.Generate())!.AsObject());

    private static IEnumerable<(string Path, JsonObject Schema)> Objects(string path, JsonObject schema)
    {
        var own = schema["properties"] is JsonObject ? [(path, schema)] : Enumerable.Empty<(string, JsonObject)>();
        var below = schema["properties"] is JsonObject properties
            ? properties.SelectMany(p => Objects($"{path}.{p.Key}", p.Value!.AsObject()))
            : schema["items"] is JsonObject items ? Objects($"{path}[]", items) : [];
        return own.Concat(below);
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "ControlPlane.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }

    [GeneratedRegex("```yaml\n(?<yaml>.*?)```", RegexOptions.Singleline)]
    private static partial Regex YamlBlock();
}
