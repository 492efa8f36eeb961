using System.Collections;
using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlScalar = YamlDotNet.Core.Events.Scalar;

namespace ControlPlane.Catalog;

/// <summary>Shape to text, in one form only: the same shape always gives the same text.</summary>
internal static partial class YamlWriter
{
    public static string Write(DocumentShape document)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        var emitter = new Emitter(text, new EmitterSettings(bestIndent: 2, bestWidth: int.MaxValue, isCanonical: false, maxSimpleKeyLength: 1_024));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        WriteShape(emitter, document);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    private static void WriteShape(Emitter emitter, object shape)
    {
        emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, isImplicit: true, MappingStyle.Block));
        foreach (var key in DocumentBinder.KeysOf(shape.GetType()))
        {
            if (key.Property.GetValue(shape) is { } value)
            {
                Plain(emitter, key.Name);
                WriteValue(emitter, value, key.IsMoneyOrDuration);
            }
        }

        emitter.Emit(new MappingEnd());
    }

    private static void WriteValue(Emitter emitter, object value, bool isPlain)
    {
        switch (value)
        {
            case string text when isPlain || IsUnmistakable(text):
                Plain(emitter, text);
                break;
            case string text when IsReadableAsLines(text):
                emitter.Emit(new YamlScalar(AnchorName.Empty, TagName.Empty, text, ScalarStyle.Literal, true, false));
                break;
            case string text:
                Quoted(emitter, text);
                break;
            case bool truth:
                Plain(emitter, truth ? "true" : "false");
                break;
            case int or double:
                Plain(emitter, ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture));
                break;
            case Dictionary<string, string> variables:
                WriteVariables(emitter, variables);
                break;
            case IList list:
                WriteList(emitter, list);
                break;
            default:
                WriteShape(emitter, value);
                break;
        }
    }

    private static void WriteList(Emitter emitter, IList list)
    {
        var isShort = list.Count == 0 || list[0] is string or int;
        emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true, isShort ? SequenceStyle.Flow : SequenceStyle.Block));
        foreach (var item in list)
        {
            WriteValue(emitter, item!, isPlain: false);
        }

        emitter.Emit(new SequenceEnd());
    }

    private static void WriteVariables(Emitter emitter, Dictionary<string, string> variables)
    {
        emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, isImplicit: true, MappingStyle.Block));
        foreach (var (name, value) in variables)
        {
            WriteValue(emitter, name, isPlain: false);
            Quoted(emitter, value);
        }

        emitter.Emit(new MappingEnd());
    }

    private static void Plain(Emitter emitter, string text) => emitter.Emit(new YamlScalar(AnchorName.Empty, TagName.Empty, text, ScalarStyle.Plain, true, false));

    private static void Quoted(Emitter emitter, string text) => emitter.Emit(new YamlScalar(AnchorName.Empty, TagName.Empty, text, ScalarStyle.DoubleQuoted, false, true));

    /// <summary>A text that no reader of YAML takes for a number, a date, a truth or nothing.</summary>
    private static bool IsUnmistakable(string text) =>
        Word().IsMatch(text) && text.ToUpperInvariant() is not ("NULL" or "TRUE" or "FALSE" or "YES" or "NO" or "ON" or "OFF" or "Y" or "N");

    /// <summary>Several lines without anything that a block of lines could not give back: such as scripts.</summary>
    private static bool IsReadableAsLines(string text) =>
        text.Contains('\n', StringComparison.Ordinal) && text[0] is not (' ' or '\n' or '\t') && text.All(c => c is '\n' or (>= ' ' and <= '~'));

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_./+-]*$", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
