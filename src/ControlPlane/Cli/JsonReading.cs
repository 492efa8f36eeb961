using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ControlPlane.Cli;

/// <summary>Reads the server's answers without binding them: a newer server may say more, and a part that it does not say is null.</summary>
internal static class JsonReading
{
    /// <summary>The node at a path of keys, such as <c>policy.type</c>.</summary>
    public static JsonNode? At(this JsonNode? node, string path)
    {
        foreach (var key in path.Split('.'))
            node = node is JsonObject parent && parent.TryGetPropertyValue(key, out var child) ? child : null;
        return node;
    }

    /// <summary>A scalar as text; null for objects, arrays and null.</summary>
    public static string? Scalar(this JsonNode? node) => node is JsonValue value
        ? value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString()
        : null;

    public static string? Text(this JsonNode? node, string path) => node.At(path).Scalar();

    public static decimal? Number(this JsonNode? node, string path) =>
        decimal.TryParse(node.Text(path), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    public static DateTimeOffset? Time(this JsonNode? node, string path) =>
        DateTimeOffset.TryParse(node.Text(path), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    public static bool Flag(this JsonNode? node, string path) => node.Text(path) == "true";

    public static IEnumerable<JsonNode> Items(this JsonNode? node, string path) => node.At(path) is JsonArray items ? items.OfType<JsonNode>() : [];
}
