using System.Text.Json.Serialization;

namespace ControlPlane.Actors.ReadModel;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class ReadModelJson : JsonSerializerContext;
