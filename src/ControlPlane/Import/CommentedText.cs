using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ControlPlane.Import;

/// <summary>YAML in the making, with comments. Every value is written so that no reader takes it for something else.</summary>
internal sealed partial class CommentedText
{
    private const int Width = 140;

    private readonly StringBuilder text = new();

    public override string ToString() => text.ToString();

    public CommentedText Raw(int depth, string line)
    {
        text.Append(' ', depth * 2).Append(line).Append('\n');
        return this;
    }

    /// <summary>A comment, broken into lines. Nothing in it ends it.</summary>
    public CommentedText Say(int depth, string comment)
    {
        var line = new StringBuilder();
        foreach (var word in comment.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + word.Length + (depth * 2) > Width)
            {
                Raw(depth, $"# {line}");
                line.Clear();
            }

            line.Append(line.Length > 0 ? " " : "").Append(word.Where(c => !char.IsControl(c)).ToArray());
        }

        return Raw(depth, $"# {line}");
    }

    public CommentedText Set(int depth, string key, string value, bool first = false) =>
        IsLines(value) ? Block(depth, key, value) : Raw(depth, $"{(first ? "- " : "")}{key}: {Quote(value)}");

    /// <summary>A line of a list of words.</summary>
    public CommentedText Set(int depth, string key, IEnumerable<string> words) => Raw(depth, $"{key}: [{string.Join(", ", words.Select(Quote))}]");

    public CommentedText Set(int depth, string key, IEnumerable<KeyValuePair<string, string>> pairs) => Raw(depth, $"{key}: {{ {string.Join(", ", pairs.Select(p => $"{Quote(p.Key)}: {Quote(p.Value)}"))} }}");

    private CommentedText Block(int depth, string key, string value)
    {
        Raw(depth, value.EndsWith('\n') ? $"{key}: |" : $"{key}: |-");
        foreach (var line in value.TrimEnd('\n').Split('\n'))
            text.Append(line.Length > 0 ? new string(' ', (depth + 1) * 2) : "").Append(line).Append('\n');
        return this;
    }

    /// <summary>Plain where nobody can take it for anything but a text, in JSON's quotes otherwise.</summary>
    public static string Quote(string value) =>
        Plain().IsMatch(value) && value.ToUpperInvariant() is not ("NULL" or "TRUE" or "FALSE" or "YES" or "NO" or "ON" or "OFF" or "Y" or "N")
            ? value
            : $"\"{JsonEncodedText.Encode(value, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    /// <summary>Several lines that a block gives back as they were.</summary>
    private static bool IsLines(string value) =>
        value.Contains('\n', StringComparison.Ordinal) && value.Trim().Length > 0 && value[0] is not (' ' or '\n' or '\t') && !value.EndsWith("\n\n", StringComparison.Ordinal)
        && value.All(c => c is '\n' or '\t' or (>= ' ' and <= '~'));

    [GeneratedRegex("^[A-Za-z_/][A-Za-z0-9_./+-]*$|^(env|file):[A-Za-z0-9_./-]+$", RegexOptions.CultureInvariant)]
    private static partial Regex Plain();
}
