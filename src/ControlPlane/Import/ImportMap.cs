using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ControlPlane.Import;

/// <summary>A foreign file cannot be read. The message says where and why, and repeats nothing of its content: it may hold secrets.</summary>
public sealed class ImportException(string message) : Exception(message)
{
    public ImportException()
        : this("")
    {
    }

    public ImportException(string message, Exception inner)
        : this(message) => _ = inner;
}

/// <summary>A mapping of a foreign file. It knows which of its keys were asked for, so that what nobody understood can be told.</summary>
internal sealed class ImportMap(JsonObject entries, string path = "")
{
    private const int MostDepth = 16;
    private const int MostNodes = 100_000;

    private readonly HashSet<string> taken = new(StringComparer.Ordinal);

    public static ImportMap Empty { get; } = new([]);

    /// <summary>Where it stands in the file.</summary>
    public string Path => path;

    /// <summary>All of it.</summary>
    public JsonObject Whole => entries;

    public IEnumerable<string> Keys => entries.Select(e => e.Key);

    /// <summary>Keys with a value that nobody asked for.</summary>
    public IEnumerable<string> Left => entries.Where(e => !taken.Contains(e.Key) && !IsNothing(e.Value)).Select(e => At(e.Key));

    /// <summary>Reads YAML or JSON.</summary>
    /// <exception cref="ImportException">It is neither, or no mapping.</exception>
    public static ImportMap Read(string text)
    {
        try
        {
            var root = text.TrimStart().StartsWith('{') ? JsonNode.Parse(text, null, new JsonDocumentOptions { MaxDepth = 64, AllowTrailingCommas = true }) : FromYaml(text);
            return root is JsonObject map ? new ImportMap(map) : throw new ImportException("The file holds no mapping of keys to values.");
        }
        catch (JsonException fault)
        {
            throw new ImportException($"The file is no JSON, at line {(fault.LineNumber ?? 0) + 1}, byte {(fault.BytePositionInLine ?? 0) + 1}.");
        }
        catch (YamlException fault)
        {
            throw new ImportException($"The file is no YAML, at line {fault.Start.Line}, column {fault.Start.Column}.");
        }
        catch (ArgumentException)
        {
            throw new ImportException("A key stands twice in one mapping of the file.");
        }
    }

    /// <summary>The first of these keys that has a value, as a text; null if none has.</summary>
    public string? Text(params ReadOnlySpan<string> names) =>
        Take(names) switch
        {
            JsonValue value when value.ToString() is { } text && text.Trim().Length > 0 => text.Trim(),
            _ => null,
        };

    /// <summary>As <see cref="Text"/>, with its lines as they are.</summary>
    public string? Lines(params ReadOnlySpan<string> names) =>
        Take(names) switch
        {
            JsonValue value when value.ToString() is { } text && text.Trim().Length > 0 => text.ReplaceLineEndings("\n"),
            JsonArray list => string.Join('\n', list.OfType<JsonValue>().Select(v => v.ToString())),
            _ => null,
        };

    public decimal? Number(params ReadOnlySpan<string> names) =>
        decimal.TryParse(Text(names), NumberStyles.Number, CultureInfo.InvariantCulture, out var number) ? number : null;

    public bool Truth(params ReadOnlySpan<string> names) => Text(names)?.ToUpperInvariant() is "TRUE" or "YES" or "ON" or "1";

    public ImportMap? Map(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (Take(name) is { } node && AsNode(node) is JsonObject map)
                return new ImportMap(map, At(name));
        }

        return null;
    }

    /// <summary>Texts, written as a list or with commas between them.</summary>
    public IReadOnlyList<string> Words(params ReadOnlySpan<string> names) => Take(names) switch
    {
        JsonArray list => [.. list.OfType<JsonValue>().Select(v => v.ToString().Trim()).Where(w => w.Length > 0)],
        JsonValue value => value.ToString().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
        _ => [],
    };

    /// <summary>Pairs, written as a mapping, as a list of <c>key=value</c>, or with commas between them.</summary>
    public IReadOnlyDictionary<string, string> Pairs(params ReadOnlySpan<string> names)
    {
        var pairs = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            if (entries.TryGetPropertyValue(name, out var node) && node is JsonObject map)
            {
                taken.Add(name);
                foreach (var (key, value) in map)
                    pairs[key] = value?.ToString() ?? "";
            }
            else
            {
                foreach (var word in Words(name))
                {
                    var parts = word.Split('=', 2);
                    pairs[parts[0].Trim()] = parts.Length == 2 ? parts[1].Trim() : "";
                }
            }
        }

        return pairs;
    }

    /// <summary>The mappings in a list, or in a mapping by name; also where the whole stands as a JSON text.</summary>
    public IReadOnlyList<(string? Name, ImportMap Item)> Items(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            var node = Take(name) is { } found ? AsNode(found) : null;
            if (node is JsonArray list)
                return [.. list.Select((item, i) => (Item: item, Index: i)).Where(x => x.Item is JsonObject).Select(x => ((string?)null, new ImportMap((JsonObject)x.Item!, $"{At(name)}[{x.Index}]")))];
            if (node is JsonObject map)
                return [.. map.Where(e => e.Value is JsonObject).Select(e => ((string?)e.Key, new ImportMap((JsonObject)e.Value!, $"{At(name)}.{e.Key}")))];
        }

        return [];
    }

    /// <summary>The node under a key as it is; null if it has none.</summary>
    public JsonNode? Node(string name) => Take(name) is { } node ? AsNode(node) : null;

    private string At(string name) => path.Length == 0 ? name : $"{path}.{name}";

    private JsonNode? Take(params ReadOnlySpan<string> names)
    {
        JsonNode? first = null;
        foreach (var name in names)
        {
            if (!entries.TryGetPropertyValue(name, out var node))
                continue;
            taken.Add(name);
            if (first is null && !IsNothing(node))
                first = node;
        }

        return first;
    }

    /// <summary>Apps keep lists as JSON texts in some versions.</summary>
    private static JsonNode? AsNode(JsonNode node)
    {
        if (node is not JsonValue value || value.ToString().TrimStart() is not ['[' or '{', ..])
            return node;
        try
        {
            return JsonNode.Parse(value.ToString());
        }
        catch (JsonException)
        {
            return node;
        }
    }

    private static bool IsNothing(JsonNode? node) => node switch
    {
        null => true,
        JsonValue value => value.ToString().Trim() is "" or "None",
        JsonArray list => list.Count == 0,
        JsonObject map => map.Count == 0,
        _ => false,
    };

    private static JsonNode? FromYaml(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        var left = MostNodes;
        return stream.Documents.Count == 0 ? null : Convert(stream.Documents[0].RootNode, 0);

        // A list that stands in several places is one node with aliases: it is copied, up to a limit.
        JsonNode? Convert(YamlNode node, int depth)
        {
            if (depth > MostDepth || --left < 0)
                throw new ImportException("The file nests too deeply, or grows too large by its aliases.");
            return node switch
            {
                YamlMappingNode map => new JsonObject(map.Children.Select(c => KeyValuePair.Create((c.Key as YamlScalarNode)?.Value ?? "", Convert(c.Value, depth + 1)))),
                YamlSequenceNode list => new JsonArray([.. list.Children.Select(c => Convert(c, depth + 1))]),
                YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" or "Null" or "NULL" } => null,
                YamlScalarNode scalar => JsonValue.Create(scalar.Value ?? ""),
                _ => null,
            };
        }
    }
}
