using System.Text.Json.Serialization.Metadata;
using Akka.Util;

namespace ControlPlane.Actors.Serialization;

public enum ManifestKind
{
    /// <summary>Written to the journal.</summary>
    Event,

    /// <summary>A form of an event, a message or a snapshot that another has followed: still read, and written where older nodes must read it.</summary>
    Former,

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
/// <param name="Upgrade">For a former form: what it means today.</param>
public sealed record Manifest(string Name, Type Type, JsonTypeInfo Json, ManifestKind Kind, Func<object, object>? Upgrade)
{
    /// <summary>For an envelope: the type of the fact in it that this manifest stands for.</summary>
    public Type? Fact { get; init; }

    /// <summary>For an envelope: reads the type of the fact in it.</summary>
    public Func<object, Type>? FactOf { get; init; }

    /// <summary>The first version of the program that reads this form.</summary>
    public AppVersion Since { get; init; } = Always;

    /// <summary>For a former form that is still written: what it is written for.</summary>
    public Stead? WrittenFor { get; init; }

    /// <summary>Of what every version of the program reads; older than any.</summary>
    public static AppVersion Always { get; } = AppVersion.Create("0.0.0");
}

/// <summary>What a former form is written for while older nodes must read it.</summary>
/// <param name="Of">The type, or the fact in its envelope, as it is today.</param>
/// <param name="Downgrade">From what it means today to what <see cref="Manifest.Json"/> writes.</param>
public sealed record Stead(Type Of, Func<object, object> Downgrade);
