using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using ControlPlane.Domain.Deciding;

namespace ControlPlane.Domain.Secrets;

/// <summary>
/// Where a secret stands, never the secret itself: <c>env:NAME</c> for a variable of the node's environment, <c>file:PATH</c> for a file that the node can
/// read. It may stand in documents, events and logs. Whoever needs the secret asks <see cref="ISecretReader"/> at that moment and keeps it no longer.
/// </summary>
[JsonConverter(typeof(TextIdConverter<SecretReference>))]
public sealed record SecretReference(string Value) : ITextId<SecretReference>
{
    /// <summary>The rule as a regular expression.</summary>
    public const string Pattern = "^(env:[A-Za-z_][A-Za-z0-9_]{0,127}|file:[^\\x00-\\x1F\\x7F]{1,1024})$";

    /// <summary>What to write instead of a text that is no reference.</summary>
    public const string Rule = "Write env:NAME for a variable of the node's environment, or file:PATH for a file that the node can read; never the secret itself.";

    private const string Environment = "env:";
    private const string FilePrefix = "file:";

    public static SecretReference From(string value) => new(value);

    /// <summary>The name of the variable; null for a file.</summary>
    [JsonIgnore]
    public string? Variable => Value.StartsWith(Environment, StringComparison.Ordinal) ? Value[Environment.Length..] : null;

    /// <summary>The path of the file; null for a variable.</summary>
    [JsonIgnore]
    public string? File => Value.StartsWith(FilePrefix, StringComparison.Ordinal) ? Value[FilePrefix.Length..] : null;

    /// <summary>Reads a reference. A text that is none is not repeated in any message: it may be the secret itself.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out SecretReference? reference)
    {
        reference = text is null ? null : new SecretReference(text);
        var valid = reference switch
        {
            { Variable: { Length: >= 1 and <= 128 } name } => !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'),
            { File: { Length: >= 1 and <= 1_024 } path } => !path.Any(char.IsControl),
            _ => false,
        };
        if (!valid)
            reference = null;
        return valid;
    }

    public override string ToString() => Value;
}
