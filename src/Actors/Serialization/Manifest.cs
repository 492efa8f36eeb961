using System.Text.Json.Serialization.Metadata;

namespace ControlPlane.Actors.Serialization;

public enum ManifestKind
{
    /// <summary>Written to the journal.</summary>
    Event,

    /// <summary>Once written to the journal, still read.</summary>
    OldEvent,

    /// <summary>Sent between entities.</summary>
    Message,

    /// <summary>Written to the snapshot store.</summary>
    Snapshot,
}

/// <summary>The name under which one type is stored or sent, and how it becomes JSON.</summary>
/// <param name="Name">Such as <c>instance.launched.v1</c>.</param>
/// <param name="Type">What it is read as.</param>
/// <param name="Json">Source generated; reflection is not used.</param>
/// <param name="Kind">Where it may stand.</param>
/// <param name="Upgrade">For an old event: what it means today.</param>
public sealed record Manifest(string Name, Type Type, JsonTypeInfo Json, ManifestKind Kind, Func<object, object>? Upgrade)
{
    /// <summary>For an envelope: the type of the fact in it that this manifest stands for.</summary>
    public Type? Fact { get; init; }

    /// <summary>For an envelope: reads the type of the fact in it.</summary>
    public Func<object, Type>? FactOf { get; init; }
}
