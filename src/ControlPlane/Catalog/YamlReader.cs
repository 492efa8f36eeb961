using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlScalar = YamlDotNet.Core.Events.Scalar;

namespace ControlPlane.Catalog;

/// <summary>
/// Text to tree. Takes plain YAML (so JSON too) and nothing that can grow: no anchors and aliases, no tags, one document, bounded size and depth.
/// </summary>
internal sealed class YamlReader
{
    public const int MaxBytes = 8 * 1024 * 1024;
    public const int MaxDepth = 16;
    public const int MaxNodes = 2_000_000;

    private readonly DocumentFaults faults;
    private readonly Parser parser;
    private int nodes;

    private YamlReader(string text, DocumentFaults faults)
    {
        this.faults = faults;
        parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
    }

    /// <summary>The document's tree; null, and a fault, if it is not one that we take.</summary>
    public static YamlNode? Read(string text, DocumentFaults faults)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        if (bytes > MaxBytes)
        {
            faults.Add(Place.Start, "", $"The document has {bytes:N0} bytes.", $"Write at most {MaxBytes:N0}.");
            return null;
        }

        try
        {
            return new YamlReader(text.TrimStart('\uFEFF'), faults).ReadDocument();
        }
        catch (RefusedException refused)
        {
            faults.Add(refused.Place, refused.Path, refused.Message, refused.Fix);
            return null;
        }
        catch (YamlException fault)
        {
            faults.Add(Place.Of(fault.Start), "", $"This is not YAML: {fault.Message.TrimEnd('.')}.", "Mend the text at this place; check indentation, quotes and brackets.");
            return null;
        }
    }

    private YamlNode? ReadDocument()
    {
        Next<StreamStart>();
        if (!Advance() || parser.Current is not DocumentStart)
        {
            throw new RefusedException(Place.Start, "", "The document is empty.", "Begin it with 'version: 1'.");
        }

        Advance();
        var root = ReadNode("", 0);
        Next<DocumentEnd>();
        if (Advance() && parser.Current is DocumentStart second)
        {
            throw new RefusedException(Place.Of(second.Start), "", "There is a second document.", "Write one document; remove this '---' and what follows.");
        }

        return root;
    }

    /// <summary>Reads the node that begins with the current event, and leaves its last event current.</summary>
    private YamlNode ReadNode(string path, int depth)
    {
        var place = Place.Of(parser.Current!.Start);
        if (depth > MaxDepth)
        {
            throw new RefusedException(place, path, $"The document is nested more than {MaxDepth} levels deep.", "No part of a configuration is; check the brackets.");
        }

        if (++nodes > MaxNodes)
        {
            throw new RefusedException(place, path, $"The document has more than {MaxNodes:N0} parts.", "Write fewer.");
        }

        if (parser.Current is AnchorAlias alias)
        {
            throw new RefusedException(place, path, $"'*{alias.Value}' is an alias.", "Anchors and aliases are not taken: write the value out.");
        }

        if (parser.Current is not NodeEvent node)
        {
            // The parser lets some malformed texts through as a key with nothing behind it, not even an empty value.
            throw new RefusedException(place, path, "This is not YAML: a value is missing.", "Mend the text at this place; check indentation, quotes and brackets.");
        }

        if (!node.Anchor.IsEmpty)
        {
            throw new RefusedException(place, path, $"'&{node.Anchor}' is an anchor.", "Anchors and aliases are not taken: remove it, and write values out.");
        }

        if (!node.Tag.IsEmpty)
        {
            throw new RefusedException(place, path, $"'{node.Tag}' is a tag.", "Tags are not taken: remove it.");
        }

        return node switch
        {
            YamlScalar scalar => new YamlNode.Scalar(place, scalar.Value, scalar.Style == ScalarStyle.Plain),
            SequenceStart => ReadSequence(place, path, depth),
            _ => ReadMapping(place, path, depth),
        };
    }

    private YamlNode.Sequence ReadSequence(Place place, string path, int depth)
    {
        var items = new List<YamlNode>();
        while (Advance() && parser.Current is not SequenceEnd)
        {
            items.Add(ReadNode($"{path}[{items.Count}]", depth + 1));
        }

        return new YamlNode.Sequence(place, items);
    }

    private YamlNode.Mapping ReadMapping(Place place, string path, int depth)
    {
        var entries = new List<YamlNode.Entry>();
        var keys = new Dictionary<string, Place>(StringComparer.Ordinal);
        while (Advance() && parser.Current is not MappingEnd)
        {
            if (ReadNode(path, depth + 1) is not YamlNode.Scalar key)
            {
                throw new RefusedException(Place.Of(parser.Current!.Start), path, "A key is not a word.", "Write 'key: value'.");
            }

            var at = path.Length == 0 ? key.Text : $"{path}.{key.Text}";
            Advance();
            var value = ReadNode(at, depth + 1);
            if (keys.TryAdd(key.Text, key.Place))
            {
                entries.Add(new YamlNode.Entry(key.Place, key.Text, value));
            }
            else
            {
                faults.Add(key.Place, at, $"The key '{key.Text}' stands here twice, first in line {keys[key.Text].Line}.", "Remove one.");
            }
        }

        return new YamlNode.Mapping(place, entries);
    }

    /// <summary>Moves to the next event. For some malformed texts the parser fails with other exceptions than its own: they are faults of the text too.</summary>
    private bool Advance()
    {
        try
        {
            return parser.MoveNext();
        }
        catch (Exception fault) when (fault is InvalidOperationException or ArgumentException or IndexOutOfRangeException or InvalidCastException)
        {
            var at = parser.Current?.End ?? Mark.Empty;
            throw new YamlException(at, at, "the text cannot be understood from here on", fault);
        }
    }

    private void Next<T>()
        where T : ParsingEvent
    {
        if (!Advance() || parser.Current is not T)
        {
            var at = parser.Current?.Start ?? Mark.Empty;
            throw new YamlException(at, at, $"Expected {typeof(T).Name}");
        }
    }

    /// <summary>The document is refused as a whole: reading it further is pointless or dangerous.</summary>
    private sealed class RefusedException(Place place, string path, string message, string fix) : Exception(message)
    {
        public Place Place => place;

        public string Path => path;

        public string Fix => fix;
    }
}
