using System.Collections;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace ControlPlane.Actors.Tests.Golden;

/// <summary>Proposes the JSON of a type that has no golden file yet: one value for each property, the first case of a closed set, one element in a list.</summary>
internal static class Samples
{
    private const int MaxDepth = 16;

    /// <param name="type">What to make.</param>
    /// <param name="fact">The case to take where a property is of the closed set that it belongs to; otherwise the first case is taken.</param>
    /// <param name="depth">How deep in the whole it stands.</param>
    public static object Of(Type type, Type? fact = null, int depth = 0)
    {
        if (depth > MaxDepth)
            throw new InvalidOperationException($"{type.Name} nests too deeply for a sample; write its golden file by hand.");
        if (Nullable.GetUnderlyingType(type) is { } inner)
            return Of(inner, fact, depth);
        if (type.IsEnum)
            return Enum.GetValues(type).GetValue(0)!;
        if (Simple(type) is { } simple)
            return simple;
        if (type.IsAbstract && !typeof(IEnumerable).IsAssignableFrom(type))
            return Of(fact?.IsSubclassOf(type) == true ? fact : type.Assembly.GetTypes().First(t => t.IsSubclassOf(type) && !t.IsAbstract), fact, depth);
        if (typeof(IEnumerable).IsAssignableFrom(type))
            return Collection(type, fact, depth);

        var constructor = type.GetConstructors(BindingFlags.Public | BindingFlags.Instance)
            .Where(c => !(c.GetParameters() is [var only] && only.ParameterType == type))
            .OrderByDescending(c => c.GetParameters().Length).First();
        var parameters = constructor.GetParameters();
        var sample = constructor.Invoke([.. parameters.Select(p => Of(p.ParameterType, fact, depth + 1))]);
        foreach (var property in type.GetProperties().Where(p => p.CanWrite && !parameters.Any(x => x.Name == p.Name)))
            property.SetValue(sample, Of(property.PropertyType, fact, depth + 1));
        return sample;
    }

    private static object? Simple(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.String => "text",
        TypeCode.Boolean => true,
        TypeCode.Int32 => 7,
        TypeCode.Int64 => 7L,
        TypeCode.UInt64 => 7UL,
        TypeCode.Double => 1.5,
        TypeCode.Decimal => 1.5m,
        _ when type == typeof(DateTimeOffset) => new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        _ when type == typeof(TimeSpan) => TimeSpan.FromMinutes(10),
        _ when type == typeof(DateOnly) => new DateOnly(2026, 1, 2),
        _ when type == typeof(Uri) => new Uri("https://example.org/"),
        _ when type == typeof(JsonNode) => JsonValue.Create(7),
        _ => null,
    };

    /// <summary>Collections are made by the serializer itself, from the JSON of one element.</summary>
    private static object Collection(Type type, Type? fact, int depth)
    {
        var dictionary = new[] { type }.Concat(type.GetInterfaces())
            .FirstOrDefault(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>))?.GetGenericArguments();
        var element = type.IsArray
            ? type.GetElementType()!
            : new[] { type }.Concat(type.GetInterfaces()).First(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IEnumerable<>)).GetGenericArguments()[0];
        var options = new System.Text.Json.JsonSerializerOptions { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };
        IEnumerable made;
        if (dictionary is [var key, var value])
        {
            var map = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(key, value))!;
            map.Add(Of(key, fact, depth + 1), Of(value, fact, depth + 1));
            made = map;
        }
        else
        {
            var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(element))!;
            list.Add(Of(element, fact, depth + 1));
            made = list;
        }

        return type.IsInstanceOfType(made)
            ? made
            : System.Text.Json.JsonSerializer.Deserialize(System.Text.Json.JsonSerializer.Serialize(made, made.GetType(), options), type, options)!;
    }
}
