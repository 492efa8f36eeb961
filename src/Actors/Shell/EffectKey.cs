using System.Collections;
using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Text;

namespace ControlPlane.Actors.Shell;

/// <summary>
/// The identity of an effect by its contents. Records compare the collections they hold by reference, so two equal effects of two calls of
/// <c>Resume</c> would count as different ones and the back-off would start anew each time.
/// </summary>
internal static class EffectKey
{
    private static readonly ConcurrentDictionary<Type, PropertyInfo[]> Shapes = new();

    public static string Of(object effect)
    {
        var text = new StringBuilder(128);
        Write(text, effect);
        return text.ToString();
    }

    private static void Write(StringBuilder text, object? value)
    {
        switch (value)
        {
            case null:
                text.Append('-');
                break;
            case string s:
                text.Append(s.Length).Append(':').Append(s);
                break;
            case DateTimeOffset t:
                text.Append(t.UtcTicks);
                break;
            case Enum or IFormattable:
                text.Append(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
            case IEnumerable many:
                text.Append('[');
                foreach (var one in many)
                {
                    Write(text, one);
                    text.Append(',');
                }

                text.Append(']');
                break;
            default:
                WriteProperties(text, value);
                break;
        }
    }

    private static void WriteProperties(StringBuilder text, object value)
    {
        var type = value.GetType();
        var properties = Shapes.GetOrAdd(type, static t =>
            [.. t.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanRead && p.GetIndexParameters().Length == 0)]);
        text.Append(type.Name).Append('{');
        if (properties.Length == 0 && value is not ValueType)
            text.Append(Convert.ToString(value, CultureInfo.InvariantCulture));
        foreach (var property in properties)
        {
            Write(text, property.GetValue(value));
            text.Append(';');
        }

        text.Append('}');
    }
}
