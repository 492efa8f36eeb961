using System.Globalization;

namespace ControlPlane.Simulation.Ec2;

/// <summary>
/// The parameters of one request of the query protocol. Remembers which were read: one that no rule reads is an error, so that a test double never
/// nods at a setting that it does not honour.
/// </summary>
public sealed class Ec2Parameters
{
    private readonly IReadOnlyDictionary<string, string> _all;
    private readonly HashSet<string> _read;
    private readonly string _prefix;

    public Ec2Parameters(IReadOnlyDictionary<string, string> all)
        : this(all, [], "")
    {
    }

    private Ec2Parameters(IReadOnlyDictionary<string, string> all, HashSet<string> read, string prefix) => (_all, _read, _prefix) = (all, read, prefix);

    /// <summary>The first parameter that nobody read; null if there is none.</summary>
    public string? FirstUnread => _all.Keys.Where(k => !_read.Contains(k)).Order(StringComparer.Ordinal).FirstOrDefault();

    public bool IsEmpty => !_all.Keys.Any(k => k.StartsWith(_prefix, StringComparison.Ordinal));

    public string? Text(string name)
    {
        var key = _prefix + name;
        if (!_all.TryGetValue(key, out var value))
            return null;
        _read.Add(key);
        return value;
    }

    public string Required(string name) =>
        Text(name) is { Length: > 0 } value ? value : throw new Ec2RefusedException("MissingParameter", $"The request must contain the parameter {_prefix}{name}");

    public string? OneOf(string name, params string[] words) => Text(name) is not { } word || words.Contains(word)
        ? Text(name)
        : throw Ec2RefusedException.BadValue($"Value ({word}) for parameter {_prefix}{name} is invalid. Known here: {string.Join(", ", words)}.");

    public bool? Flag(string name) => Text(name) switch
    {
        null => null,
        "true" or "True" => true,
        "false" or "False" => false,
        var other => throw Ec2RefusedException.BadValue($"Value ({other}) for parameter {_prefix}{name} is invalid. Expected a boolean."),
    };

    public int? Number(string name, int least, int most) => Text(name) switch
    {
        null => null,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most => value,
        var text => throw Ec2RefusedException.BadValue($"Value ( {text} ) for parameter {_prefix}{name} is invalid. Expecting a value from {least} to {most}."),
    };

    public decimal? Price(string name) => Text(name) switch
    {
        null => null,
        var text when decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value > 0 => value,
        var text => throw Ec2RefusedException.BadValue($"Value ({text}) for parameter {_prefix}{name} is invalid. Expected a positive price."),
    };

    public DateTimeOffset? Time(string name) => Text(name) switch
    {
        null => null,
        var text when DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var value) => value,
        var text => throw Ec2RefusedException.BadValue($"Value ({text}) for parameter {_prefix}{name} is invalid. Expected a time."),
    };

    /// <summary><c>NAME.1</c>, <c>NAME.2</c> and so on.</summary>
    public IReadOnlyList<string> List(string name) => [.. Indexes(name).Select(i => Text($"{name}.{i}") ?? throw new Ec2RefusedException(
        "InvalidQueryParameter", $"The parameter {_prefix}{name}.{i} is no list of structures"))];

    /// <summary><c>NAME.1.X</c>, <c>NAME.2.X</c> and so on, each as parameters of its own.</summary>
    public IReadOnlyList<Ec2Parameters> Structures(string name) => [.. Indexes(name).Select(i => new Ec2Parameters(_all, _read, $"{_prefix}{name}.{i}."))];

    /// <summary><c>NAME.X</c> as parameters of their own.</summary>
    public Ec2Parameters Structure(string name) => new(_all, _read, $"{_prefix}{name}.");

    /// <summary>All parameters in one text, the same whatever their order.</summary>
    public string Describe(params string[] except) =>
        string.Join('\n', _all.Where(p => !except.Contains(p.Key)).OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}"));

    private IReadOnlyList<int> Indexes(string name)
    {
        var prefix = $"{_prefix}{name}.";
        var indexes = new SortedSet<int>();
        // The SDK sends an empty list as an empty value.
        if (_all.GetValueOrDefault(_prefix + name) == "")
            _read.Add(_prefix + name);
        foreach (var key in _all.Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal)))
        {
            var text = key[prefix.Length..].Split('.')[0];
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index < 1)
                throw new Ec2RefusedException("InvalidQueryParameter", $"The parameter {key} has no index");
            indexes.Add(index);
        }

        return [.. indexes];
    }
}
