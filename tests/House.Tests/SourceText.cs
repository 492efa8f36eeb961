using System.Text.RegularExpressions;

namespace ControlPlane.House.Tests;

/// <summary>C# as text, without what only looks like code. Lengths and lines stay as they are, so that a position is a position in the file.</summary>
internal static partial class SourceText
{
    private static readonly string[] Strings = ["raw", "verbatim", "text", "character"];

    /// <summary>The code without comments and without the content of strings.</summary>
    public static string CodeOnly(string source) => Blank(source, [.. Strings, "comment"]);

    /// <summary>The code and its comments, without the content of strings.</summary>
    public static string WithoutStrings(string source) => Blank(source, Strings);

    public static int LineOf(string source, int position) => 1 + source.AsSpan(0, position).Count('\n');

    private static string Blank(string source, IReadOnlyList<string> kinds) => Token().Replace(
        source, token => kinds.Any(kind => token.Groups[kind].Success) ? NotLineBreak().Replace(token.Value, " ") : token.Value);

    // Whichever begins first wins, so a quote in a comment begins no string and "//" in a string no comment.
    [GeneratedRegex("""
        (?<comment>//[^\n]*|/\*[\s\S]*?\*/)
        |(?<raw>(?<quotes>"{3,})[\s\S]*?(?<!")\k<quotes>(?!"))
        |(?<verbatim>(?:@\$?|\$@)"(?:[^"]|"")*")
        |(?<text>"(?:\\.|[^"\\\n])*")
        |(?<character>'(?:\\.|[^'\\\n])+')
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Token();

    [GeneratedRegex(@"[^\n]")]
    private static partial Regex NotLineBreak();
}
