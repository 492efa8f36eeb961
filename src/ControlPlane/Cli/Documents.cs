using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Serialization;

namespace ControlPlane.Cli;

/// <summary>Answers printed whole, as JSON or YAML. Both escape control characters.</summary>
internal static class Documents
{
    private static readonly JsonSerializerOptions _indented = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly ISerializer _yaml = new SerializerBuilder().WithQuotingNecessaryStrings(true).DisableAliases().Build();

    public static string Json(JsonNode? node) => node?.ToJsonString(_indented) ?? "null";

    public static string Yaml(JsonNode? node) => _yaml.Serialize(Plain(node)).TrimEnd('\n');

    private static object? Plain(JsonNode? node) => node switch
    {
        JsonObject map => map.ToDictionary(p => p.Key, p => Plain(p.Value)),
        JsonArray list => list.Select(Plain).ToList(),
        JsonValue value => Plain(value),
        _ => null,
    };

    private static object? Plain(JsonValue value) => value.GetValueKind() switch
    {
        JsonValueKind.String => value.GetValue<string>(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number => decimal.TryParse(value.ToJsonString(), out var number) ? number : value.ToJsonString(),
        _ => null,
    };
}
