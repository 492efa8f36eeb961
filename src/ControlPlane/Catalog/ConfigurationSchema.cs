using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Secrets;

namespace ControlPlane.Catalog;

/// <summary>The JSON schema of the document, for editors, made from the shapes that the document is bound to.</summary>
public static class ConfigurationSchema
{
    private const string DurationPattern = @"^(0|P[0-9DTHMS.]+|[0-9.]*[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?|([0-9]+(\.[0-9]+)?(d|h|m|s|ms) ?)+)$";

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.General)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        WriteIndented = true,
        NewLine = "\n",
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The schema as indented JSON with a line end: the content of docs/controlplane.schema.json.</summary>
    public static string Generate()
    {
        var exporter = new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = Describe };
        var schema = (JsonObject)Options.GetJsonSchemaAsNode(typeof(DocumentShape), exporter);
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", "controlplane.yaml");
        return schema.ToJsonString(Options) + "\n";
    }

    private static JsonNode Describe(JsonSchemaExporterContext context, JsonNode node)
    {
        if (node is not JsonObject schema)
        {
            return node;
        }

        if (context.PropertyInfo is null)
        {
            // The root and the items of lists: what the type says of itself.
            Text(schema, context.TypeInfo.Type.GetCustomAttribute<DescriptionAttribute>()?.Description);
        }

        if (context.TypeInfo.Kind == JsonTypeInfoKind.Object)
        {
            var required = context.TypeInfo.Properties.Where(p => Attribute<RequiredAttribute>(p) is not null).Select(p => (JsonNode)p.Name).ToArray();
            if (required.Length > 0)
            {
                schema["required"] = new JsonArray(required);
            }
        }

        if (context.PropertyInfo is { } property)
        {
            DescribeProperty(schema, property);
        }

        return schema;
    }

    private static void DescribeProperty(JsonObject schema, JsonPropertyInfo property)
    {
        Text(schema, Attribute<DescriptionAttribute>(property)?.Description);
        if (Attribute<RequiredAttribute>(property) is not null && schema["type"] is JsonArray types)
        {
            // A required key may not be left empty.
            schema["type"] = types.Select(t => t!.GetValue<string>()).First(t => t != "null");
        }

        if (Attribute<WordsAttribute>(property) is { } words)
        {
            var values = words.Words.Select(w => (JsonNode?)w).ToList();
            if (Attribute<RequiredAttribute>(property) is null)
            {
                values.Add(null);
            }

            schema["enum"] = new JsonArray([.. values]);
        }

        if (Attribute<NameTextAttribute>(property) is not null)
        {
            schema["pattern"] = ObjectName.Pattern;
        }

        if (Attribute<SecretTextAttribute>(property) is not null)
        {
            schema["pattern"] = SecretReference.Pattern;
        }

        if (Attribute<DurationTextAttribute>(property) is { } duration)
        {
            schema["type"] = new JsonArray("string", "integer", "null");
            schema["pattern"] = duration.Word is { } word ? DurationPattern.Replace("^(", $"^({word}|", StringComparison.Ordinal) : DurationPattern;
            schema["maximum"] = 0;
            schema["minimum"] = 0;
        }

        if (Attribute<MoneyTextAttribute>(property) is not null)
        {
            schema["type"] = Attribute<RequiredAttribute>(property) is null ? new JsonArray("number", "string", "null") : new JsonArray("number", "string");
            schema["minimum"] = 0;
            schema["pattern"] = MoneyText.Pattern.Replace("-?", "", StringComparison.Ordinal);
        }

        if (Attribute<RangeAttribute>(property) is { } range)
        {
            schema["minimum"] = Number(range.Minimum);
            schema["maximum"] = Number(range.Maximum);
        }

        if (Attribute<LeftOutAttribute>(property) is { } leftOut)
        {
            schema["default"] = Default(property.PropertyType, leftOut.Value);
        }
    }

    private static JsonNode Default(Type type, string text) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var t when t == typeof(bool) => bool.Parse(text),
        var t when t == typeof(int) => int.Parse(text, CultureInfo.InvariantCulture),
        var t when t == typeof(double) => double.Parse(text, CultureInfo.InvariantCulture),
        _ => text,
    };

    private static JsonNode Number(object value) => value is int whole ? whole : Convert.ToDouble(value, CultureInfo.InvariantCulture);

    private static void Text(JsonObject schema, string? description)
    {
        if (description is not null)
        {
            schema.Remove("description");
            schema.Insert(0, "description", description);
        }
    }

    private static T? Attribute<T>(JsonPropertyInfo property)
        where T : Attribute => property.AttributeProvider?.GetCustomAttributes(typeof(T), inherit: false).OfType<T>().FirstOrDefault();
}
