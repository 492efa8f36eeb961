using System.Globalization;

namespace ControlPlane.Host.Tests.ClearMl;

/// <summary>A field of a call, of its answer, or of something in them.</summary>
/// <param name="Type"><c>string</c>, <c>integer</c>, <c>number</c>, <c>boolean</c>, <c>object</c>, <c>any</c>, <c>#definition</c>, each also with <c>[]</c>.</param>
/// <param name="Required">A request must have it.</param>
/// <param name="Since">The version of the API that brought it.</param>
internal sealed record SchemaField(string Type, bool Required, (int Major, int Minor) Since);

/// <summary>A call as the schema has it.</summary>
internal sealed record SchemaCall((int Major, int Minor) Since, Dictionary<string, SchemaField> Request, Dictionary<string, SchemaField> Response);

/// <summary>What ClearML's schema says of the calls that we serve or make: clearml-schema.txt, derived by derive-schema-facts.py.</summary>
internal static class SchemaFacts
{
    public static Dictionary<string, SchemaCall> Calls { get; } = [];

    public static Dictionary<string, Dictionary<string, SchemaField>> Definitions { get; } = [];

    static SchemaFacts()
    {
        SchemaCall? call = null;
        Dictionary<string, SchemaField>? definition = null;
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "ClearMl", "clearml-schema.txt")))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (line.StartsWith('#'))
            {
                Definitions[line] = definition = [];
                call = null;
            }
            else if (!line.StartsWith(' '))
            {
                Calls[words[0]] = call = new SchemaCall(Version(words[1]), [], []);
                definition = null;
            }
            else if (definition is not null)
            {
                definition[words[0]] = new SchemaField(words[1], false, (0, 0));
            }
            else
            {
                var side = words[0].StartsWith('>') ? call!.Request : call!.Response;
                side[words[1]] = new SchemaField(words[2], words[0].EndsWith('*'), words.Length > 3 ? Version(words[3]) : call.Since);
            }
        }
    }

    public static (int Major, int Minor) Version(string text)
    {
        var parts = text.Split('.');
        return (int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    /// <summary>The fields of what a type names; null for a type without any.</summary>
    public static Dictionary<string, SchemaField>? FieldsOf(string type) => type.StartsWith('#') ? Definitions[type] : null;
}
