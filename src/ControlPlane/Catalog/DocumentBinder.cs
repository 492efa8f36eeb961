using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using ControlPlane.Domain.Catalog;

namespace ControlPlane.Catalog;

/// <summary>Tree to shape: every key is known, every value of its kind. What is faulty is left out, so that the rest can be checked too.</summary>
internal sealed class DocumentBinder(DocumentFaults faults)
{
    private static readonly ConcurrentDictionary<Type, FrozenDictionary<string, Key>> Shapes = new();

    /// <summary>The keys of a shape in their order.</summary>
    public static IEnumerable<Key> KeysOf(Type shape) => shape.GetProperties().Select(p => new Key(p));

    public T Bind<T>(YamlNode node, string path)
        where T : class, new() => BindShape(typeof(T), node, path) as T ?? new T();

    private object? BindShape(Type shape, YamlNode node, string path)
    {
        if (node is not YamlNode.Mapping mapping)
        {
            Wrong(node, path, "a mapping", "Write 'key: value' lines here.");
            return null;
        }

        var keys = Shapes.GetOrAdd(shape, type => KeysOf(type).ToFrozenDictionary(k => k.Name, StringComparer.Ordinal));
        var bound = Activator.CreateInstance(shape)!;
        var missing = keys.Values.Where(k => k.IsRequired).Select(k => k.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var entry in mapping.Entries)
        {
            var at = path.Length == 0 ? entry.Key : $"{path}.{entry.Key}";
            if (!keys.TryGetValue(entry.Key, out var key))
            {
                var near = Suggestion.Nearest(entry.Key, keys.Keys);
                if (near is not null)
                {
                    missing.Remove(near);
                    faults.Meant(path.Length == 0 ? near : $"{path}.{near}");
                }

                faults.Add(
                    entry.Place,
                    at,
                    $"There is no key '{Shorten(entry.Key)}' here.",
                    near is null ? $"Known keys: {string.Join(", ", KeysOf(shape).Select(k => k.Name))}." : $"Did you mean '{near}'?");
                continue;
            }

            if (entry.Value is YamlNode.Scalar { IsNull: true })
            {
                continue;
            }

            missing.Remove(entry.Key);
            if (BindValue(key, key.Property.PropertyType, entry.Value, at) is { } value)
            {
                key.Property.SetValue(bound, value);
            }
        }

        foreach (var name in missing)
        {
            faults.Add(mapping.Place, path.Length == 0 ? name : $"{path}.{name}", $"The key '{name}' is missing.", $"Add '{name}: ...'.");
        }

        return bound;
    }

    private object? BindValue(Key key, Type type, YamlNode node, string path)
    {
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>))
        {
            return BindList(key, type, node, path);
        }

        if (type == typeof(Dictionary<string, string>))
        {
            return BindVariables(node, path);
        }

        type = Nullable.GetUnderlyingType(type) ?? type;
        return type == typeof(string) || type.IsPrimitive ? BindScalar(key, type, node, path) : BindShape(type, node, path);
    }

    private System.Collections.IList? BindList(Key key, Type type, YamlNode node, string path)
    {
        if (node is not YamlNode.Sequence sequence)
        {
            Wrong(node, path, "a list", "Write '- ' before each item, or [a, b].");
            return null;
        }

        var items = (System.Collections.IList)Activator.CreateInstance(type)!;
        var item = type.GetGenericArguments()[0];
        for (var i = 0; i < sequence.Items.Count; i++)
        {
            // A faulty item keeps its place, so that the paths of those behind it stay right.
            items.Add(BindValue(key, item, sequence.Items[i], $"{path}[{i}]") ?? Stand(item));
        }

        return items;
    }

    private static object Stand(Type item) => item == typeof(string) ? "" : Activator.CreateInstance(item)!;

    private Dictionary<string, string>? BindVariables(YamlNode node, string path)
    {
        if (node is not YamlNode.Mapping mapping)
        {
            Wrong(node, path, "a mapping", "Write 'NAME: value' lines here.");
            return null;
        }

        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (place, name, value) in mapping.Entries)
        {
            if (value is YamlNode.Scalar { IsNull: false } scalar)
            {
                variables[name] = scalar.Text;
            }
            else
            {
                faults.Add(place, $"{path}.{name}", $"A text belongs here, and this is {value.Kind}.", "Write a text, in quotes if need be; \"\" for an empty one.");
            }
        }

        return variables;
    }

    private object? BindScalar(Key key, Type type, YamlNode node, string path)
    {
        if (node is not YamlNode.Scalar scalar || scalar.IsNull)
        {
            Wrong(node, path, "a single value", type == typeof(string) ? "Write a text." : "Write one value.");
            return null;
        }

        if (type == typeof(string))
        {
            return key.Words is null || key.Words.Contains(scalar.Text) ? scalar.Text : Refuse(node, path, $"'{Shorten(scalar.Text)}' is not known here.", FixWord(scalar.Text, key.Words));
        }

        if (type == typeof(bool))
        {
            return scalar is { IsPlain: true, Text: "true" or "false" }
                ? scalar.Text == "true"
                : Refuse(node, path, $"'{Shorten(scalar.Text)}' is neither true nor false.", "Write true or false, without quotes.");
        }

        if (type == typeof(int))
        {
            return scalar.IsPlain && int.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                ? number
                : Refuse(node, path, $"'{Shorten(scalar.Text)}' is not a whole number of a sensible size.", "Write digits only, without quotes.");
        }

        return scalar.IsPlain && double.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real)
            ? real
            : Refuse(node, path, $"'{Shorten(scalar.Text)}' is not a number.", "Write a number such as 2.5, without quotes.");
    }

    private static string FixWord(string written, IReadOnlyList<string> words) =>
        Suggestion.Nearest(written, words) is { } near ? $"Did you mean '{near}'? Write one of: {string.Join(", ", words)}." : $"Write one of: {string.Join(", ", words)}.";

    private void Wrong(YamlNode node, string path, string wanted, string fix) => Refuse(node, path, $"Here belongs {wanted}, and this is {node.Kind}.", fix);

    private object? Refuse(YamlNode node, string path, string message, string fix)
    {
        faults.Add(node.Place, path, message, fix);
        return null;
    }

    private static string Shorten(string text) => text.Length <= 80 ? text : $"{text[..77]}...";

    /// <summary>A key of the document, and what is known of its values.</summary>
    internal sealed class Key(PropertyInfo property)
    {
        public PropertyInfo Property => property;

        public string Name { get; } = JsonNamingPolicy.CamelCase.ConvertName(property.Name);

        public bool IsRequired { get; } = property.GetCustomAttribute<RequiredAttribute>() is not null;

        public IReadOnlyList<string>? Words { get; } = property.GetCustomAttribute<WordsAttribute>()?.Words;

        public bool IsMoneyOrDuration { get; } =
            property.GetCustomAttribute<MoneyTextAttribute>() is not null || property.GetCustomAttribute<DurationTextAttribute>() is not null;
    }
}
