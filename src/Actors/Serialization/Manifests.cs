using System.Collections.Frozen;
using System.Runtime.Serialization;
using System.Text.Json;
using Akka.Util;

namespace ControlPlane.Actors.Serialization;

/// <summary>
/// Everything that this program may store or send: the one place where types and manifests meet. Immutable, thread safe.
/// <para>While a cluster is upgraded node by node, its newer nodes write what its oldest node reads (<see cref="FormFor"/>), so that any node may fail, or go back, at any moment.</para>
/// </summary>
public sealed class Manifests
{
    private readonly FrozenDictionary<string, Manifest> _byName;
    private readonly FrozenDictionary<Type, Manifest> _byType;
    private readonly FrozenDictionary<Type, Manifest[]> _forms;

    private Manifests(IReadOnlyList<Manifest> all)
    {
        All = all;
        _byName = all.ToFrozenDictionary(m => m.Name, StringComparer.Ordinal);
        _byType = all.Where(m => m.Kind != ManifestKind.Former).DistinctBy(m => m.Type).ToFrozenDictionary(m => m.Type);
        _forms = all.Where(m => m.Kind != ManifestKind.Former || m.WrittenFor is not null)
            .GroupBy(m => m.WrittenFor?.Of ?? m.Fact ?? m.Type)
            .ToFrozenDictionary(g => g.Key, g => g.OrderBy(m => m.Kind == ManifestKind.Former).ThenByDescending(m => m.Since).ToArray());
    }

    public IReadOnlyList<Manifest> All { get; }

    /// <exception cref="ArgumentException">A manifest or a type stands twice, or what is written in the stead of a type is not older than it.</exception>
    public static Manifests Of(params IEnumerable<ManifestTable> tables) => Of(tables.SelectMany(t => t.Entries));

    /// <inheritdoc cref="Of(IEnumerable{ManifestTable})"/>
    internal static Manifests Of(IEnumerable<Manifest> entries)
    {
        var all = entries.ToList();
        var twice = all.GroupBy(m => m.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1)?.Key
            ?? all.Where(m => m.Kind != ManifestKind.Former).GroupBy(m => m.Fact ?? m.Type).FirstOrDefault(g => g.Count() > 1)?.Key.FullName;
        if (twice is not null)
            throw new ArgumentException($"'{twice}' is registered twice; each manifest names one type and each type has one manifest.");
        var manifests = new Manifests(all);
        foreach (var forms in manifests._forms.Values)
        {
            for (var i = 1; i < forms.Length; i++)
            {
                if (forms[i - 1].Since.CompareTo(forms[i].Since) <= 0)
                    throw new ArgumentException($"'{forms[i].Name}' is written for nodes that cannot read '{forms[i - 1].Name}', so that one must be there since a later version.");
            }

            if (forms[0].Kind == ManifestKind.Former)
                throw new ArgumentException($"'{forms[0].Name}' is written in the stead of {forms[0].WrittenFor!.Of.FullName}, which has no manifest of its own.");
        }

        return manifests;
    }

    public bool Knows(Type type) => _byType.ContainsKey(type);

    /// <summary>The name under which this is written when every node is of this version of the program.</summary>
    /// <exception cref="SerializationException">The type has no manifest.</exception>
    public string NameOf(object value) => FormsOf(value)[0].Name;

    /// <summary>What is written under <see cref="NameOf"/>.</summary>
    /// <exception cref="SerializationException">The type has no manifest.</exception>
    public byte[] Write(object value) => Write(value, FormsOf(value)[0]);

    /// <summary>The newest form that all nodes can read; the oldest that there is if they can read none.</summary>
    /// <param name="value">What shall be written.</param>
    /// <param name="oldest">The version of the oldest node that may have to read it; asked only if there is a choice.</param>
    /// <param name="choice">Whether there is more than one form.</param>
    /// <exception cref="SerializationException">The type has no manifest.</exception>
    public Manifest FormFor(object value, Func<AppVersion> oldest, out bool choice)
    {
        var forms = FormsOf(value);
        choice = forms.Length > 1;
        if (!choice)
            return forms[0];
        var reader = oldest();
        return Array.Find(forms, form => form.Since.CompareTo(reader) <= 0) ?? forms[^1];
    }

    /// <param name="value">What shall be written.</param>
    /// <param name="form">One of its forms.</param>
    public static byte[] Write(object value, Manifest form) =>
        JsonSerializer.SerializeToUtf8Bytes(form.WrittenFor is { } stead ? stead.Downgrade(value) : value, form.Json);

    /// <summary>Reads what was written under this manifest; a former form comes back as what it means today.</summary>
    /// <exception cref="SerializationException">The manifest is unknown or the JSON does not fit it.</exception>
    public object Read(string manifest, ReadOnlySpan<byte> json)
    {
        if (!_byName.TryGetValue(manifest, out var known))
            throw new SerializationException($"The manifest '{manifest}' is unknown to this version of the program. A newer version wrote it, or its registration was removed.");

        try
        {
            var value = JsonSerializer.Deserialize(json, known.Json)
                ?? throw new SerializationException($"The JSON under the manifest '{manifest}' is null.");
            return known.Upgrade is null ? value : known.Upgrade(value);
        }
        catch (JsonException fault)
        {
            throw new SerializationException($"The JSON under the manifest '{manifest}' does not fit {known.Type.Name}: {fault.Message}", fault);
        }
    }

    /// <summary>Whether something can be read that stands under this manifest.</summary>
    public bool Reads(string manifest) => _byName.ContainsKey(manifest);

    private Manifest[] FormsOf(object value)
    {
        var type = value.GetType();
        if (_byType.TryGetValue(type, out var known) && _forms.TryGetValue(type = known.FactOf?.Invoke(value) ?? type, out var forms))
            return forms;
        throw new SerializationException($"{type.FullName} has no manifest. Register it in its entity's {nameof(ManifestTable)} before it is stored or sent.");
    }
}
