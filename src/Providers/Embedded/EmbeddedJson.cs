using System.Text.Json.Serialization;

namespace ControlPlane.Providers.Embedded;

/// <summary>The JSON inside the tables.</summary>
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
internal sealed partial class EmbeddedJson : JsonSerializerContext;
