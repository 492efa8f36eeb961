using System.Collections.Frozen;
using System.Runtime.Serialization;
using System.Text.Json;

namespace ControlPlane.Actors.Serialization;

/// <summary>Everything that this program may store or send: the one place where types and manifests meet. Immutable, thread safe.</summary>
public sealed class Manifests
{
    private readonly FrozenDictionary<string, Manifest> _byName;
    private readonly FrozenDictionary<Type, Manifest> _byType;
    private readonly FrozenDictionary<Type, Manifest> _byFact;

    private Manifests(IReadOnlyList<Manifest> all)
    {
        All = all;
        _byName = all.ToFrozenDictionary(m => m.Name, StringComparer.Ordinal);
        _byType = all.Where(m => m.Kind != ManifestKind.OldEvent).DistinctBy(m => m.Type).ToFrozenDictionary(m => m.Type);
        _byFact = all.Where(m => m.Fact is not null).ToFrozenDictionary(m => m.Fact!);
    }

    public IReadOnlyList<Manifest> All { get; }

    /// <exception cref="ArgumentException">A manifest or a type stands twice.</exception>
    public static Manifests Of(params IEnumerable<ManifestTable> tables)
    {
        var all = tables.SelectMany(t => t.Entries).ToList();
        var twice = all.GroupBy(m => m.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1)?.Key
            ?? all.Where(m => m.Kind != ManifestKind.OldEvent).GroupBy(m => m.Fact ?? m.Type).FirstOrDefault(g => g.Count() > 1)?.Key.FullName;
        return twice is null ? new Manifests(all) : throw new ArgumentException($"'{twice}' is registered twice; each manifest names one type and each type has one manifest.");
    }

    public bool Knows(Type type) => _byType.ContainsKey(type);

    /// <exception cref="SerializationException">The type has no manifest.</exception>
    public string NameOf(object value)
    {
        var manifest = For(value.GetType());
        if (manifest.FactOf is not { } factOf)
            return manifest.Name;
        return _byFact.TryGetValue(factOf(value), out var known)
            ? known.Name
            : throw new SerializationException($"{factOf(value).FullName} has no manifest. Register it in its entity's {nameof(ManifestTable)} before it is stored or sent.");
    }

    /// <exception cref="SerializationException">The type has no manifest.</exception>
    public byte[] Write(object value) => JsonSerializer.SerializeToUtf8Bytes(value, For(value.GetType()).Json);

    /// <summary>Reads what was written under this manifest; an old event comes back as what it means today.</summary>
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

    private Manifest For(Type type) => _byType.TryGetValue(type, out var known)
        ? known
        : throw new SerializationException($"{type.FullName} has no manifest. Register it in its entity's {nameof(ManifestTable)} before it is stored or sent.");
}
