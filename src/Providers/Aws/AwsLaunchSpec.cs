using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Amazon.EC2.Model;
using Amazon.Runtime;
using ControlPlane.Domain.Catalog;

namespace ControlPlane.Providers.Aws;

/// <summary>
/// Lays a JSON object over a launch: its keys are the parameters of RunInstances by the names of the API, which the SDK's properties have too. An object is
/// merged into what is there, a list or a value takes its place. What the API does not have is refused before anything is launched.
/// </summary>
public static class AwsLaunchSpec
{
    /// <summary>What is wrong with it, and how to mend it; null if nothing is.</summary>
    public static (string Message, string Fix)? Fault(string json)
    {
        try
        {
            Merge(new RunInstancesRequest(), json);
            return null;
        }
        catch (AwsLaunchSpecException fault)
        {
            return (fault.Message, fault.Fix);
        }
    }

    /// <exception cref="AwsLaunchSpecException">A key is unknown, or a value of the wrong kind.</exception>
    public static void Merge(RunInstancesRequest request, string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            Into(request, document.RootElement, "");
        }
        catch (JsonException fault)
        {
            throw new AwsLaunchSpecException($"It is no JSON: {fault.Message}", "Write a JSON object.");
        }
    }

    private static void Into(object target, JsonElement element, string path)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw new AwsLaunchSpecException($"{Named(path)} is not an object.", "Write { ... } there.");
        var properties = target.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(p => p is { CanRead: true, CanWrite: true }).ToDictionary(p => p.Name, StringComparer.Ordinal);
        foreach (var entry in element.EnumerateObject())
        {
            var at = path.Length == 0 ? entry.Name : $"{path}.{entry.Name}";
            if (!properties.TryGetValue(entry.Name, out var property))
            {
                var near = Suggestion.Nearest(entry.Name, properties.Keys);
                throw new AwsLaunchSpecException(
                    $"There is no '{at}' in the API's {target.GetType().Name}.",
                    near is null ? $"Write one of: {string.Join(", ", properties.Keys.Order())}." : $"Did you mean {near}?");
            }

            property.SetValue(target, Value(property.PropertyType, property.GetValue(target), entry.Value, at));
        }
    }

    private static object? Value(Type type, object? present, JsonElement element, string path)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>))
        {
            if (element.ValueKind != JsonValueKind.Array)
                throw new AwsLaunchSpecException($"{Named(path)} is not a list.", "Write [ ... ] there.");
            var items = (IList)Activator.CreateInstance(type)!;
            foreach (var (item, i) in element.EnumerateArray().Select((item, i) => (item, i)))
                items.Add(Value(type.GetGenericArguments()[0], null, item, $"{path}[{i}]"));
            return items;
        }

        // The API says {"Enabled": true} where the SDK has a plain truth.
        if (type == typeof(bool) && element.ValueKind == JsonValueKind.Object && element.EnumerateObject().ToArray() is [{ Name: "Enabled" } only])
            element = only.Value;
        if (Scalar(type, element) is { } scalar)
            return scalar;
        if (type.IsPrimitive || type == typeof(string) || typeof(ConstantClass).IsAssignableFrom(type) || type == typeof(DateTime))
            throw new AwsLaunchSpecException($"{Named(path)} is not a {Word(type)}.", $"Write a {Word(type)} there.");
        var whole = present ?? Activator.CreateInstance(type)!;
        Into(whole, element, path);
        return whole;
    }

    private static object? Scalar(Type type, JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String when type == typeof(string) => element.GetString(),
        JsonValueKind.String when typeof(ConstantClass).IsAssignableFrom(type) => Activator.CreateInstance(type, element.GetString()),
        JsonValueKind.True or JsonValueKind.False when type == typeof(bool) => element.GetBoolean(),
        JsonValueKind.Number when type == typeof(int) && element.TryGetInt32(out var whole) => whole,
        JsonValueKind.Number when type == typeof(long) && element.TryGetInt64(out var big) => big,
        JsonValueKind.Number when type == typeof(double) => element.GetDouble(),
        JsonValueKind.String when type == typeof(DateTime) && element.TryGetDateTime(out var time) => time,
        _ => null,
    };

    private static string Word(Type type) =>
        type == typeof(bool) ? "truth (true or false)" : type.IsPrimitive ? "number" : type == typeof(DateTime) ? "time" : "text";

    private static string Named(string path) => path.Length == 0 ? "The launch specification" : string.Create(CultureInfo.InvariantCulture, $"'{path}'");
}

/// <summary>A launch specification that cannot be laid over a launch.</summary>
public sealed class AwsLaunchSpecException : Exception
{
    public AwsLaunchSpecException(string message, string fix)
        : base(message) => Fix = fix;

    public AwsLaunchSpecException()
    {
    }

    public AwsLaunchSpecException(string message)
        : base(message)
    {
    }

    public AwsLaunchSpecException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>What to write instead.</summary>
    public string Fix { get; } = "";
}
