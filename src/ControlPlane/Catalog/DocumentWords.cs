namespace ControlPlane.Catalog;

/// <summary>The value is a duration such as <c>90s</c> or <c>1h30m</c>.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class DurationTextAttribute(string? word = null) : Attribute
{
    /// <summary>A word that may stand in its place; null if there is none.</summary>
    public string? Word => word;
}

/// <summary>The value is an amount of US dollars.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class MoneyTextAttribute : Attribute;

/// <summary>The value is the name of an object.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class NameTextAttribute : Attribute;

/// <summary>The value is a reference to a secret: <c>env:NAME</c> or <c>file:PATH</c>.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SecretTextAttribute : Attribute;

/// <summary>The value is one of these words.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class WordsAttribute(params string[] words) : Attribute
{
    public IReadOnlyList<string> Words => words;
}

/// <summary>What holds if the key is left out, as it would be written.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class LeftOutAttribute(string value) : Attribute
{
    public string Value => value;
}
