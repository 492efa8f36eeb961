using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Akka.Util;
using ControlPlane.Domain.Deciding;

namespace ControlPlane.Actors.Serialization;

/// <summary>
/// One entity's list of what may be stored or sent, each type with its manifest, such as <c>instance.launched.v1</c>. A manifest is the storage format:
/// it is never renamed and never given to another type.
/// </summary>
public sealed partial class ManifestTable
{
    private readonly List<Manifest> _manifests = [];

    internal IReadOnlyList<Manifest> Entries => _manifests;

    /// <summary>A fact that is written to the journal.</summary>
    /// <param name="manifest">Its name.</param>
    /// <param name="json">How it becomes JSON.</param>
    /// <param name="since">The first version of the program that reads it, such as 1.2.0; null for every version. Nodes that are older get a <see cref="Former"/> form, if there is one.</param>
    public ManifestTable Event<T>(string manifest, JsonTypeInfo<T> json, string? since = null)
        where T : class, IEvent => Add(manifest, json, ManifestKind.Event, since);

    /// <summary>
    /// Facts that stand inside one envelope and have a manifest each: <c>{prefix}.{fact}.v1</c>, by the names of the nested records of <paramref name="facts"/>.
    /// </summary>
    /// <param name="prefix">The first part of the manifests.</param>
    /// <param name="json">How the envelope becomes JSON.</param>
    /// <param name="factOf">The type of the fact in an envelope.</param>
    /// <param name="facts">The closed set of facts; transient ones are left out.</param>
    public ManifestTable Family<T>(string prefix, JsonTypeInfo<T> json, Func<T, Type> factOf, Type facts)
        where T : class, IEvent
    {
        foreach (var fact in facts.GetNestedTypes().Where(t => t.IsAssignableTo(facts) && !t.IsAssignableTo(typeof(ITransientEvent))))
        {
            var name = $"{prefix}.{Kebab(fact.Name)}.v1";
            _manifests.Add(new Manifest(Valid(name), typeof(T), json, ManifestKind.Event, null) { Fact = fact, FactOf = envelope => factOf((T)envelope) });
        }

        return this;
    }

    /// <summary>
    /// A closed set of commands or replies that may cross the border of a node, each with a manifest of its own: <c>{prefix}.{case}.v1</c>, by the names of the
    /// nested records of <typeparamref name="T"/>.
    /// </summary>
    /// <param name="prefix">The first part of the manifests.</param>
    /// <param name="json">How any of them becomes JSON.</param>
    public ManifestTable Messages<T>(string prefix, JsonTypeInfo<T> json)
        where T : class
    {
        foreach (var message in typeof(T).GetNestedTypes().Where(t => t.IsAssignableTo(typeof(T))))
            _manifests.Add(new Manifest(Valid($"{prefix}.{Kebab(message.Name)}.v1"), message, json, ManifestKind.Message, null));
        return this;
    }

    /// <summary>A command, reply or notice that may cross the border of a node.</summary>
    public ManifestTable Message<T>(string manifest, JsonTypeInfo<T> json, string? since = null)
        where T : class => Add(manifest, json, ManifestKind.Message, since);

    /// <summary>
    /// A state, or the record that stands for it, that is kept as a snapshot. When its shape changes it gets a new manifest, and the former one stays, to be read: the events
    /// that a snapshot stands for may have been deleted.
    /// </summary>
    public ManifestTable Snapshot<T>(string manifest, JsonTypeInfo<T> json, string? since = null)
        where T : class => Add(manifest, json, ManifestKind.Snapshot, since);

    /// <summary>A form in which <typeparamref name="T"/> was once written: it is read as <typeparamref name="TFormer"/> and turned into what it means today.</summary>
    /// <param name="manifest">Its name.</param>
    /// <param name="json">How it becomes JSON.</param>
    /// <param name="upgrade">What it means today.</param>
    /// <param name="downgrade">
    /// What is written in the stead of a <typeparamref name="T"/> as long as the cluster has a node that is older than the new form. Null where no such node can be left.
    /// </param>
    /// <param name="since">The first version of the program that reads this form, such as 1.2.0; null for every version.</param>
    public ManifestTable Former<TFormer, T>(string manifest, JsonTypeInfo<TFormer> json, Func<TFormer, T> upgrade, Func<T, TFormer>? downgrade = null, string? since = null)
        where TFormer : class
        where T : class
    {
        _manifests.Add(new Manifest(Valid(manifest), typeof(TFormer), json, ManifestKind.Former, former => upgrade((TFormer)former))
        {
            Since = VersionOf(since),
            WrittenFor = downgrade is null ? null : new Stead(typeof(T), value => downgrade((T)value)),
        });
        return this;
    }

    private ManifestTable Add<T>(string manifest, JsonTypeInfo<T> json, ManifestKind kind, string? since)
        where T : class
    {
        _manifests.Add(new Manifest(Valid(manifest), typeof(T), json, kind, null) { Since = VersionOf(since) });
        return this;
    }

    private static AppVersion VersionOf(string? since) => since is null ? Manifest.Always : AppVersion.Create(since);

    private static string Kebab(string name) => Words().Replace(name, "-").ToLowerInvariant();

    [GeneratedRegex("(?<!^)(?=[A-Z])")]
    private static partial Regex Words();

    private static string Valid(string manifest) => Shape().IsMatch(manifest)
        ? manifest
        : throw new ArgumentException($"The manifest '{manifest}' is not of the form entity.fact.v1 (lower case, digits, '-', ending in a version).", nameof(manifest));

    [GeneratedRegex("^[a-z][a-z0-9-]*(\\.[a-z0-9-]+)*\\.v[0-9]+$")]
    private static partial Regex Shape();
}
